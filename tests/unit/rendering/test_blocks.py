"""Blocks: cut from one compiled issue, and the same whatever stands beside them."""

import re
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from jinja2.sandbox import ImmutableSandboxedEnvironment

from digest.errors import BadTemplate
from digest.model.item import Image, ItemId
from digest.model.newsletter import Pictures
from digest.rendering.blocks import Block, Slot, compile_issue
from digest.rendering.environment import environment
from digest.rendering.variant import lay_out, whole_issue
from digest.resources import folder
from tests.unit.rendering.samples import ARTICLES, CONTENT, PERSONAL, article, choice

Env = ImmutableSandboxedEnvironment


def joined(blocks: dict[str, Block]) -> str:
    """Everything that the templates made, slots as their names."""
    pieces = [piece for block in blocks.values() for side in (block.html, block.text) for piece in side]
    return "".join(f"[{p.name}]" if isinstance(p, Slot) else p for p in pieces)


@pytest.mark.parametrize(
    "ids",
    [{1, 2, 3, 4, 5, 6, 7, 8}, {2}, {8}, {1}, {1, 8}, {4, 7}, {2, 6}, {3, 4, 5}, {1, 2, 4, 6, 8}, set()],
    ids=lambda ids: "-".join(map(str, sorted(ids))) or "none",
)
def test_a_block_is_the_same_bytes_whatever_else_the_issue_holds(env: Env, blocks: dict[str, Block], ids: set[int]):
    """The proof of "compile once, assemble many": an issue compiled with some of the articles is the join of the
    blocks of those articles, also where the first, the last or all others are left out."""
    subset = replace(CONTENT, articles=tuple(a for a in ARTICLES if a.id in ids))

    alone = compile_issue(subset, env)

    assert set(alone) <= set(blocks)
    assert {key: blocks[key] for key in alone} == alone
    assert joined(alone) == joined({key: block for key, block in blocks.items() if key in alone})


def test_blocks_come_in_the_order_of_a_letter(blocks: dict[str, Block]):
    """What a variant lists, it lists in this order."""
    kinds = list(dict.fromkeys(key.split(":")[0] for key in blocks))

    assert kinds == [
        *["top", "browser", "masthead", "greeting", "intro", "nothing"],
        *["contents-open", "contents", "contents-topic", "contents-close", "note", "topic", "item", "more", "footer"],
    ]


def test_an_article_stands_once_under_every_topic_and_a_pinned_one_once_as_a_note(blocks: dict[str, Block]):
    """Which of its topics a reader follows is not known when an issue is compiled."""
    assert {"item:2:carers", "item:2:integration"} <= set(blocks)
    assert [key for key in blocks if ":1" in key] == ["note:1"]


def test_whatever_is_left_out_tags_and_outlook_conditions_balance(env: Env, blocks: dict[str, Block]):
    """A letter of any items is whole HTML, for Outlook's reading of the conditional comments as for all others."""
    for placed in ([], [(1, None)], [(2, "carers")], [(2, "integration"), (6, "integration")], [(4, "safeguarding")]):
        layout = lay_out(choice(*placed), CONTENT, topics=None)
        html = "".join(str(p) for part in layout.parts for p in blocks[part.key].html)
        elsewhere = re.sub(r"<!--.*?-->", "", html, flags=re.DOTALL)
        outlook = re.sub(r"<!--\[if (?:mso \| IE|mso)\]>(.*?)<!\[endif\]-->", r"\1", html, flags=re.DOTALL)

        for reading in (elsewhere, outlook):
            for tag in ("table", "tr", "td", "tbody", "div", "p", "a", "html", "body"):
                assert len(re.findall(rf"<{tag}\b", reading)) == reading.count(f"</{tag}>"), tag


def test_slots_survive_in_text_and_in_links(blocks: dict[str, Block]):
    """Autoescape, the MJML compiler and lxml leave their signs alone, so they are found again."""
    slots = {piece.name for block in blocks.values() for piece in block.html if isinstance(piece, Slot)}

    assert slots == {"headline", "preheader", "count", *PERSONAL}
    in_text = {p.name for b in blocks.values() for p in b.text if isinstance(p, Slot) and not p.is_link}
    assert slots == in_text | {"preheader"}


def test_blocks_are_stored_and_read_again(blocks: dict[str, Block]):
    """They lie in the database as JSON between publishing and sending."""
    for key, block in blocks.items():
        assert Block.from_json(key, block.html_json(), block.text_json()) == block


def test_compiling_twice_gives_the_same(env: Env, blocks: dict[str, Block]):
    """An issue published on two machines is one issue."""
    assert compile_issue(CONTENT, env) == blocks


HOSTILE = [
    "<!--block footer--> <!--0--> --> <![endif]-->",
    "<mj-raw></mj-raw></mj-text></mj-column></mj-section>",
    "{{ slot('unsubscribe_url') }} {% for x in y %}",
    "S0000S" + "unsubscribe_url" + "S0000S",
    "</td></table></body></html><script>alert(1)</script>",
    '"\' onmouseover=alert(1) x="',
    "&lt;b&gt; &amp;amp; &#0; &nbsp",
    "\x00\x01\x0b\x7f\x9f\ud800 \u202e backwards \u2028 line",
]


@pytest.mark.parametrize("title", HOSTILE)
def test_hostile_words_forge_neither_marker_nor_slot_nor_tag(env: Env, title: str):
    """A title is text, in the HTML as in the text part, whatever it looks like."""
    hostile = article(1, title, "carers", source=title, link_label=title, people=(title,), summary="Harmless.")
    harmless = article(1, "Harmless", "carers", source="x", link_label="x", people=("x",), summary="Harmless.")

    blocks = compile_issue(replace(CONTENT, articles=(hostile,), name=title), env)
    expected = compile_issue(replace(CONTENT, articles=(harmless,), name="Harmless"), env)

    assert list(blocks) == list(expected)
    for key, block in blocks.items():
        assert [p for p in block.html if isinstance(p, Slot)] == [p for p in expected[key].html if isinstance(p, Slot)]
        assert _skeleton(block) == _skeleton(expected[key])


def _skeleton(block: Block) -> list[str]:
    """The tags, without what attributes say."""
    html = "".join("" if isinstance(p, Slot) else p for p in block.html)
    bare = re.sub(r"'[^'\"<>]*'(?=[ >])", "''", html)
    return re.findall(r"<!--|-->|</?[a-z][a-z0-9]*", re.sub(r'"[^"]*"', '""', bare))


def test_a_summary_keeps_only_what_a_letter_can_show(env: Env):
    """Sources are sanitized when they are gathered; this is the second lock."""
    evil = "<p onclick='x()'>Hello <img src=x.png><script>x</script><a href='javascript:x'>you</a></p>"

    blocks = compile_issue(replace(CONTENT, articles=(article(2, "T", "carers", summary_html=evil),)), env)

    html = "".join(p for p in blocks["item:2:carers"].html if isinstance(p, str))
    assert ">Hello <a" in html
    assert not re.search(r"onclick|<img|script", html)


def test_a_link_that_is_none_leads_to_the_archive(env: Env):
    """Only addresses of the web are linked."""
    lost = article(2, "T", "carers", link="javascript:alert(1)")

    block = compile_issue(replace(CONTENT, articles=(lost,)), env)["item:2:carers"]

    assert f'href="{lost.archive_url}"' in block.html[0]
    assert "javascript" not in str(block)


@pytest.mark.parametrize(
    ("width", "height", "shown"),
    [(1120, 560, (560, 280)), (700, 1400, (420, 840)), (10, 40, (10, 40)), (10, 41, None), (10, 99_999, None)],
)
def test_a_picture_is_no_taller_than_a_letter_bears(env: Env, width: int, height: int, shown: tuple[int, int] | None):
    """One of ten pixels by a hundred thousand would be a letter of nothing."""
    image = Image(url="https://x.example/p.png", alt="", width=width, height=height)
    brand = replace(CONTENT.brand, pictures=Pictures.LEAD)
    content = replace(CONTENT, brand=brand, articles=(article(1, "x", "carers", image=image),))

    html = joined({"item": compile_issue(content, env)["item:1:carers"]})

    found = re.search(r'<img[^>]*width="(\d+)" height="(\d+)"|<img[^>]*height="(\d+)"[^>]*width="(\d+)"', html)
    assert ("<img" in html) == (shown is not None)
    if shown:
        assert found
        assert {int(n) for n in found.groups() if n} == set(shown)


def test_a_brand_that_is_no_colour_is_refused(env: Env):
    """It would be written into a style sheet as it is."""
    brand = replace(CONTENT.brand, accent="red; } body { display: none")

    with pytest.raises(BadTemplate, match="is not a colour"):
        compile_issue(replace(CONTENT, brand=brand), env)


def with_template(tmp_path: Path, name: str, text: str) -> Env:
    """An environment in which a deployer has a template of their own."""
    (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
    (tmp_path / name).write_text(text)
    return environment([tmp_path, folder("templates")])


MJML = "<mjml><mj-body><mj-raw>{{ block('top') }}</mj-raw>%s</mj-body></mjml>"


def test_a_deployer_changes_the_template_without_a_fork(tmp_path: Path):
    """Their folder is looked up first."""
    with_template(tmp_path, "email/issue/issue.txt.j2", "{{ block('top') }}Hello {{ slot('greeting') }}\n")
    env = with_template(tmp_path, "email/issue/issue.mjml.j2", MJML % "<mj-raw><p>{{ look.name }}</p></mj-raw>")

    blocks = compile_issue(CONTENT, env)

    assert list(blocks) == ["top"]
    assert blocks["top"].text == ("Hello ", Slot("greeting"), "\n")


@pytest.mark.parametrize(
    ("body", "complaint"),
    [
        ("<mj-raw>{{ block('only_here') }}</mj-raw>", "only_here is in the HTML template only"),
        ("<mj-raw>{{ block('top') }}</mj-raw>", "comes twice"),
        ("<mj-raw>{{ slot('Greeting') }}</mj-raw>", "small letters"),
        ("<mj-raw>{{ slot('greeting') | upper }}</mj-raw>", "A slot was changed on its way"),
        ("{% set lost = block('lost') %}", "A block's marker was lost"),
    ],
)
def test_a_template_that_breaks_the_rules_of_blocks_is_refused(tmp_path: Path, body: str, complaint: str):
    """Better when an issue is previewed than when a reader finds it."""
    with_template(tmp_path, "email/issue/issue.txt.j2", "{{ block('top') }}Hello\n")
    env = with_template(tmp_path, "email/issue/issue.mjml.j2", MJML % body)

    with pytest.raises(BadTemplate, match=complaint):
        compile_issue(CONTENT, env)


TITLES = st.text(st.characters(exclude_categories=()), min_size=1, max_size=500)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(titles=st.lists(TITLES, min_size=3, max_size=8))
def test_any_title_compiles_and_nothing_of_it_becomes_markup(env: Env, titles: list[str]):
    """Emoji, right-to-left scripts, controls, halves of surrogate pairs."""
    articles = tuple(article(n, title, "carers", summary="Plain.") for n, title in enumerate(titles, 1))

    blocks = compile_issue(replace(CONTENT, articles=articles), env)

    for n in range(1, len(titles) + 1):
        block = blocks[f"item:{ItemId(n)}:carers"]
        assert len(block.html) == 1
        assert {p.name for p in block.text if isinstance(p, Slot)} == {"link_a"}
        assert "".join(map(str, block.html)).count("<") == "".join(map(str, blocks["item:1:carers"].html)).count("<")


def test_the_whole_issue_holds_every_article_once(blocks: dict[str, Block]):
    """For the archive: each under its first topic."""
    layout = whole_issue(CONTENT)

    assert sorted(layout.item_ids) == [a.id for a in ARTICLES]
    assert "item:5:carers" in [part.key for part in layout.parts]
    assert {part.key for part in layout.parts} <= set(blocks)
