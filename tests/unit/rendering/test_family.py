"""The family of letters: every kind, short and long, with and without pictures, in both modes and directions."""

import re
from dataclasses import replace
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from digest.model.choice import Reason
from digest.model.colour import READABLE, contrast
from digest.model.issue import IssueContent
from digest.model.item import Image
from digest.model.newsletter import Brand, Font, Pictures
from digest.rendering.blocks import Block, compile_issue
from digest.rendering.context import look
from digest.rendering.environment import TemplateEnvironment
from digest.rendering.message import Prepared, prepare
from digest.rendering.variant import lay_out
from tests.unit.rendering.samples import ARTICLES, CONTENT, PERSONAL, TOPICS, article, choice, many
from tests.unit.rendering.strict import parse
from tests.unit.rendering.test_message import FIELDS, HEADERS

FIVE = ((1, None), (2, "carers"), (3, "carers"), (4, "safeguarding"), (5, "budgets"))
QUIET = replace(CONTENT, next_on=date(2026, 12, 1))
LAST = replace(CONTENT, last=True)
#: All ways in and out of a reader's own pages.
OWN_LINKS = ("preferences_url", "pause_url", "unsubscribe_url")


def made(env: TemplateEnvironment, content: IssueContent, *placed: tuple[int, str | None], more: int = 0) -> Prepared:
    """A letter of these pieces."""
    layout = lay_out(choice(*placed, more=more), content, topics=frozenset({"carers", "budgets"}))
    return prepare(compile_issue(content, env), layout, HEADERS)


def long_issue(count: int) -> tuple[IssueContent, tuple[tuple[int, str | None], ...]]:
    """An issue of so many pieces, all of them in one letter."""
    content = replace(CONTENT, articles=many(count))
    return content, tuple((int(a.id), a.topics[0]) for a in content.articles)


@pytest.mark.parametrize("count", [1, 5, 15, 60])
@pytest.mark.parametrize("pictures", list(Pictures))
def test_letters_of_any_length_are_whole_messages(env: TemplateEnvironment, count: int, pictures: Pictures):
    """The strict reader finds nothing wrong, and every title is in both parts."""
    content, placed = long_issue(count)
    shown = tuple(replace(a, image=Image("https://x.example/a.png", "A kitchen")) for a in content.articles)
    content = replace(content, articles=shown, brand=replace(content.brand, pictures=pictures))

    message = parse(made(env, content, *placed).message(PERSONAL, FIELDS))

    for each in content.articles:
        assert each.title in message.html
        assert each.title in message.text.replace("\n", " ")
    assert message.html.count("<img") == (count if pictures is Pictures.LEAD else 0)


@pytest.mark.parametrize(
    ("content", "placed"),
    [(CONTENT, FIVE), (CONTENT, ()), (QUIET, ()), (LAST, FIVE), (LAST, ())],
    ids=["issue", "quiet", "quiet with a date", "last", "last and quiet"],
)
def test_styles_for_dark_mode_and_phones_survive_in_every_kind(
    env: TemplateEnvironment, content: IssueContent, placed: tuple[tuple[int, str | None], ...]
):
    """Golden: premailer would take `!important` out of them, and Gmail drops a sheet that it cannot read."""
    html = parse(made(env, content, *placed).message(PERSONAL, FIELDS)).html

    sheets = re.findall(r"<style[^>]*>(.*?)</style>", html, re.DOTALL)
    dark = next(sheet for sheet in sheets if "prefers-color-scheme: dark" in sheet)
    phones = next(sheet for sheet in sheets if "max-width: 520px" in sheet)
    outlook = next(sheet for sheet in sheets if "[data-ogsc] .paper {" in sheet)
    assert dark.count("!important") == 13
    assert outlook.count("!important") == dark.count("!important") - 1  # the page behind is not in its reach
    assert phones.count("!important") >= 7
    assert "color-scheme: light dark" in dark
    assert html.startswith("<!doctype html>")
    assert not re.search(r"#000(000)?\b", html)


def test_a_quiet_letter_is_short_and_worth_opening(env: TemplateEnvironment):
    """Nothing new, when the next comes, the past, and other topics; no page of its own, as it may have none."""
    letter = made(env, QUIET)

    html, text = letter.html(PERSONAL), letter.text(PERSONAL)

    assert "Nothing new on your two topics this time" in html
    assert "The next issue is due on 1 December." in text
    assert html.count(f'href="{PERSONAL["preferences_url"]}"'.replace("&", "&amp;")) == 2
    assert html.count(f'href="{CONTENT.archive_home_url}"') == 2
    assert "Read in your browser" not in html + text
    assert len(html) < 14_000


def test_a_quiet_letter_names_no_day_that_nobody_knows(env: TemplateEnvironment):
    """The newsletter may have changed its calendar."""
    assert "due on" not in made(env, CONTENT).text(PERSONAL)


@pytest.mark.parametrize("placed", [FIVE, ()], ids=["with pieces", "quiet"])
def test_the_last_issue_says_so_and_offers_only_what_still_makes_sense(
    env: TemplateEnvironment, placed: tuple[tuple[int, str | None], ...]
):
    """After the greeting; with the way out and the archive, without topics to change or a pause to take."""
    letter = made(env, LAST, *placed)

    for part in (letter.html(PERSONAL), letter.text(PERSONAL)):
        assert part.index("Hello Priya,") < part.index("This is the last issue")
        assert "Thank you for reading it." in part
        assert "Change topics" not in part
        assert "Pause" not in part
        assert "Unsubscribe" in part
        assert "Past issues" in part
        assert "due on" not in part


def test_any_other_issue_says_nothing_of_an_end(blocks: dict[str, Block]):
    """Not even as a block."""
    assert "last" not in blocks


def test_the_logo_has_a_twin_for_dark_ground(env: TemplateEnvironment):
    """Outlook, which would show both, sees one."""
    brand = replace(CONTENT.brand, logo="https://example.org/l.png", logo_dark="https://example.org/d.png")

    html = made(env, replace(CONTENT, brand=brand), *FIVE).html(PERSONAL)

    assert re.search(r'<!--\[if !mso\]><!--><img class="logo-dark" src="https://example.org/d.png"', html)
    assert ".logo-light { display: none !important; }" in html
    assert re.search(r'class="logo-dark"[^>]*display:none', html)


def test_a_logo_without_a_twin_stands_on_a_light_plate_in_the_dark(env: TemplateEnvironment):
    """Dark ink on no ground would be dark ink on dark ground."""
    brand = replace(CONTENT.brand, logo="https://example.org/l.png")

    html = made(env, replace(CONTENT, brand=brand), *FIVE).html(PERSONAL)

    assert ".logo-light { background: #ffffff !important;" in html
    assert "logo-dark" not in html


@pytest.mark.parametrize("font", list(Font))
def test_every_font_is_a_stack_that_ends_in_a_kind(env: TemplateEnvironment, font: Font):
    """A reader who has none of them sees at least serifs, or none."""
    brand = replace(CONTENT.brand, headline_font=font, text_font=font)

    html = made(env, replace(CONTENT, brand=brand), *FIVE).html(PERSONAL)

    stacks = set(re.findall(r"font-family:([^;\"]+)", html)) | set(re.findall(r"font:[^;\"]*px ([^;\"]+)", html))
    assert len(stacks) == 1
    assert stacks.pop().rpartition(", ")[2] in ("serif", "sans-serif")


def pictured(env: TemplateEnvironment, image: Image | None, pictures: Pictures = Pictures.LEAD) -> str:
    """The HTML of one item that has the picture."""
    brand = replace(CONTENT.brand, pictures=pictures)
    content = replace(CONTENT, brand=brand, articles=(replace(ARTICLES[1], image=image),))
    return "".join(str(piece) for piece in compile_issue(content, env)["item:2:carers"].html)


def test_a_picture_is_never_wider_than_the_column(env: TemplateEnvironment):
    """By its attributes, which Outlook obeys, and by its style; its words can be read where it is not shown."""
    html = pictured(env, Image("https://x.example/a.png", "A rota on a wall", 1200, 600))

    assert 'src="https://x.example/a.png" alt="A rota on a wall" width="560" height="280"' in html
    assert re.search(r"<img[^>]*max-width:100%;height:auto", html)
    assert re.search(r"<img[^>]*color:#55606a", html)


def test_a_small_picture_is_not_blown_up(env: TemplateEnvironment):
    """Nor one of unknown size, but by Outlook."""
    assert 'width="300" height="200"' in pictured(env, Image("https://x.example/a.png", "", 300, 200))
    assert re.search(r'width="560"[^>]*;width:auto', pictured(env, Image("https://x.example/a.png")))


@pytest.mark.parametrize("image", [None, Image("http://x.example/a.png", "Plain"), Image("javascript:alert(1)")])
def test_what_is_no_picture_over_https_is_not_shown(env: TemplateEnvironment, image: Image | None):
    """Mail programs would warn of it, or worse."""
    assert "<img" not in pictured(env, image)


def test_a_picture_without_words_is_passed_over_by_screen_readers(env: TemplateEnvironment):
    """An alt that is missing would make them read its address."""
    assert 'alt=""' in pictured(env, Image("https://x.example/a.png"))


def test_pictures_are_off_unless_they_are_wanted(env: TemplateEnvironment):
    """To show one tells its server who reads."""
    assert "<img" not in pictured(env, Image("https://x.example/a.png"), Pictures.NONE)
    assert Brand().pictures is Pictures.NONE


def test_an_item_in_another_language_says_so(env: TemplateEnvironment):
    """So that it is spoken, and broken into lines, as that language is; its frame stays in the letter's."""
    foreign = article(2, "Die ersten Nächte", "carers", language="de")
    content = replace(CONTENT, articles=(foreign, replace(ARTICLES[2], language="en")))

    blocks = compile_issue(content, env)

    html = str(blocks["item:2:carers"].html)
    assert '<h3 dir="auto" lang="de"' in html
    assert '<div dir="auto" lang="de">' in html
    assert html.count("lang=") == 2
    assert 'lang="de"' in str(blocks["contents:2"].html)
    assert "lang=" not in str(blocks["item:3:carers"].html)


def test_a_strange_language_is_left_out(env: TemplateEnvironment):
    """A source may say anything."""
    strange = article(2, "Title", "carers", language='de" onclick="x')

    assert "onclick" not in str(compile_issue(replace(CONTENT, articles=(strange,)), env))


def test_what_the_newsletter_says_itself_keeps_its_language(env: TemplateEnvironment):
    """In a letter that speaks German to its reader, name, topics and introduction may still be English."""
    html = made(env, replace(CONTENT, language="de", written_in="en-GB"), *FIVE).html(PERSONAL)

    assert '<html lang="de"' in html
    assert re.search(r'<h1 dir="auto" lang="en-GB"[^>]*>Care Notes', html)
    assert re.search(r'<h2 dir="auto" lang="en-GB"[^>]*>Unpaid carers', html)
    assert '<div dir="auto" lang="en-GB"><p' in html


def test_from_right_to_left_everything_is_mirrored(env: TemplateEnvironment):
    """Text, columns, lists, and the sides on which counts and times stand."""
    html = made(env, replace(CONTENT, language="he", written_in="he"), *FIVE, more=2).html(PERSONAL)

    assert "direction:ltr" not in html
    assert "text-align:left" not in re.sub(r"<style.*?</style>", "", html, flags=re.DOTALL).replace(
        "font-size:0px;text-align:left;", ""
    )
    counts = re.findall(r'<td class="soft"[^>]*>', html)
    assert counts
    assert all('align="left"' in cell and 'dir="auto"' in cell for cell in counts)
    assert "padding-right:22px" in html


def test_everything_that_stands_alone_can_be_touched(env: TemplateEnvironment):
    """44 px high: the line and the room around it."""
    html = made(env, CONTENT, *FIVE, more=2).html(PERSONAL)

    heights = {
        r"<h3[^>]*font:700 22px/28px[^>]*><a [^>]*display:block;padding:8px 0": 5,
        r'<td dir="auto"><a [^>]*display:block;padding:11px 0': 4,
        r'aria-label="[^"]*" style="[^"]*display:inline-block;padding:9px 0': 5,
        r'class="rule links">(?:\s*<a [^>]*display:inline-block;padding:12px 0[^>]*>[^<]*</a>[\xa0\s]*){4}': 1,
    }
    for pattern, count in heights.items():
        assert len(re.findall(pattern, html)) == count, pattern


def test_links_are_numbered_through_the_letter_whatever_it_holds(env: TemplateEnvironment):
    """Each number stands in the words and once in a list, in order, with the address that the HTML has there."""
    for placed in (FIVE, FIVE[3:], FIVE[:1], ()):
        text = made(env, CONTENT, *placed, more=1).text(PERSONAL)

        listed = re.findall(r"^\[(\d+)\] (\S+)$", text, re.MULTILINE)
        used = re.findall(r"\S \[(\d+)\]", text)
        assert [int(number) for number, _ in listed] == list(range(1, len(listed) + 1))
        assert list(dict.fromkeys(used)) == [number for number, _ in listed]
        assert {PERSONAL[name] for name in OWN_LINKS} <= {url for _, url in listed}


def test_links_within_a_summary_are_in_the_text_part_too(env: TemplateEnvironment):
    """A number behind their words."""
    text = made(env, CONTENT, *FIVE).text(PERSONAL)

    number = re.search(r"with a form \[(\d+)\]", text)
    assert number is not None
    assert f"\n[{number[1]}] https://research.example/forms?a=1&b=2\n" in text


def test_a_long_letter_lists_its_topics_instead_of_its_pieces(env: TemplateEnvironment):
    """Sixty lines are no overview."""
    content, placed = long_issue(60)

    html = made(env, content, *placed).html(PERSONAL)

    contents = html[html.index("In this issue") : html.index("<h3")]
    assert "in week 1 of" not in contents
    assert re.findall(r">(\d+) new<", contents)[: len(TOPICS)] == ["15", "15", "15", "15"]


COLOURS = st.integers(0, 0xFFFFFF).map("#{:06x}".format)


def tokens(env: TemplateEnvironment, brand: Brand) -> dict[str, dict[str, str]]:
    """The colours of both modes as templates have them."""
    words = {"name": "x", "title": "x", "line": "", "language": "en", "own_language": "", "archive_home_url": ""}
    module = env.get_template("email/parts/tokens.mjml.j2").make_module({"look": look(brand, **words)})
    return {"light": module.light, "dark": module.dark}  # type: ignore[attr-defined]


@given(accent=COLOURS, accent_dark=COLOURS)
def test_every_pair_of_colours_can_be_read_in_both_modes(env: TemplateEnvironment, accent: str, accent_dark: str):
    """WCAG 2.2 AA, 1.4.3, whatever accent a newsletter has."""
    for mode in tokens(env, Brand(accent=accent, accent_dark=accent_dark)).values():
        for words in ("ink", "soft", "accent"):
            for ground in ("paper", "card", "pin", "tint"):
                assert contrast(mode[words], mode[ground]) >= READABLE, (words, ground, mode)
        assert contrast(mode["on_accent"], mode["accent"]) >= READABLE


def test_the_grounds_of_letters_are_those_that_accents_are_measured_on(env: TemplateEnvironment):
    """They are written in two places: where colours are reckoned, and where templates name them."""
    from digest.model.colour import DARK, LIGHT

    for name, ground in (("light", LIGHT), ("dark", DARK)):
        mode = tokens(env, Brand())[name]
        assert (mode["paper"], mode["card"], mode["pin"], mode["ink"]) == (
            ground.paper,
            ground.card,
            ground.pin,
            ground.ink,
        )


def test_no_letter_knows_a_colour_but_those_with_names(env: TemplateEnvironment):
    """One place to change them; MJML has some of its own for what is not there."""
    colours = {c for mode in tokens(env, CONTENT.brand).values() for c in mode.values()}

    html = made(env, LAST, *FIVE, more=1).html(PERSONAL)

    assert {c.lower() for c in re.findall(r"#[0-9a-fA-F]{6}\b", html)} <= colours


def test_reasons_for_more_are_counted_once(env: TemplateEnvironment):
    """The line at the end counts what found no room, and leads to where it is."""
    assert choice(more=3).more == 3
    assert Reason.ISSUE_FULL in choice(more=3).passed_over.values()

    text = made(env, CONTENT, *FIVE, more=3).text(PERSONAL)

    assert "And 3 more on your topics did not fit." in text
