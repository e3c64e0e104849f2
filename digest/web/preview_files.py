"""Preview files: the same views as on the preview's page, in a folder, to be opened without a server."""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from sqlalchemy import Connection

from digest.flow import compare as comparing
from digest.flow import preview as previews
from digest.flow.house import House
from digest.flow.preview import Preview, Reader
from digest.flow.variants import Map, variants
from digest.model.finding import Finding
from digest.rendering.environment import render
from digest.rendering.fragments import one_line
from digest.web import assets, looking, sheets
from digest.web.forcing import Mode
from digest.web.frame import Frame
from digest.web.looking import ALIKE, EVERYTHING_KEY, LETTERS, PICTURES, TOPIC, VIEWS, WIDTHS, Look

#: So many variants are written, the most read first, unless more are asked for.
MOST = 100
_STYLES = ("site.css", "preview.css")
_HEAD = re.compile(r"<head\b[^>]*>", re.IGNORECASE)
#: In a folder no header can keep scripts out and pictures off.
_POLICY = "default-src 'none'; img-src {pictures}; style-src 'unsafe-inline'"
_SOURCES = {"shown": "https: data:", "off": "'none'"}


@dataclass(frozen=True, slots=True)
class _File:
    """One file, with its path from the folder's root."""

    path: str
    content: bytes


def write_files(
    house: House,
    issue_name: str,
    folder: Path,
    *,
    most: int = MOST,
    findings: Sequence[Finding] | None = None,
    progress: Callable[[], None] = lambda: None,
) -> int:
    """An issue's letters in every view: for a reader of everything, of each topic, and for each variant, up to `most`.

    `index.html` lists them, with `findings` where there are any. Returns how many files. Raises UnknownName,
    BadTemplate.
    """
    folder.mkdir(parents=True, exist_ok=True)
    count = 0
    with house.store.read() as connection:
        preview = previews.preview(house, connection, issue_name)
        found = variants(connection, preview)
        written = _Written(connection, preview, found, most, findings)
        for file in written.files():
            path = folder / file.path
            path.parent.mkdir(exist_ok=True)
            path.write_bytes(file.content)
            count += 1
            progress()
    return count


class _Written:
    """The files of one issue."""

    def __init__(
        self,
        connection: Connection,
        preview: Preview,
        found: Map,
        most: int,
        findings: Sequence[Finding] | None,
    ) -> None:
        self._connection, self._preview, self._house = connection, preview, preview.house
        self._map, self._findings = found, findings
        listed = found.variants[:most]
        self._readers: dict[str, Look] = {
            "everything": Look(reader=EVERYTHING_KEY),
            **{f"topic-{slug}": Look(reader=f"{TOPIC}{slug}") for slug in looking.topics_of(preview)},
            **{f"letter-{n:03}": Look(reader=f"{ALIKE}{each.key}") for n, each in enumerate(listed, 1)},
        }
        self._names = {look.reader: name for name, look in self._readers.items()}

    def files(self) -> Iterator[_File]:
        """All of them; the list of them last, so that it is there when all is."""
        samples, others = [], []
        loaded = assets.load(self._house.template_folders)
        for name in _STYLES:
            yield _File(name, loaded[f"/static/{name}"].body)
        for name, look in self._readers.items():
            who = looking.reader(self._connection, self._preview, look)
            shown = sheets.sheet(self._house, self._connection, self._preview, who, look)
            if not name.startswith("letter-"):
                label = f"{who.label[:1].upper()}{who.label[1:]}"
                samples.append((f"{name}/index.html" if shown else "", label))
            if shown is not None:
                yield from self._letter(name, look, who, shown)
        for kind in LETTERS[1:]:
            look = Look(letter=kind)
            notice = sheets.sheet(self._house, self._connection, self._preview, self._reader(look), look)
            if notice is not None:
                others.append((f"{kind}/index.html", notice.subject))
                yield from self._letter(kind, look, self._reader(look), notice)
        yield self._index([("Readers only thought of", samples), ("Other letters", others)])

    def _reader(self, look: Look) -> Reader:
        return looking.reader(self._connection, self._preview, look)

    def _letter(self, name: str, look: Look, who: Reader, shown: sheets.Sheet) -> Iterator[_File]:
        """A letter in every view, each a page of its own, in a folder of its own."""
        pictures = PICTURES if "<img" in shown.html else PICTURES[:1]
        absent = looking.absent(self._connection, self._preview, who) if look.letter == LETTERS[0] else []
        compared = self._compared(who) if look.letter == LETTERS[0] else None
        for mode in Mode:
            for each in pictures:
                seen = replace(look, mode=mode, pictures=each)
                yield _File(f"{name}/{_raw(seen)}", _copy(shown.html, seen))
        for seen in _views(look, pictures, headers=bool(shown.headers)):
            yield self._page(name, seen, who, shown, absent, compared)
        yield _File(f"{name}/letter.txt", shown.text.encode())
        if shown.message:
            yield _File(f"{name}/letter.eml", shown.message)
        if compared is not None:
            yield from self._comparison(name, look, who, compared)

    def _page(
        self,
        name: str,
        seen: Look,
        who: Reader,
        shown: sheets.Sheet,
        absent: list[dict[str, object]],
        compared: comparing.Comparison | None,
    ) -> _File:
        pictures = PICTURES if "<img" in shown.html else PICTURES[:1]
        groups = [g for g in sheets.choices(self._house, seen, _page_file) if g["label"] != "Language"]
        if seen.view != VIEWS[0]:
            groups = groups[:1]
        elif len(pictures) == 1:
            groups = [g for g in groups if g["label"] != "Pictures"]
        links = [{"words": "As plain text", "href": "letter.txt", "note": "as a file"}]
        if compared is not None:
            compare = {"words": f"Compare with {compared.before.name}", "href": "compare-light.html"}
            links.append({**compare, "note": "what is new, what is gone"})
        page = self._render(
            "page",
            depth=1,
            look=seen,
            who=who.label,
            choices=groups,
            letter=shown.facts() | sheets.view(shown, seen),
            src=_raw(seen),
            eml="letter.eml",
            print="",
            absent=absent,
            links=links,
            others=[],
            test=None,
            findings=None,
            told=None,
            index="../index.html",
        )
        return _File(f"{name}/{_page_file(seen)}", page)

    def _compared(self, who: Reader) -> comparing.Comparison | None:
        return comparing.compare(self._house, self._connection, self._preview, who)

    def _comparison(self, name: str, look: Look, who: Reader, found: comparing.Comparison) -> Iterator[_File]:
        for mode in Mode:
            seen = replace(look, mode=mode)
            if found.then:
                yield _File(f"{name}/before-{mode}.html", _copy(found.then.html, seen))
            frames = [
                {"title": found.before.name, "src": f"before-{mode}.html" if found.then else ""},
                {"title": "This issue", "src": _raw(seen) if found.now else ""},
            ]
            page = self._render(
                "compare",
                depth=1,
                look=seen,
                who=who.label,
                before=found.before.name,
                comparison=sheets.comparison(found),
                choices=[g for g in sheets.choices(self._house, seen, _compare_file) if g["label"] == "Light or dark"],
                frames=frames,
                back="index.html",
            )
            yield _File(f"{name}/{_compare_file(seen)}", page)

    def _index(self, groups: list[tuple[str, list[tuple[str, str]]]]) -> _File:
        def href(key: str) -> str:
            name = self._names.get(f"{ALIKE}{key}", "")
            return f"{name}/index.html" if name else ""

        every = sheets.every_letter(self._preview, self._map, href)
        found = None if self._findings is None else sheets.findings(self._findings)
        page = self._render("letters", depth=0, every=every, groups=groups, back="", findings=found)
        return _File("index.html", page)

    def _render(self, template: str, *, depth: int, **context: Any) -> bytes:
        content = self._preview.edition.content
        issue = {"name": self._preview.issue.name, "state": str(self._preview.issue.state)}
        issue["title"] = one_line(content.title)
        styles = tuple(f"{'../' * depth}{name}" for name in _STYLES)
        frame = Frame(title=f"{issue['title']}: preview", language="en-GB", styles=styles, icon="data:,")
        values = {"frame": frame, "issue": issue, "unapplied": "", "files": True, **context}
        return render(self._house.templates, f"web/preview/{template}.html.j2", values).encode()


def _views(look: Look, pictures: Sequence[str], *, headers: bool) -> Iterator[Look]:
    for width in WIDTHS:
        for mode in Mode:
            for each in pictures:
                yield replace(look, width=width, mode=mode, pictures=each)
    for view in VIEWS[1:]:
        if view != "headers" or headers:
            yield replace(look, view=view)


def _page_file(look: Look) -> str:
    """The page of a look; that of the usual one is the folder's first."""
    if look.view != VIEWS[0]:
        return f"{look.view}.html"
    usual = Look(reader=look.reader, topics=look.topics, letter=look.letter)
    return "index.html" if look == usual else f"{look.width}-{look.mode}{_off(look)}.html"


def _compare_file(look: Look) -> str:
    return f"compare-{look.mode}.html"


def _raw(look: Look) -> str:
    return f"letter-{look.mode}{_off(look)}.html"


def _off(look: Look) -> str:
    return "-no-pictures" if look.pictures == "off" else ""


def _copy(html: str, look: Look) -> bytes:
    policy = _POLICY.format(pictures=_SOURCES[look.pictures])
    meta = f'<meta http-equiv="Content-Security-Policy" content="{policy}">'
    return _HEAD.sub(lambda head: f"{head[0]}{meta}", sheets.copy(html, look), count=1).encode()
