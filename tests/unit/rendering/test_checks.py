"""The checks, each on a letter small enough to be seen through."""

import time
from collections.abc import Iterator
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from digest.errors import BadTemplate
from digest.model.finding import Finding, Severity
from digest.model.newsletter import Brand
from digest.rendering.blocks import Block, Slot
from digest.rendering.checks import duties, leftovers, lines, links, size, styles
from digest.rendering.checks.contrast import poor_contrast
from digest.rendering.checks.css import CLEAR, colour, declarations, rules
from digest.rendering.checks.pictures import missing_alt
from digest.rendering.checks.sheet import Sheet, Spot
from digest.rendering.headers import PersonalFields
from digest.rendering.variant import lay_out, whole_issue
from digest.resources import folder
from tests.unit.rendering.samples import CONTENT, PERSONAL, choice

TABLE = styles.support(folder("config") / "mail-clients.toml")
FIELDS = PersonalFields(
    to="priya@example.org",
    message_id="<1@news.example.org>",
    date="Sat, 21 Nov 2026 12:00:00 +0000",
    unsubscribe_url=PERSONAL["unsubscribe_url"],
    unsubscribe_mailbox="",
    delivery_id="1.1",
)


def sheet(**blocks: str) -> Sheet:
    """A letter of these blocks; "item_2" is the block "item:2:carers"."""
    named = {
        key.replace("item_", "item:") + (":carers" if "item_" in key else ""): html for key, html in blocks.items()
    }
    return Sheet(content=CONTENT, blocks={k: Block(k, (html,), ("",)) for k, html in named.items()}, values={})


def seen(found: Iterator[Finding]) -> list[tuple[str, str]]:
    """Check and severity."""
    return [(each.check, each.severity.value) for each in found]


# The sheet


def test_everything_knows_its_block() -> None:
    """Elements, texts and what follows a marker; style sheets are no text."""
    letter = sheet(
        top="<html><head><style>p {}</style></head><body><table><tr><td>", intro="<p>Hello</p>and", item_2="<b>x</b>"
    )

    told = {words.text: words.spot.place for words in letter.words}

    assert told == {
        "Hello": "the introduction",
        "and": "the introduction",
        "x": "First nights home: who checks, and when",
    }


def test_the_sample_has_no_errors(blocks: dict[str, Block]) -> None:
    """Nor warnings: our own template passes our own checks."""
    letter = Sheet(content=CONTENT, blocks=blocks, values=PERSONAL)
    found = [
        *links.bad_links(letter, ()),
        *missing_alt(letter),
        *poor_contrast(letter),
        *leftovers.leftovers(letter),
        *styles.passed_over(letter, TABLE),
    ]

    assert [f for f in found if f.severity is not Severity.NOTE] == []
    assert found  # Outlook passes over something in every letter


# Links


@pytest.mark.parametrize(
    ("html", "found"),
    [
        ('<a href="https://example.org/a">a</a>', []),
        ('<a href="mailto:a@example.org">a</a>', []),
        ('<a href="/news/1">a</a>', [("relative-link", "error")]),
        ('<a href="news.html">a</a>', [("relative-link", "error")]),
        ('<a href="//example.org/a">a</a>', [("relative-link", "error")]),
        ('<a href="#top">a</a>', [("relative-link", "warning")]),
        ('<a href="">a</a>', [("empty-link", "error")]),
        ('<a href="javascript:alert(1)">a</a>', [("strange-link", "error")]),
        ('<a href="file:///etc">a</a>', [("strange-link", "error")]),
        ('<a href="http://[">a</a>', [("strange-link", "error")]),
        ('<a href="https://short.example/x">a</a>', [("link-shortener", "warning")]),
        ('<a href="https://WWW.short.example/x">a</a>', [("link-shortener", "warning")]),
        ('<img src="data:image/png;base64,AAAA">', [("data-uri", "error")]),
        ('<p style="background: url(data:image/png;base64,AAAA)">a</p>', [("data-uri", "warning")]),
        ('<img src="logo.png">', [("relative-link", "error")]),
    ],
)
def test_links_that_lead_nowhere_from_a_mail_program(html: str, found: list[tuple[str, str]]) -> None:
    """Each with what is wrong."""
    assert seen(links.bad_links(sheet(intro=html), {"short.example"})) == found


def test_our_own_pages_are_not_asked() -> None:
    """Nor is any address twice, nor what is no page."""
    letter = sheet(
        intro='<a href="https://digest.example/archive/">a</a><a href="https://digest.example.org/x#a">b</a>',
        item_2='<a href="https://digest.example.org/x">b</a><a href="mailto:a@example.org">c</a>',
    )

    asked = links.to_ask(letter, "https://digest.example")

    assert {url: spot.place for url, spot in asked.items()} == {"https://digest.example.org/x": "the introduction"}


def test_the_shipped_lists_can_be_read() -> None:
    """And the shorteners are bare hosts."""
    text = (folder("config") / "link-shorteners.txt").read_text(encoding="utf-8")
    hosts = [line for line in text.splitlines() if not line.startswith("#")]

    assert len(hosts) == len(set(hosts)) > 20
    assert all("/" not in host and "." in host for host in hosts)


# Pictures


@pytest.mark.parametrize(
    ("html", "found"),
    [
        ('<img src="https://e.org/a.png" alt="Two people at a table">', []),
        ('<img src="https://e.org/a.png" alt="">', []),
        ('<img src="https://e.org/a.png">', [("missing-alt", "warning")]),
        ('<a href="https://e.org"><img src="https://e.org/a.png" alt=""></a>', [("missing-alt", "error")]),
        ('<a href="https://e.org"><img src="https://e.org/a.png"> Read on</a>', [("missing-alt", "warning")]),
        ('<a href="https://e.org"><img src="https://e.org/a.png" alt="Read on"></a>', []),
    ],
)
def test_pictures_say_in_words_what_they_say(html: str, found: list[tuple[str, str]]) -> None:
    """A link that is nothing but a picture must."""
    assert seen(missing_alt(sheet(intro=html))) == found


# Contrast


@pytest.mark.parametrize(
    ("html", "modes"),
    [
        ('<p style="color:#000">a</p>', []),
        ('<p style="color:#999">a</p>', ["light", "dark"]),
        ('<p style="color:#999;font-size:26px;font-weight:700">a</p>', ["light", "dark"]),
        ('<p style="color:#888;font:700 26px/30px Arial">a</p>', []),
        ('<p style="color:#888;font-size:20px">a</p>', ["light", "dark"]),
        ('<div style="background:#000"><p style="color:white">a</p></div>', []),
        ('<table bgcolor="#000000"><tr><td>a</td></tr></table>', ["light", "dark"]),
        ('<p style="color:#fff;display:none">a</p>', []),
        ('<p style="color:#fff;background:#000 url(a.png)">a</p>', []),
        ('<p style="color:#fff !important;color:#000">a</p>', ["light", "dark"]),
        ('<p class="soft">a</p>', ["dark"]),
        ('<p class="soft" style="color:#000 !important">a</p>', []),
        ('<div class="night"><p style="color:#111">a</p></div>', ["dark"]),
    ],
)
def test_text_that_cannot_be_told_from_its_ground(html: str, modes: list[str]) -> None:
    """In light and in dark, as the cascade has it."""
    css = (
        "@media (prefers-color-scheme: dark) { .soft { color: #ddd !important; } .night { background: #111 } }"
        "@media (max-width: 500px) { p { color: #fff !important } } [data-ogsc] p { color: #fff !important }"
    )
    letter = sheet(top=f"<html><head><style>{css}</style></head><body>", intro=html)

    found = list(poor_contrast(letter))

    assert [mode for mode in ("light", "dark") for f in found if f"in {mode} mode" in f.what] == modes


def test_what_nobody_sees_is_an_error_and_each_pair_is_told_once() -> None:
    """White on white, three times."""
    found = list(poor_contrast(sheet(intro='<p style="color:#fff">a</p>' * 3)))

    assert seen(iter(found)) == [("contrast", "error")] * 2
    assert "1.0 to 1" in found[0].what


# CSS


@pytest.mark.parametrize(
    ("value", "found"),
    [
        ("#FFF".lower(), "#ffffff"),
        ("1px solid #0a0b0c", "#0a0b0c"),
        ("rgb(1, 2, 3)", "#010203"),
        ("rgba(0,0,0,0)", CLEAR),
        ("rgba(0,0,0,.5)", None),
        ("rgb(0 0 0 / 1.2.3)", None),
        ("transparent", CLEAR),
        ("navy", "#000080"),
        ("var(--x)", None),
    ],
)
def test_colours_are_read(value: str, found: str | None) -> None:
    """Those that letters hold; None for those that we cannot tell."""
    assert colour(value) == found


def test_rules_are_read_with_what_stands_around_them() -> None:
    """Also @import, which has no block, and what is broken off."""
    css = (
        "@import url(a.css); /* x { y } */ p, a { color: red; margin: 0 } @media (a) { b { c: d !important } } q { r: s"
    )

    found = list(rules(css))

    assert [(r.around, r.selector) for r in found if r.selector or r.around] == [
        (("@import url(a.css)",), ""),
        ((), "p, a"),
        (("@media (a)",), "b"),
        (("@media (a)",), ""),
    ]
    assert found[2].declarations == declarations("c: d !important")


@given(st.text(alphabet="{};:@/*!#p.a(\"' \n", max_size=200))
def test_no_style_sheet_makes_the_checks_stumble(css: str) -> None:
    """Whatever a template holds."""
    letter = sheet(
        top=f"<html><head><style>{css}</style></head><body>", intro=f'<p style="{css.replace(chr(34), "")}">a</p>'
    )

    list(poor_contrast(letter)), list(styles.passed_over(letter, TABLE))


@pytest.mark.parametrize("css", ["{" * 100_000, "/*" * 100_000, "a{b:" * 50_000, "@media(" * 50_000, "rgb(" * 50_000])
def test_a_hostile_style_sheet_costs_its_length(css: str) -> None:
    """Not the square of it."""
    began = time.monotonic()

    list(rules(css)), colour(css)

    assert time.monotonic() - began < 2


# What mail programs know


def test_what_the_layout_rests_on_is_a_warning_and_fine_points_are_a_note_for_each_program() -> None:
    """With the programs that do not know it, by name."""
    found = list(
        styles.passed_over(sheet(intro='<div style="display:flex;border-radius:4px;opacity:.5">a</div>'), TABLE)
    )
    outlook = [f for f in found if f.place == "Outlook for Windows"]

    assert [f.what for f in found if f.severity is Severity.WARNING] == [
        "display: flex is unknown to Outlook for Windows."
    ]
    assert [f.what for f in outlook] == ["It passes over border-radius, opacity."]


def test_elements_and_rules_are_known_too() -> None:
    """Forms and films, @import and :hover; not what only some screens see."""
    css = "@import url(a.css); a:hover { color: red } @media (max-width: 9px) { p { display: grid } }"
    found = list(
        styles.passed_over(sheet(top=f"<html><head><style>{css}</style></head><body>", intro="<video></video>"), TABLE)
    )

    warned = " ".join(f.what for f in found if f.severity is Severity.WARNING)
    assert "<video>" in warned
    assert "@import" in warned
    assert "grid" not in warned
    assert any(":hover" in f.what for f in found)


def test_the_table_names_its_programs() -> None:
    """Each of those that lack something is one of those it knows; what breaks a layout is lacked by somebody."""
    assert {client for clients in TABLE.lacking.values() for client in clients} == set(TABLE.clients)
    assert TABLE.breaks <= set(TABLE.lacking)


# Leftovers


@pytest.mark.parametrize(
    "text",
    [
        "Hello {{ name }}",
        "{% if x %}",
        "Dear *|FNAME|*",
        "%(count)s new",
        "Lorem ipsum dolor",
        "TK",
        "More TK here",
        "TODO: ask Ruth",
        "[insert date]",
        "XXX",
        "PLACEHOLDER",
    ],
)
def test_what_was_to_be_filled_in_is_found(text: str) -> None:
    """An error in the editors' words, a warning in those of a source."""
    ours, theirs = sheet(intro=f"<p>{text}</p>"), sheet(item_2=f"<p>{text}</p>")

    assert seen(leftovers.leftovers(ours)) == [("leftover", "error")]
    assert seen(leftovers.leftovers(theirs)) == [("leftover", "warning")]


@pytest.mark.parametrize(
    "text", ["TK Maxx opens", "todo lists help", "AT&TK", "a {single} brace", "[Ruth], 2026", "50%"]
)
def test_what_only_looks_like_it_is_left(text: str) -> None:
    """Words that people write."""
    assert seen(leftovers.leftovers(sheet(intro=f"<p>{text.replace('&', '&amp;')}</p>"))) == []


def test_the_text_part_is_read_too() -> None:
    """Its template is another."""
    letter = Sheet(content=CONTENT, blocks={"intro": Block("intro", ("<p>a</p>",), ("{{ x }}",))}, values={})

    assert seen(leftovers.leftovers(letter)) == [("leftover", "error")]


# Subject and preheader


@pytest.mark.parametrize(
    ("subject", "preheader", "found"),
    [
        ("Care Notes, November", "First nights home: who checks, and when", []),
        ("", "First nights home: who checks, and when", [("subject", "error")]),
        ("x " * 30, "First nights home: who checks, and when", [("subject", "note")]),
        ("x " * 60, "First nights home: who checks, and when", [("subject", "warning")]),
        ("Re: Care Notes", "First nights home: who checks, and when", [("subject", "warning")]),
        ("CARE NOTES NOVEMBER", "First nights home: who checks, and when", [("subject", "warning")]),
        ("Wait!!", "First nights home: who checks, and when", [("subject", "warning")]),
        ("Care Notes, November", "", [("preheader", "warning")]),
        ("Care Notes, November", "care notes, November", [("preheader", "warning")]),
        ("Care Notes, November", "Short", [("preheader", "note")]),
        ("日本語の件名です、長くても大丈夫", "First nights home: who checks, and when", []),
    ],
)
def test_lines(subject: str, preheader: str, found: list[tuple[str, str]]) -> None:
    """What a list of letters shows."""
    assert seen(lines.poor_lines(lines.Lines(subject=subject, preheader=preheader, place="all"))) == found


# Duties


def letters(
    blocks: dict[str, Block], *, keys: frozenset[str] | None = None, postal: str = "12 Quay Street"
) -> duties.Letters:
    """Letters with all these blocks, or some."""
    return duties.Letters(
        blocks=blocks,
        variants=(frozenset(blocks) if keys is None else keys,),
        brand=Brand(postal_address=postal),
        headers={"list-unsubscribe": "<https://e.org/u/1>", "list-unsubscribe-post": "List-Unsubscribe=One-Click"},
    )


GOOD = Block(
    "footer",
    ("<a href='", Slot("unsubscribe_url"), "'>x</a> 12 Quay&nbsp;Street".replace("&nbsp;", " ")),
    (Slot("unsubscribe_url"), "12 Quay\nStreet"),
)


def test_a_letter_with_a_way_out_and_an_address_has_done_its_duty() -> None:
    """However the address is wrapped."""
    assert seen(duties.neglected(letters({"footer": GOOD}))) == []


def test_a_variant_without_the_footer_is_found() -> None:
    """In both parts, for both duties."""
    found = seen(
        duties.neglected(letters({"top": Block("top", ("a",), ("a",)), "footer": GOOD}, keys=frozenset({"top"})))
    )

    assert sorted(found) == [("postal-address", "error")] * 2 + [("unsubscribe", "error")] * 2


def test_a_newsletter_without_an_address_is_warned_of() -> None:
    """Not every country asks for one."""
    assert seen(duties.neglected(letters({"footer": GOOD}, postal=""))) == [("postal-address", "warning")]


def test_one_click_needs_both_headers_and_https() -> None:
    """RFC 8058."""
    whole = letters({"footer": GOOD})

    assert seen(duties.neglected(replace(whole, headers={}))) == [("unsubscribe", "error")]
    plain = {**whole.headers, "list-unsubscribe": "<http://e.org/u>"}
    assert seen(duties.neglected(replace(whole, headers=plain))) == [("unsubscribe", "warning")]


@pytest.mark.parametrize(
    ("changes", "found"),
    [
        ({}, []),
        ({"selectors": (), "domains": ()}, [("dkim", "warning")]),
        ({"selectors": (), "domains": ("other.example",)}, [("dkim", "error")]),
        ({"selectors": (), "domains": ("other.example",), "goes_out": False}, []),
        ({"missing": ("List-Unsubscribe",)}, [("dkim", "error")]),
    ],
)
def test_a_signature_speaks_for_the_sender(changes: dict[str, object], found: list[tuple[str, str]]) -> None:
    """A key of another domain does not."""
    good = duties.Signed(domain="e.org", domains=("e.org",), selectors=("s",), missing=(), goes_out=True)

    assert seen(duties.poorly_signed(replace(good, **changes))) == found  # type: ignore[arg-type]


# Size


@pytest.mark.parametrize(
    "pieces",
    [
        [],
        [(2, "carers")],
        [
            (1, None),
            (2, "carers"),
            (4, "safeguarding"),
            (5, "budgets"),
            (6, "integration"),
            (7, "budgets"),
            (8, "carers"),
        ],
    ],
)
@pytest.mark.parametrize(
    "subject", ["Care Notes", "Pflege für Ältere: was im November neu war, und was davon hilft" * 2]
)
def test_a_letter_weighs_what_its_message_weighs(
    blocks: dict[str, Block], pieces: list[tuple[int, str | None]], subject: str
) -> None:
    """To the byte: the sum of the parts is the message."""
    layout = replace(lay_out(choice(*pieces, more=3), CONTENT, topics=None), subject=subject)
    scale = size.Scale(blocks, {"From": "a@example.org"}, PERSONAL, FIELDS)

    assert scale.weigh(layout) == scale.weigh(layout) == len(scale.message(layout))


def test_the_whole_issue_weighs_what_it_is(blocks: dict[str, Block]) -> None:
    """With more than nine links, whose numbers have two digits."""
    layout = whole_issue(CONTENT)
    scale = size.Scale(blocks, {"From": "a@example.org"}, PERSONAL, FIELDS)

    assert scale.weigh(layout) == len(scale.message(layout))


def test_a_letter_that_cannot_be_made_is_told(blocks: dict[str, Block]) -> None:
    """A block that is not there, a slot that nobody fills."""
    layout = lay_out(choice((2, "carers")), CONTENT, topics=None)
    lost = {key: block for key, block in blocks.items() if key != "footer"}
    strange = {**blocks, "footer": Block("footer", (Slot("shoe_size"),), ())}

    with pytest.raises(BadTemplate, match="no block footer"):
        size.Scale(lost, {}, PERSONAL, FIELDS).weigh(layout)
    with pytest.raises(BadTemplate, match="shoe_size"):
        size.Scale(strange, {}, PERSONAL, FIELDS).weigh(layout)


@pytest.mark.parametrize(
    ("bytes_", "budget", "severity"),
    [(102_000, 100_000, None), (102_001, 100_000, "error"), (102_001, 300_000, "warning")],
)
def test_gmail_clips(bytes_: int, budget: int, severity: str | None) -> None:
    """Whoever asked for longer letters is only reminded."""
    found = size.too_long(size.Heaviest(size=bytes_, place="the letter", budget=budget))

    assert (found.severity if found else None) == severity


def test_a_spot_is_told_in_the_words_of_editors() -> None:
    """Titles and names, not keys."""
    letter = sheet(top="<p>a</p>")

    assert letter.spot("note:1").place == "Tell us what your team needs from research next year"
    assert letter.spot("contents-topic:carers").place == "Unpaid carers"
    assert letter.spot("footer").place == "the template, block “footer”"
    assert isinstance(letter.spot("item:99:x"), Spot)
