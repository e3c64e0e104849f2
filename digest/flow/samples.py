"""Samples: what the files that come with the program are filled with, and what therefore is nobody's own."""

import tomllib
from functools import lru_cache

from digest.resources import folder

#: RFC 2606 and 6761: names that are kept for examples, and lead nowhere.
_DOMAINS = ("example.org", "example.com", "example.net")
_ENDINGS = ("example", "test", "invalid")


def is_for_examples(address: str) -> bool:
    """Whether a mail address, a domain or an address of the web has a name that is kept for examples."""
    after = address.partition("://")[2] or address
    host = after.partition("/")[0].rpartition("@")[2].partition(":")[0].strip().lower().rstrip(".")
    return host.rpartition(".")[2] in _ENDINGS or any(host == d or host.endswith(f".{d}") for d in _DOMAINS)


@lru_cache(maxsize=1)
def postal_addresses() -> frozenset[str]:
    """Those of the newsletters that come with the program."""
    files = (folder("config") / "newsletters").glob("*.toml")
    brands = (tomllib.loads(file.read_text(encoding="utf-8")).get("brand", {}) for file in files)
    return frozenset(brand["postal_address"] for brand in brands if brand.get("postal_address"))
