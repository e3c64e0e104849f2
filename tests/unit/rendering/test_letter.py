"""The letter as readers, screen readers and mail programs find it."""

import re
from dataclasses import replace

import pytest
from jinja2.sandbox import ImmutableSandboxedEnvironment

from digest.model.issue import IssueContent
from digest.rendering.blocks import Block, compile_issue
from digest.rendering.columns import COLUMNS
from digest.rendering.message import prepare
from digest.rendering.variant import lay_out
from tests.unit.rendering.samples import CONTENT, PERSONAL, choice

CHOICE = choice((1, None), (2, "carers"), (3, "carers"), (4, "safeguarding"), (5, "budgets"), more=2)
TOPICS = frozenset({"carers", "safeguarding", "budgets"})


@pytest.fixture(scope="module")
def html(blocks: dict[str, Block]) -> str:
    return prepare(blocks, lay_out(CHOICE, CONTENT, topics=TOPICS), {}).html(PERSONAL)


@pytest.fixture(scope="module")
def text(blocks: dict[str, Block]) -> str:
    return prepare(blocks, lay_out(CHOICE, CONTENT, topics=TOPICS), {}).text(PERSONAL)


def compiled(env: ImmutableSandboxedEnvironment, content: IssueContent) -> str:
    return prepare(compile_issue(content, env), lay_out(CHOICE, content, topics=TOPICS), {}).html(PERSONAL)


def test_headings_tell_the_letter(html: str):
    """The newsletter, then sections, then pieces; no level is skipped."""
    found = re.findall(r"<h(\d)\b[^>]*>(?:<a[^>]*>)?([^<]+)", html)

    assert found == [
        ("1", "Care Notes"),
        ("2", "In this issue"),
        ("2", "From the editors"),
        ("3", "Tell us what your team needs from research next year"),
        ("2", "Unpaid carers"),
        ("3", "First nights home: who checks, and when"),
        ("3", "A rota that carers helped to write"),
        ("2", "Safeguarding and risk"),
        ("3", "When a safeguarding call is not closed"),
        ("2", "Personal budgets"),
        ("3", "Asking about money without losing trust"),
    ]


def test_tables_are_for_layout_only(html: str):
    """Screen readers would else announce rows and columns, also those that only Outlook sees."""
    assert re.findall(r'<table(?![^>]*role="presentation")[^>]*>', html) == []


def test_links_say_where_they_lead(html: str):
    """ "Read the findings" five times over says nothing in a list of links."""
    assert 'aria-label="Read the findings: When a safeguarding call is not closed"' in html
    assert html.count("aria-label=") == 5 + 1  # and the letter itself, by its title


def test_language_and_direction(env: ImmutableSandboxedEnvironment, html: str):
    """Right-to-left newsletters begin on the right."""
    arabic = compiled(env, replace(CONTENT, language="ar"))

    assert '<html lang="en-GB" dir="ltr"' in html
    assert '<html lang="ar" dir="rtl"' in arabic
    assert "text-align:right" in arabic


def test_dark_mode_survives_the_compilers(html: str):
    """Inline styles win over sheets, but not over `!important`, which premailer would take out."""
    dark = html.partition("@media (prefers-color-scheme: dark) {")[2].partition("</style>")[0]
    rules = [line for line in dark.splitlines() if "{" in line]

    assert len(rules) >= 10
    assert all(rule.endswith("!important; }") for rule in rules)
    assert ".card, .card > table { background: #1a2026 !important; }" in rules
    assert '<meta name="color-scheme" content="light dark">' in html
    assert "[data-ogsc] .card" in html


def test_phones_have_narrow_margins(html: str):
    """22 px instead of 40."""
    phones = html.partition("@media only screen and (max-width: 520px) {")[2]

    assert phones.strip().startswith(".card > table > tbody > tr > td { padding-left: 22px !important;")


def test_the_brand_colours_the_letter(env: ImmutableSandboxedEnvironment):
    """Accent in both modes, and a logo where there is one."""
    brand = replace(CONTENT.brand, accent="#7a1f4b", accent_dark="#f0a6c8", logo="https://example.org/logo.png")

    html = compiled(env, replace(CONTENT, brand=brand))

    assert "4px solid #7a1f4b" in html
    assert "color: #f0a6c8 !important" in html
    assert 'src="https://example.org/logo.png" alt=""' in html
    assert "#0f5c5c" not in html


def test_the_preheader_is_hidden_and_padded(html: str):
    """Else mail programs fill their line with "Read in your browser"."""
    hidden = re.search(r'<div style="display:none[^>]*>([^<]*)</div>', html)

    assert hidden is not None
    assert hidden[1].startswith("Tell us what your team needs from research next year · First nights home")
    assert hidden[1].count("\u034f") >= 50


def test_nothing_is_fetched_when_it_is_opened(html: str):
    """No pictures, fonts or sheets from elsewhere: nobody learns that it was read."""
    assert not re.search(r"<img|<link|@import|url\(|src=", html)


def test_outlook_gets_its_tables(html: str):
    """It knows no max-width."""
    assert html.count('<!--[if mso | IE]><table border="0" cellpadding="0" cellspacing="0" role="presentation"') >= 6
    assert 'width="640"' in html


def test_the_text_part_is_worth_reading(text: str):
    """72 columns, titles marked, each link on a line of its own."""
    for line in text.splitlines():
        assert len(line) <= COLUMNS or re.fullmatch(r"\[\d+\] https://\S+", line)
    assert "\nA rota that carers helped to write\n----------------------------------\nBy Ruth Adeyemi" in text
    assert "\nContinue reading [4]\n\n[4] https://research.example/news/3\n" in text
    assert "\nUnpaid carers: 2 new\n" in text
    assert "<" not in text
    assert "\n\n\n" not in text


def test_both_parts_say_the_same(html: str, text: str):
    """Every link and every title of one is in the other."""
    for url in re.findall(r'href="([^"]+)"', html):
        if "/piece-" not in url and "/forms" not in url:  # the contents list and links within a summary
            assert url.replace("&amp;", "&") in text
    for title in re.findall(r"<h[123]\b[^>]*>(?:<a[^>]*>)?([^<]+)", html):
        assert title in text.replace("\n", " ")
