"""Inspect: all checks that need no network, on an issue as it stands.

The same look for an editor who asks, for publishing, and for whoever wants to know why an issue waits. Blocks are
looked at once in each language, variants only for what differs between them: whether they can be made, and their size.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import lru_cache

from digest.errors import BadTemplate, SettingsRefused
from digest.flow.choose import room_in
from digest.flow.freeze import Edition
from digest.flow.house import House
from digest.flow.longest import longest_fields, longest_reader
from digest.flow.seal import sample
from digest.flow.spoken import OWN, Spoken
from digest.model.finding import Finding, Severity
from digest.rendering.checks import duties, introduction, leftovers, lines, links, size, styles
from digest.rendering.checks.contrast import poor_contrast
from digest.rendering.checks.pictures import missing_alt
from digest.rendering.checks.room import too_large
from digest.rendering.checks.sender import doubtful_sender
from digest.rendering.checks.sheet import Origin, Sheet, Spot, of_letters
from digest.rendering.variant import Layout, whole_issue
from digest.resources import folder
from digest.settings import TransportKind

RENDER = "render"
_ORDER = list(Severity)


@dataclass(frozen=True, slots=True, kw_only=True)
class Inspected:
    """What was seen."""

    #: The worst first.
    findings: tuple[Finding, ...]
    #: Bytes of the longest message; 0 where none could be made.
    largest: int
    #: The addresses that others answer for, each with the first place where it stands.
    links: Mapping[str, str]


@dataclass(slots=True)
class _Spoken:
    """The letters in one language."""

    edition: Edition
    layouts: list[Layout] = field(default_factory=list)


def inspect(house: House, spoken: Spoken, layouts: Iterable[Layout]) -> Inspected:
    """Look at an issue and at all letters it comes to; at all its pieces where it comes to none."""
    found: list[Finding] = []
    asked: dict[str, str] = {}
    largest = 0
    for part in _by_language(spoken, layouts):
        weighed, bad = _weighed(house, part)
        sheet = _sheet(house, part)
        found += [*bad, *_of_sheet(house, part, sheet)]
        largest = max(largest, weighed)
        asked = {url: spot.place for url, spot in links.to_ask(sheet, house.links.base).items()} | asked
    found += _sender(house, spoken.own)
    return Inspected(findings=in_order(found), largest=largest, links=asked)


def in_order(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """Each once, the worst first."""
    return tuple(sorted(dict.fromkeys(findings), key=lambda each: _ORDER.index(each.severity)))


def _by_language(spoken: Spoken, layouts: Iterable[Layout]) -> list[_Spoken]:
    found: dict[str, _Spoken] = {}
    for layout in {id(layout): layout for layout in layouts}.values():
        if layout.language not in found:
            found[layout.language] = _Spoken(spoken.edition(layout.language))
        found[layout.language].layouts.append(layout)
    return list(found.values()) or [_Spoken(spoken.edition(OWN))]


def _weighed(house: House, part: _Spoken) -> tuple[int, list[Finding]]:
    """The bytes of the longest message, and what is wrong with it or with letters that cannot be made."""
    edition = part.edition
    personal = longest_reader(house, edition)
    scale = size.Scale(edition.blocks, edition.headers, personal, longest_fields(house, edition, personal))
    best: tuple[int, Layout] | None = None
    bad: list[Finding] = []
    for layout in part.layouts or [_whole(edition)]:
        try:
            weight = scale.weigh(layout)
        except BadTemplate as problem:
            bad.append(_unmade(problem, layout))
            continue
        if best is None or weight > best[0]:
            best = (weight, layout)
    if best is None:
        return 0, bad
    try:
        largest = len(scale.message(best[1]))
    except BadTemplate as problem:
        return 0, [*bad, _unmade(problem, best[1])]
    if not part.layouts:
        return largest, bad  # nobody gets all of it
    budget = edition.publication.newsletter.selection.byte_budget
    too_long = size.too_long(size.Heaviest(size=largest, place=_named(best[1]), budget=budget))
    return largest, [*bad, *([too_long] if too_long else [])]


def _unmade(problem: BadTemplate, layout: Layout) -> Finding:
    remedy = problem.remedy or "Mend the template."
    return Finding(check=RENDER, severity=Severity.ERROR, place=_named(layout), what=problem.what, remedy=remedy)


def _named(layout: Layout) -> str:
    pieces = len(layout.item_ids)
    spoken = f" in {layout.language}" if layout.language else ""
    return f"the letter with {pieces} {'piece' if pieces == 1 else 'pieces'}{spoken}"


def _of_sheet(house: House, part: _Spoken, sheet: Sheet) -> Iterator[Finding]:
    edition = part.edition
    yield from links.bad_links(sheet, _shorteners())
    yield from introduction.strange_links(edition.issue.intro)
    yield from too_large(edition.content.articles, room_in(edition))
    yield from missing_alt(sheet)
    yield from poor_contrast(sheet)
    yield from leftovers.leftovers(sheet)
    yield from leftovers.left_in(edition.subject, Spot(place="the subject", origin=Origin.EDITOR))
    yield from styles.passed_over(sheet, styles.support(folder("config") / "mail-clients.toml"))
    yield from duties.neglected(
        duties.Letters(
            sheet=sheet,
            variants=tuple({frozenset(p.key for p in layout.parts) for layout in part.layouts}),
            brand=edition.content.brand,
            headers=_headers(house, edition),
        )
    )
    first = part.layouts[0] if part.layouts else _whole(edition)
    told = [lines.Lines(subject=x.subject, preheader=x.preheader, place=_named(x)) for x in _differing(part) or [first]]
    for each in told:
        yield from lines.poor_lines(each)


def _differing(part: _Spoken) -> list[Layout]:
    """One letter for each preheader there is; of very many some are enough."""
    return list({(x.subject, x.preheader): x for x in part.layouts}.values())[:200]


def _sheet(house: House, part: _Spoken) -> Sheet:
    edition = part.edition
    keys = {p.key for layout in part.layouts for p in layout.parts}
    values = {name: value for layout in part.layouts for p in layout.parts for name, value in p.values.items()}
    # The titles of items: what is wrong with them is found where they stand as a source's words.
    values["preheader"] = ""
    return Sheet(
        content=edition.content,
        blocks=of_letters(edition.blocks, keys) if keys else edition.blocks,
        values=longest_reader(house, edition) | values,
    )


def _whole(edition: Edition) -> Layout:
    return replace(whole_issue(edition.content, edition.phrases), subject=edition.subject)


def _headers(house: House, edition: Edition) -> dict[str, str]:
    own = {name.lower(): value for name, value in edition.headers.items()}
    return own | {"list-unsubscribe": f"<{house.links.unsubscribe('x')}>"}


def _sender(house: House, edition: Edition) -> Iterator[Finding]:
    newsletter = edition.publication.newsletter
    yield from doubtful_sender(newsletter.sender)
    try:
        signers = house.signers()
    except SettingsRefused as problem:
        # The keys may lie with whoever delivers, on another machine.
        what = f"The keys for signing cannot be read here: {problem.what}"
        yield Finding(
            check=duties.DKIM, severity=Severity.WARNING, place="[[mail.dkim]]", what=what, remedy=problem.remedy
        )
        return
    seal = sample(house, signers, newsletter)
    yield from duties.poorly_signed(
        duties.Signed(
            domain=seal.domain,
            domains=tuple(signer.domain for signer in signers),
            selectors=seal.selectors,
            missing=seal.missing,
            goes_out=house.settings.mail.transport is TransportKind.SMTP,
        )
    )


@lru_cache(maxsize=1)
def _shorteners() -> frozenset[str]:
    lines_ = (folder("config") / "link-shorteners.txt").read_text(encoding="utf-8").splitlines()
    return frozenset(line.strip() for line in lines_ if line.strip() and not line.startswith("#"))
