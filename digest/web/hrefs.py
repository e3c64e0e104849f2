"""Links between pages: absolute paths when they are served, relative ones when they lie in a folder."""

import posixpath
from collections.abc import Callable, Mapping
from urllib.parse import quote

#: From a page's path ("/archive/care-notes/") and where it leads ("/static/site.css") to what stands in the link.
Linker = Callable[[str, str], str]


def served(prefix: str = "", versions: Mapping[str, str] | None = None) -> Linker:
    """Links for a server whose pages begin at `prefix`; files bear their version, so that they can be kept for good."""
    known = versions or {}

    def link(_here: str, to: str) -> str:
        version = f"?v={known[to]}" if to in known else ""
        return f"{prefix}{_quoted(to)}{version}"

    return link


def in_folder(here: str, to: str) -> str:
    """Links that work from the file system and from a server alike."""
    path, hash_sign, fragment = to.partition("#")
    relative = posixpath.relpath(file_of(path), posixpath.dirname(file_of(here)))
    return f"{_quoted(relative)}{hash_sign}{fragment}"


def file_of(path: str) -> str:
    """The file, from the folder's root on, that holds the page of a path."""
    return f"{path}index.html" if path.endswith("/") else path


def _quoted(path: str) -> str:
    return quote(path, safe="/#-._~")
