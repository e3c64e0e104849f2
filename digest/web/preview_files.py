"""Preview files: the same views as on the preview's page, in a folder, to be opened without a server."""

from collections.abc import Callable, Generator, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from sqlalchemy import Connection

from digest.flow import compare as comparing
from digest.flow import preview as previews
from digest.flow.house import House
from digest.flow.preview import Preview, Reader
from digest.flow.unapplied import file_of, unapplied
from digest.flow.variants import Map, variants
from digest.model.finding import Finding
from digest.rendering.environment import render
from digest.rendering.fragments import one_line
from digest.storage import overrules
from digest.web import assets, folders, looking, sheets
from digest.web import preview_facts as facts
from digest.web.forcing import Mode
from digest.web.frame import Frame
from digest.web.looking import ALIKE, EVERYTHING_KEY, LANGUAGE, LETTERS, MODE, TOPIC, Look
from digest.web.preview_page import keys
from digest.web.preview_paths import compare_file, copy, page_file, pictures_of, raw_file, views

#: So many variants are written, the most read first, unless more are asked for.
MOST = 100
_STYLES = ("site.css", "preview.css")
#: What a page says on the server only, or the first page for all.
_NOT_IN_FILES: dict[str, Any] = {
    "unapplied": None,
    "findings": None,
    "told": None,
    "test": None,
    "others": [],
    "print": "",
}


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
    site: Path | None = None,
    progress: Callable[[], None] = lambda: None,
) -> int:
    """An issue's letters in every view: for a reader of everything, of each topic, and for each variant, up to `most`.

    Each is there in every language that there is a catalogue for. `index.html` lists them, with `findings` where there
    are any, and what of the newsletter's file in the folder `site` is not applied. Returns how many files. Raises
    UnknownName, BadTemplate, and SettingsRefused for a folder that holds something else.
    """
    folders.must_be_ours(folder)
    folder.mkdir(parents=True, exist_ok=True)
    folders.mark(folder)
    count = 0
    with house.store.read() as connection:
        preview = previews.preview(house, connection, issue_name)
        found = variants(connection, preview)
        written = _Written(connection, preview, found, most, _told(connection, preview, findings, site))
        for file in written.files():
            path = folder / file.path
            path.parent.mkdir(exist_ok=True)
            path.write_bytes(file.content)
            count += 1
            progress()
    return count


def _told(
    connection: Connection, preview: Preview, findings: Sequence[Finding] | None, site: Path | None
) -> dict[str, Any]:
    """What the first page says of the whole issue."""
    zone = preview.edition.publication.newsletter.zone
    overruled = overrules.in_force(connection, preview.issue)
    file = file_of(site, preview.issue.newsletter) if site and preview.issue.frozen_at is None else None
    said = unapplied(connection, preview.issue.newsletter, file) if file else None
    return {
        "findings": None if findings is None else facts.findings(findings, overruled, zone),
        "unapplied": facts.unapplied(said, shown=False),
        "schedule": facts.schedule(preview),
    }


class _Written:
    """The files of one issue."""

    def __init__(
        self,
        connection: Connection,
        preview: Preview,
        found: Map,
        most: int,
        told: dict[str, Any],
    ) -> None:
        self._connection, self._preview, self._house = connection, preview, preview.house
        self._map, self._told = found, told
        self._before = comparing.preview_before(self._house, connection, preview.issue)
        listed = found.variants[:most]
        self._readers: dict[str, Look] = {
            "everything": Look(reader=EVERYTHING_KEY),
            **{f"topic-{slug}": Look(reader=f"{TOPIC}{slug}") for slug in looking.topics_of(preview)},
            **{f"letter-{n:03}": Look(reader=f"{ALIKE}{each.key}") for n, each in enumerate(listed, 1)},
        }
        self._names = {look.reader: name for name, look in self._readers.items()}

    def files(self) -> Iterator[_File]:
        """All of them; the list of them last, so that it is there when all is."""
        loaded = assets.load(self._house.template_folders)
        for name in _STYLES:
            yield _File(name, loaded[f"/static/{name}"].body)
        samples, others = [], []
        for name, look in self._readers.items():
            shown = yield from self._in_every_language(name, look)
            if not name.startswith("letter-"):
                label = self._reader(look).label
                samples.append(self._listed(name, look, f"{label[:1].upper()}{label[1:]}", shown))
        for kind in LETTERS[1:]:
            look = Look(letter=kind)
            if (subject := (yield from self._in_every_language(kind, look))) is not None:
                others.append(self._listed(kind, look, subject, subject))
        yield self._index([("Readers only thought of", samples), ("Other letters", others)])

    def _in_every_language(self, name: str, look: Look) -> Generator[_File, None, str | None]:
        """The folders of a letter; what its subject is, None where there is none for this reader."""
        subject = None
        for folder, spoken in self._folders(name, look):
            who = self._reader(spoken)
            shown = sheets.sheet(self._house, self._connection, self._preview, who, spoken)
            if shown is not None:
                subject = subject or shown.subject
                yield from self._letter(folder, name, spoken, who, shown)
        return subject

    def _folders(self, name: str, look: Look) -> list[tuple[str, Look]]:
        """A folder for each language, the reader's own first."""
        own = self._own_language(look)
        others = [tag for tag in self._house.tongues.available if tag != own]
        return [(name, look), *((f"{name}-{tag}", replace(look, language=tag)) for tag in others)]

    def _own_language(self, look: Look) -> str:
        """The language in which a letter is written unless another is asked for."""
        newsletter = self._preview.edition.publication.newsletter.language
        reads = "" if look.letter != LETTERS[0] else self._reader(replace(look, language="")).language
        return self._house.tongues.nearest(reads, otherwise=newsletter)

    def _listed(self, name: str, look: Look, words: str, shown: object) -> tuple[str, str, list[tuple[str, str]]]:
        """A line of the first page: where it leads, its words, and the same in other languages."""
        if shown is None:
            return "", words, []
        named = dict(sheets.languages(self._house))
        folders = self._folders(name, look)
        others = [(named[spoken.language], f"{folder}/index.html") for folder, spoken in folders[1:]]
        return f"{folders[0][0]}/index.html", words, others

    def _reader(self, look: Look) -> Reader:
        return looking.reader(self._connection, self._preview, look)

    def _letter(self, folder: str, name: str, look: Look, who: Reader, shown: sheets.Sheet) -> Iterator[_File]:
        """A letter in every view, each a page of its own, in a folder of its own."""
        pictures = pictures_of(shown)
        compared = self._compared(who) if look.letter == LETTERS[0] else None
        for mode in Mode:
            for each in pictures:
                seen = replace(look, mode=mode, pictures=each)
                yield _File(f"{folder}/{raw_file(seen)}", copy(shown.html, seen))
        told = self._beside(look, who, shown, compared)
        for seen in views(look, pictures, headers=bool(shown.headers)):
            yield _File(f"{folder}/{page_file(seen)}", self._page(name, seen, shown, told))
        yield _File(f"{folder}/letter.txt", shown.text.encode())
        if shown.message:
            yield _File(f"{folder}/letter.eml", shown.message)
        if compared is not None:
            yield from self._comparison(folder, look, who, compared)

    def _beside(
        self, look: Look, who: Reader, shown: sheets.Sheet, compared: comparing.Comparison | None
    ) -> dict[str, Any]:
        """What all pages of a letter say of it."""
        links = [{"words": "As plain text", "href": "letter.txt", "note": "as a file"}]
        if compared is not None:
            compare = {"words": f"Compare with {compared.before.name}", "href": "compare-light.html"}
            links.append({**compare, "note": "what is new, what is gone"})
        found = facts.audience(self._connection, self._preview, shown.layout, self._map, lambda _: "")
        ours = look.letter == LETTERS[0]
        return {
            "who": who.label,
            "schedule": self._told["schedule"],
            "inbox": facts.inbox(self._preview, shown.sender, shown.subject, shown.preheader),
            "audience": found,
            "why": facts.why(self._connection, self._preview, shown.choice),
            "absent": looking.absent(self._connection, self._preview, who) if ours else [],
            "links": links,
        }

    def _page(self, name: str, seen: Look, shown: sheets.Sheet, told: dict[str, Any]) -> bytes:
        choices = self._choices(name, seen, pictures_of(shown))
        return self._render(
            "page",
            depth=1,
            look=seen,
            choices=choices,
            keys=keys(choices),
            letter=shown.facts() | sheets.view(shown, seen),
            src=raw_file(seen),
            eml="letter.eml",
            index="../index.html",
            **told,
        )

    def _choices(self, name: str, seen: Look, pictures: Sequence[str]) -> list[dict[str, Any]]:
        """What else there is to choose, as far as there are files for it."""
        without = {LANGUAGE, *(["Pictures"] if len(pictures) == 1 else []), *(["Width"] if seen.view == "text" else [])}
        groups = [g for g in sheets.choices(self._house, seen, page_file) if g["label"] not in without]
        asked = replace(seen, language="")
        folders = self._folders(name, asked)
        if len(folders) == 1:
            return groups
        named = dict(sheets.languages(self._house))
        tongues = [
            {
                "words": named[spoken.language or self._own_language(asked)],
                "href": f"../{folder}/{page_file(spoken)}",
                "chosen": spoken.language == seen.language,
                "key": "",
            }
            for folder, spoken in folders
        ]
        return [*groups, {"label": LANGUAGE, "choices": tongues}]

    def _compared(self, who: Reader) -> comparing.Comparison | None:
        if self._before is None:
            return None
        return comparing.beside(self._connection, self._preview, self._before, who)

    def _comparison(self, name: str, look: Look, who: Reader, found: comparing.Comparison) -> Iterator[_File]:
        for mode in Mode:
            seen = replace(look, mode=mode)
            if found.then:
                yield _File(f"{name}/before-{mode}.html", copy(found.then.html, seen))
            frames = [
                {"title": found.before.name, "src": f"before-{mode}.html" if found.then else ""},
                {"title": "This issue", "src": raw_file(seen) if found.now else ""},
            ]
            choices = [g for g in sheets.choices(self._house, seen, compare_file) if g["label"] == MODE]
            page = self._render(
                "compare",
                depth=1,
                look=seen,
                keys=keys(choices),
                who=who.label,
                before=found.before.name,
                comparison=sheets.comparison(found),
                choices=choices,
                frames=frames,
                back="index.html",
            )
            yield _File(f"{name}/{compare_file(seen)}", page)

    def _index(self, groups: list[tuple[str, list[tuple[str, str, list[tuple[str, str]]]]]]) -> _File:
        def href(key: str) -> str:
            name = self._names.get(f"{ALIKE}{key}", "")
            return f"{name}/index.html" if name else ""

        every = sheets.every_letter(self._preview, self._map, href)
        page = self._render("letters", depth=0, every=every, groups=groups, back="", **self._told)
        return _File("index.html", page)

    def _render(self, template: str, *, depth: int, **context: Any) -> bytes:
        content = self._preview.edition.content
        issue = {"name": self._preview.issue.name, "state": str(self._preview.issue.state)}
        issue["title"] = one_line(content.title)
        styles = tuple(f"{'../' * depth}{name}" for name in _STYLES)
        frame = Frame(title=f"{issue['title']}: preview", language="en-GB", styles=styles, icon="data:,")
        values = {"frame": frame, "issue": issue, "files": True, **_NOT_IN_FILES, **context}
        return render(self._house.templates, f"web/preview/{template}.html.j2", values).encode()
