"""Assets: style sheets, the icon and the one script, read once from the template folders."""

import hashlib
import mimetypes
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

_FOLDER = "static"
_TEXT = {".css": "text/css; charset=utf-8", ".js": "text/javascript; charset=utf-8", ".svg": "image/svg+xml"}


@dataclass(frozen=True)
class Asset:
    """One file as it is served."""

    media_type: str
    body: bytes

    @cached_property
    def version(self) -> str:
        """Another one for another content."""
        return hashlib.sha256(self.body).hexdigest()[:12]


def load(template_folders: Sequence[Path]) -> dict[str, Asset]:
    """Path ("/static/site.css") to asset; where two folders have the same, the first wins."""
    found: dict[str, Asset] = {}
    for folder in template_folders:
        root = folder / _FOLDER
        for file in sorted(path for path in root.rglob("*") if path.is_file()):
            found.setdefault(f"/{_FOLDER}/{file.relative_to(root).as_posix()}", _asset(file))
    return found


def versions(assets: Mapping[str, Asset]) -> dict[str, str]:
    """Path to version."""
    return {path: asset.version for path, asset in assets.items()}


def _asset(file: Path) -> Asset:
    guessed = mimetypes.guess_type(file.name)[0] or "application/octet-stream"
    return Asset(_TEXT.get(file.suffix, guessed), file.read_bytes())
