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
from digest.rendering.checks.colours import CLEAR, colour
from digest.rendering.checks.contrast import poor_contrast
from digest.rendering.checks.css import declarations, rules
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
    assert found  # Outlook ignores something in every letter


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
        ('<a href="https://short.example./x">a</a>', [("link-shortener", "warning")]),
        ('<a href="https://short.example@evil.example/">a</a>', [("disguised-link", "error")]),
        ('<a href="https://me:secret@example.org/">a</a>', [("disguised-link", "error")]),
        ('<a href="http:///p">a</a>', [("strange-link", "error")]),
        ('<a href="https://">a</a>', [("strange-link", "error")]),
        ('<a href="mailto:">a</a>', [("empty-link", "error")]),
        ('<a href="mailto:?subject=x">a</a>', [("empty-link", "error")]),
        ('<a href="tel:">a</a>', [("empty-link", "error")]),
    ],
)
def test_links_that_lead_nowhere_from_a_mail_program(html: str, found: list[tuple[str, str]]) -> None:
    """Each with what is wrong."""
    assert seen(links.bad_links(sheet(intro=html), {"short.example"})) == found


@pytest.mark.parametrize(
    ("words", "address", "misleads"),
    [
        ("https://bank.example/login", "https://evil.example/login", True),
        ("www.bank.example", "https://evil.example/", True),
        ("<b>bank</b>.example/login", "https://evil.example/", True),
        ("bank.com", "https://bank.com.evil.example/", True),
        ("https://bank.example/login", "https://bank.example/", False),
        ("www.bank.example", "https://bank.example/", False),
        ("bank.org", "https://news.bank.org/1", False),
        ("news.bank.org.", "https://bank.org", False),
        ("report.pdf", "https://evil.example/", False),
        ("Node.js", "https://evil.example/", False),
        ("Read on at bank.example", "https://evil.example/", False),
        ("page", "https://xn--pple-43d.example/", True),  # a Cyrillic letter among Latin ones
        ("page", "https://\u0440\u0430\u0443\u0440\u0430l.example/", True),
        ("page", "https://xn--80ak6aa92e.com/", True),  # all Cyrillic, all like Latin
        ("page", "https://b\u00fccher.example/", False),
        ("page", "https://\u043f\u0440\u0430\u0432\u0434\u0430.com/", False),
        ("page", "https://\u0441\u0430\u0445\u0430\u0440.\u0440\u0444/", False),
        ("page", "https://\u65e5\u672c\u30c6\u30ec\u30d3tv.example/", False),
        ("page", "https://xn--" + "9" * 5_000 + ".example/", False),
    ],
)
def test_links_that_lead_elsewhere_than_they_say_or_seem_to(words: str, address: str, misleads: bool) -> None:
    """By words that are an address of another host, and by letters that look like others."""
    found = seen(links.bad_links(sheet(intro=f'<p><a href="{address}">{words}</a></p>'), ()))

    assert found == [("misleading-link", "warning")] * misleads


def test_a_link_that_nobody_can_be_asked_for_is_not_asked() -> None:
    """It has an error of its own already."""
    letter = sheet(intro='<a href="http:///p">a</a><a href="https://a@example.org/">b</a><a href="http://[">c</a>')

    assert list(links.to_ask(letter, "https://digest.example")) == ["http://["]


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
        ('<p style="color:transparent">a</p>', []),
        ('<p style="color:light-dark(#fff,#000)">a</p>', []),
        ('<p style="color:#fff;background:#fff;background-color:var(--x,#fff)">a</p>', []),
        ('<p style="color:hsl(0,0%,90%)">a</p>', ["light", "dark"]),
        ('<div style="font-size:0"><p style="color:#999;font-size:16px">a</p></div>', ["light", "dark"]),
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
        ("var(--x, #fff)", None),
        ("light-dark(#fff, #000)", None),
        ("color-mix(in srgb, red, blue)", None),
        ("oklch(1 0 0)", None),
        ("#0000", CLEAR),
        ("#abcf", "#aabbcc"),
        ("#01020380", None),
        ("#010203ff", "#010203"),
        ("#12345", None),
        ("rgb(100% 0% 50%)", "#ff0080"),
        ("rgb(300, -5, 1e2)", "#ff0064"),
        ("rgb(1 2 3 / 100%)", "#010203"),
        ("rgb(nan, 0, 0)", None),
        ("hsl(120, 100%, 25%)", "#008000"),
        ("hsl(0.5turn 100% 50%)", "#00ffff"),
        ("hsla(210deg, 50%, 40%, 1)", "#336699"),
        ("hsl(0 0% 0% / 0)", CLEAR),
        ("rebeccapurple", "#663399"),
        ("lightslategrey", "#778899"),
        ("none", CLEAR),
        ("none #0a0b0c", "#0a0b0c"),
        ("url(#fff) no-repeat", None),
        ("#0a0b0c url( a.png ) no-repeat", "#0a0b0c"),
        ("inherit", None),
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


HOSTILE = ["{", "/*", "a{b:", "@media(", "rgb(", "rgb(1,", "url(", "a-", "1", "1.", "'", "hsl(1 ", "#", "( "]


@pytest.mark.parametrize("css", [*(each * 50_000 for each in HOSTILE), "@media{" * 10_000 + "}" * 10_000])
def test_a_hostile_style_sheet_costs_its_length(css: str) -> None:
    """Not the square of it."""
    letter = sheet(intro=f'<p style="margin:{css}">a</p>', top=f"<style>{css}</style>")
    began = time.process_time()

    list(rules(css)), colour(css), list(styles.passed_over(letter, TABLE)), list(poor_contrast(letter))

    assert time.process_time() - began < 2


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
    assert [f.what for f in outlook] == ["It ignores border-radius, opacity."]


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
        "<b>TODO</b>",
        "TKTK on this",
        "TODO: ask Ruth",
        "<b>todo</b>: ask Ruth",
        "Ruth says [TBC].",
        "See [TODO: page] there",
        "[insert date]",
        "on (insert date) in Leeds",
        "Hello [First name],",
        "Hello [firstname],",
        "XXX",
        "PLACEHOLDER",
        "Dear {first_name}",
        "Dear {<b>first_name</b>}",
        "Dear {name}",
        "Dear ${name}",
        "Dear &lt;%= name %&gt;",
        "Dear %FIRSTNAME%",
        "Dear %recipient.name%",
        "Dear [[FirstName]]",
        "By [object Object]",
        "Lorem \u00a0ipsum",
        "Carers\u00e2\u20ac\u2122 week",
        "Caf\u00c3\u00a9",
        "Caf\ufffd",
        '<a href="https://example.org/%7B%7Bid%7D%7D">a</a>',
        '<a href="https://example.org/{{id}}">a</a>',
    ],
)
def test_what_was_to_be_filled_in_is_found(text: str) -> None:
    """An error in the editors' words, a warning in those of a source."""
    ours, theirs = sheet(intro=f"<p>{text}</p>"), sheet(item_2=f"<p>{text}</p>")

    assert seen(leftovers.leftovers(ours)) == [("leftover", "error")]
    assert seen(leftovers.leftovers(theirs)) == [("leftover", "warning")]


@pytest.mark.parametrize(
    "text",
    [
        "Die TK zahlt mehr",
        "Die <b>TK</b> zahlt mehr",
        "Die Techniker Krankenkasse (TK)",
        "TODO sobre el cuidado",
        "Super Bowl XXX",
        "TBC Bank opens",
        "More TK here",
        "[Title IX] applies",
        "She said so. [name withheld]",
        "[date unknown]",
        "[[wiki link]]",
        "[your party] wins",
        "Press [Insert]",
        "placeholder text in forms",
    ],
)
def test_what_somebody_may_mean_is_for_an_editor_to_look_at(text: str) -> None:
    """An insurer, all, the thirtieth: it holds no issue back."""
    assert seen(leftovers.leftovers(sheet(intro=f"<p>{text}</p>"))) == [("leftover", "warning")]


@pytest.mark.parametrize("text", ["[", "{a", "<b>{</b>", "<b>TK</b> ", "%A", "\u00e2\u20ac", "x ", "[[", "(insert "])
def test_a_hostile_text_costs_its_length(text: str) -> None:
    """However often what looks like a leftover begins."""
    letter = sheet(intro=f"<p>{text * 20_000}</p>", item_2=f"<p>{text}</p>" * 5_000)
    began = time.process_time()

    list(leftovers.leftovers(letter))

    assert time.process_time() - began < 3


@pytest.mark.parametrize(
    "text",
    [
        "TK  Maxx opens",
        "100% of %d people",
        "NÃO",
        "a {b} c",
        "sobre todo: nada",
        "To do: three walks",
        "[here]",
        "[todo el mundo]",
        "TK Maxx opens",
        "todo lists help",
        "AT&TK",
        "a {single} brace",
        "[Ruth], 2026",
        "50%",
    ],
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
        ("RE[2]: Care Notes", "First nights home: who checks, and when", [("subject", "warning")]),
        ("Antw: Care Notes", "First nights home: who checks, and when", [("subject", "warning")]),
        ("WG: Care Notes", "First nights home: who checks, and when", [("subject", "warning")]),
        ("Tr : Care Notes", "First nights home: who checks, and when", [("subject", "warning")]),
        ("RIF: Care Notes", "First nights home: who checks, and when", [("subject", "warning")]),
        ("\u200bR\u00ade: Care Notes", "First nights home: who checks, and when", [("subject", "warning")]),
        ("re:search on care", "First nights home: who checks, and when", []),
        ("Re:Invent, and care", "First nights home: who checks, and when", []),
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


LEAVE = "https://e.org/u/1?a=b&c=d"


def letters(
    blocks: dict[str, Block], *, keys: frozenset[str] | None = None, postal: str = "12 Quay Street"
) -> duties.Letters:
    """Letters with all these blocks, or some."""
    return duties.Letters(
        sheet=Sheet(content=CONTENT, blocks=blocks, values={"unsubscribe_url": LEAVE}),
        variants=(frozenset(blocks) if keys is None else keys,),
        brand=Brand(postal_address=postal),
        headers={"list-unsubscribe": "<https://e.org/u/1>", "list-unsubscribe-post": "List-Unsubscribe=One-Click"},
    )


def footer(*html: str | Slot) -> dict[str, Block]:
    """A letter of one block, whose text part is as it should be."""
    return {"footer": Block("footer", html, (Slot("unsubscribe_url"), "12 Quay\nStreet"))}


SLOT = Slot("unsubscribe_url")
GOOD = footer("<p><a href='", SLOT, "'>Unsubscribe</a> 12 Quay<br>Street</p>")["footer"]


def test_a_letter_with_a_way_out_and_an_address_has_done_its_duty(blocks: dict[str, Block]) -> None:
    """However the address is wrapped; our own template's too."""
    assert seen(duties.neglected(letters({"footer": GOOD}))) == []
    assert ("unsubscribe", "error") not in seen(duties.neglected(letters(blocks)))


def test_a_variant_without_the_footer_is_found() -> None:
    """In both parts, for both duties."""
    found = seen(
        duties.neglected(letters({"top": Block("top", ("a",), ("a",)), "footer": GOOD}, keys=frozenset({"top"})))
    )

    assert sorted(found) == [("postal-address", "error")] * 2 + [("unsubscribe", "error")] * 2


@pytest.mark.parametrize(
    "style",
    [
        "display:none",
        "visibility:hidden",
        "opacity:0",
        "font-size:1px",
        "color:#fff",
        "color:#fefefe;font-size:1px",
        "color:transparent",
        "max-height:0;overflow:hidden",
        "position:absolute;left:-9999px",
        "text-indent:-9999px",
    ],
)
def test_what_nobody_can_see_is_no_way_out_and_no_address(style: str) -> None:
    """Neither in the link itself nor around it."""
    hidden = footer(f"<div style='{style}'><a style='{style}' href='", SLOT, "'>Unsubscribe</a> 12 Quay Street</div>")

    assert sorted(seen(duties.neglected(letters(hidden)))) == [("postal-address", "error"), ("unsubscribe", "error")]


@pytest.mark.parametrize(
    "html",
    [
        ("<!-- <a href='", SLOT, "'>Unsubscribe</a> -->"),
        ("<p title='", SLOT, "'>Unsubscribe</p>"),
        ("<a href='https://e.org/' title='", SLOT, "'>Unsubscribe</a>"),
        ("<a href='", SLOT, "'> </a>"),
        ("<p>", SLOT, "</p>"),
        ("<a href='", SLOT, "'><img src='https://e.org/1.gif' alt=''></a>"),
    ],
)
def test_a_way_out_is_a_link_with_words(html: tuple[str | Slot, ...]) -> None:
    """Not what is in a comment or a tooltip, nor the bare address."""
    found = seen(duties.neglected(letters(footer("<p>12 Quay Street</p>", *html))))

    assert found == [("unsubscribe", "error")]


@pytest.mark.parametrize(
    "words", ["Unsubscribe", "<b>Un</b>subscribe", "<img src='https://e.org/1.gif' alt='Unsubscribe'>"]
)
def test_a_link_in_small_outer_letters_is_seen_by_its_own(words: str) -> None:
    """Tables without size around letters that have one are how mail is laid out."""
    html = (
        "<div style='font-size:0'><p style='font-size:14px'><a href='",
        SLOT,
        f"'>{words}</a> 12 Quay Street</p></div>",
    )

    assert seen(duties.neglected(letters(footer(*html)))) == []


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
