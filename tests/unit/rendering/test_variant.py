"""Variants: which blocks, in which order, with which words; and how many bytes."""

import re
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from digest.model.cadence import Cadence
from digest.model.choice import Candidate, Choice, Readers, choose
from digest.model.issue import Heading, IssueContent
from digest.model.item import ItemId
from digest.model.newsletter import SelectionPolicy
from digest.model.window import Window
from digest.rendering import encoding
from digest.rendering.blocks import Block, compile_issue
from digest.rendering.environment import TemplateEnvironment
from digest.rendering.message import prepare
from digest.rendering.phrases import ENGLISH, Phrases
from digest.rendering.sizes import Widest, base_size, heading_sizes, line_sizes, sizes, widest
from digest.rendering.tongues import Tongues
from digest.rendering.variant import TITLES_UNTIL, _preheader, lay_out, whole_issue
from digest.resources import folder
from tests.unit.rendering.samples import ARTICLES, CONTENT, PERSONAL, TOPICS, article, choice, many
from tests.unit.rendering.test_message import FIELDS, HEADERS

THREE = frozenset({"carers", "safeguarding", "budgets"})


def test_the_order_of_a_full_letter():
    """As the design has it, from the line above it to the footer."""
    placed = choice((1, None), (2, "carers"), (3, "carers"), (4, "safeguarding"), (5, "budgets"), more=2)

    layout = lay_out(placed, CONTENT, topics=THREE)

    assert [part.key for part in layout.parts] == [
        *["top", "browser", "masthead", "greeting", "intro"],
        *["contents-open", "contents:2", "contents:3", "contents:4", "contents:5", "contents-close", "note:1"],
        *["topic:carers", "item:2:carers", "item:3:carers", "topic:safeguarding", "item:4:safeguarding"],
        *["topic:budgets", "item:5:budgets", "more", "footer"],
    ]
    assert layout.item_ids == (1, 2, 3, 4, 5)


def test_the_words_that_all_readers_of_a_variant_share():
    """They depend on the choice, not on the person."""
    layout = lay_out(choice((2, "carers"), (3, "carers"), (4, "safeguarding"), more=2), CONTENT, topics=THREE)

    values = {part.key: part.values for part in layout.parts if part.values}
    assert values == {
        "top": {"headline": "Three new pieces on your three topics", "preheader": layout.preheader},
        "topic:carers": {"count": "2 new"},
        "topic:safeguarding": {"count": "1 new"},
        "more": {"count": "And 2 more on your topics did not fit."},
    }
    assert layout.subject == CONTENT.title
    assert layout.preheader.startswith("First nights home: who checks, and when · A rota that carers helped to write")


def test_a_short_letter_has_no_contents():
    """Three pieces are seen at a glance."""
    keys = {part.key for part in lay_out(choice((2, "carers"), (1, None)), CONTENT, topics=None).parts}

    assert "contents-open" not in keys


def test_a_letter_of_notes_alone_says_so():
    """It has nothing on any topic."""
    layout = lay_out(choice((1, None)), CONTENT, topics=THREE)

    assert layout.parts[0].values["headline"] == "A note from the editors"


def test_a_letter_with_nothing_new_says_so():
    """The heartbeat, where a newsletter wants one."""
    layout = lay_out(choice(), CONTENT, topics=THREE)

    assert [part.key for part in layout.parts] == ["top", "masthead", "greeting", "nothing", "footer"]
    assert layout.parts[3].values == {"headline": "Nothing new on your three topics this time"}


def test_an_issue_without_an_introduction():
    """An automatic one."""
    layout = lay_out(choice((2, "carers")), replace(CONTENT, intro_html=" ", intro_text=""), topics=None)

    assert "intro" not in [part.key for part in layout.parts]


def test_a_long_title_alone_is_cut_for_the_preheader():
    """Mail programs show a line of it."""
    content = replace(CONTENT, articles=(article(2, "word " * 100, "carers"),))

    preheader = lay_out(choice((2, "carers")), content, topics=None).preheader

    assert len(preheader) <= 140
    assert preheader.endswith("…")


def slots_of(content: IssueContent) -> Widest:
    """What the personal and the shared words of its letters take at most."""
    names = [topic.name for topic in content.topics]
    return widest(
        ENGLISH, cadence=Cadence.MONTHLY, topics=names, titles=[article.title for article in content.articles]
    )


NAMES = st.lists(st.text(st.characters(exclude_categories=["C", "Z"]), min_size=1, max_size=80), max_size=40)


TITLES = st.lists(st.text(min_size=1, max_size=200), min_size=1, max_size=9)
SPOKEN = {"en": ENGLISH, "de": Phrases(Tongues([folder("templates")]).of("de"))}
READ = st.sampled_from(sorted(SPOKEN))


@given(names=NAMES, titles=TITLES, some=st.randoms(), since=st.dates(), named=st.text(max_size=80), spoken=READ)
def test_what_a_letter_says_to_one_reader_never_takes_more_than_was_kept_free(
    names: list[str], titles: list[str], some: Random, since: date, named: str, spoken: str
):
    """Whatever the topics are called, however many are chosen, and in whichever part and language it stands."""
    phrases = SPOKEN[spoken]
    chosen = [name for name in names if some.random() < 0.7]
    kept = widest(phrases, cadence=Cadence.QUARTERLY, topics=names, titles=titles * 300)

    said = {
        "why": phrases.why(cadence=Cadence.QUARTERLY, signed_up_on=since, address=f"{named}@x.example", topics=chosen),
        "greeting": phrases.greeting(named),
        "headline": phrases.headline(some.randint(0, 300), len(chosen) or None),
        "count": phrases.did_not_fit(some.randint(1, 300)),
        "preheader": _preheader([(ItemId(n), None) for n in range(len(titles))], titled(titles)),
    }
    for slot, value in said.items():
        assert max(len(encoding.html_value(value)), len(encoding.text_value(value))) <= kept[slot], slot


def test_a_reader_of_very_many_topics_with_long_names_gets_a_letter_within_the_budget(env: TemplateEnvironment):
    """Each letter says which topics its reader chose, in both parts."""
    topics = tuple(Heading(slug=f"t{n}", name=f"Öffentliche Fürsorge für Menschen in Gegend № {n}") for n in range(150))
    content = replace(CONTENT, topics=topics, articles=tuple(replace(a, topics=("t1",)) for a in many(60)))
    blocks, slots = compile_issue(content, env), slots_of(content)
    names = [topic.name for topic in topics]
    why = ENGLISH.why(cadence=Cadence.MONTHLY, signed_up_on=date(2026, 9, 27), address="p@x.example", topics=names)
    made = chosen_from(content, blocks, slots, budget=100_000)

    message = prepare(blocks, lay_out(made, content, topics=None), HEADERS).message({**PERSONAL, "why": why}, FIELDS)

    assert 85_000 < len(message) <= 100_000


def titled(titles: list[str]) -> IssueContent:
    """An issue of pieces with these titles."""
    return replace(CONTENT, articles=tuple(article(n, title, "carers") for n, title in enumerate(titles)))


def letters() -> list[list[tuple[int, str | None]]]:
    everything = [(int(a.id), None if a.pinned else a.topics[0]) for a in ARTICLES]
    order: list[str | None] = [None, *(t.slug for t in TOPICS)]
    everything.sort(key=lambda placed: order.index(placed[1]))
    return [everything, everything[:1], everything[3:], [(8, "carers")], [(6, "integration"), (7, "integration")]]


@pytest.mark.parametrize("placed", letters(), ids=len)
def test_a_message_is_never_larger_than_its_sizes_say(blocks: dict[str, Block], placed: list[tuple[int, str | None]]):
    """The byte budget is kept by adding up before anything is made."""
    layout = lay_out(choice(*placed, more=3), CONTENT, topics=None)
    slots = slots_of(CONTENT)
    known = sizes(blocks, slots)
    headings = heading_sizes(blocks, slots)

    message = prepare(blocks, layout, HEADERS).message(PERSONAL, FIELDS)

    bound = base_size(blocks, slots) + sum(known[ItemId(item), slug] for item, slug in placed)
    bound += sum(line_sizes(blocks, slots)[ItemId(item)] for item, slug in placed if slug)
    bound += sum(headings[slug] for slug in {slug for _, slug in placed if slug})
    assert bound - 14_000 < len(message) <= bound


def test_thirty_items_are_well_under_what_gmail_shows(env: TemplateEnvironment):
    """It clips at 102 kB; a 30-item letter with full summaries must pass."""
    summary = (
        "Teams of six towns wrote down what they did for a fortnight, and what they wished they had time for. " * 4
    )
    articles = tuple(
        article(n, f"What thirty teams learned in week {n} of their diaries", TOPICS[n % 4].slug, summary=summary)
        for n in range(1, 31)
    )
    content = replace(CONTENT, articles=articles)
    blocks = compile_issue(content, env)

    message = prepare(blocks, whole_issue(content), HEADERS).message(PERSONAL, FIELDS)

    assert len(message) < 95_000


def sixty(env: TemplateEnvironment) -> tuple[IssueContent, dict[str, Block]]:
    """An issue of sixty articles of the usual length, compiled."""
    content = replace(CONTENT, articles=many(60))
    return content, compile_issue(content, env)


def chosen_from(content: IssueContent, blocks: dict[str, Block], slots: Widest, *, budget: int) -> Choice:
    """What a reader of everything gets who has had nothing."""
    now = datetime(2026, 11, 30, tzinfo=UTC)
    return choose(
        [Candidate(id=a.id, topics=a.topics, dated_at=now) for a in content.articles],
        Readers(topics=None, received=frozenset(), first=False),
        topic_order=[t.slug for t in content.topics],
        window=Window(since=now, first_since=now, until=now + timedelta(days=1), now=now),
        policy=SelectionPolicy(per_topic=60, per_issue=60, byte_budget=budget),
        sizes=sizes(blocks, slots),
        headings=heading_sizes(blocks, slots),
        lines=line_sizes(blocks, slots),
        most_lines=TITLES_UNTIL,
        room=budget - base_size(blocks, slots),
    )


@pytest.mark.parametrize("budget", [40_000, 60_000, 100_000, 300_000])
def test_sixty_items_fill_the_budget_and_the_rest_is_counted(env: TemplateEnvironment, budget: int):
    """As much as there is room for, never more; each topic's count and the list of topics say what came."""
    content, blocks = sixty(env)
    slots = slots_of(content)
    made = chosen_from(content, blocks, slots, budget=budget)

    letter = prepare(blocks, lay_out(made, content, topics=None), HEADERS)
    text, message = letter.text(PERSONAL), letter.message(PERSONAL, FIELDS)

    assert len(message) <= budget
    assert made.more == 0 or len(message) > budget - 10_000
    assert (f"And {made.more} more on your topics" in text) == bool(made.more)
    assert len(made.chosen) + made.more == 60
    counts = [int(n) for n in re.findall(r"^• .*: (\d+) new$", text, re.MULTILINE)]
    assert sum(counts) == (len(made.chosen) if len(made.chosen) > TITLES_UNTIL else 0)
    assert text.count("• What thirty teams") == (len(made.chosen) if len(made.chosen) <= TITLES_UNTIL else 0)


def test_many_pieces_on_one_topic_have_no_list():
    """It would be one line that says what the topic's heading says."""
    placed = [(n, "carers") for n in range(1, TITLES_UNTIL + 2)]
    articles = tuple(article(n, f"Piece {n}", "carers") for n, _ in placed)

    keys = [part.key for part in lay_out(choice(*placed), replace(CONTENT, articles=articles), topics=None).parts]

    assert "contents-open" not in keys


def test_the_last_issue_says_so_after_the_greeting():
    """Also to whom it brings nothing else."""
    last = replace(CONTENT, last=True)

    full = [part.key for part in lay_out(choice((2, "carers")), last, topics=None).parts]
    quiet = [part.key for part in lay_out(choice(), last, topics=None).parts]

    assert full[:6] == ["top", "browser", "masthead", "greeting", "last", "intro"]
    assert quiet == ["top", "masthead", "greeting", "last", "nothing", "footer"]
