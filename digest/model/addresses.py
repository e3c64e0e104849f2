"""Addresses: whether two of them lead to one page, however each is written."""


def one_spelling(address: str) -> str:
    """The same for all addresses that lead to one page: by https, without “www.” and without final slashes.

    What is no web address is given back unchanged. It is there to compare by; nobody should be sent to it.
    """
    scheme, parted, rest = address.partition("://")
    if not parted or scheme not in ("http", "https"):
        return address
    return f"https://{rest.removeprefix('www.').rstrip('/')}"


def spellings(address: str) -> tuple[str, ...]:
    """The address as it is written and as it may have been before its site moved from http to https, or back."""
    scheme, _, rest = address.partition("://")
    other = {"http": "https", "https": "http"}.get(scheme)
    return (address, f"{other}://{rest}") if other else (address,)
