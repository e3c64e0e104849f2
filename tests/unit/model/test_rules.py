"""Rules: one item, judged for each newsletter that reads its source."""

from datetime import UTC, datetime

from digest.model.rules import Rules, TopicSet
from digest.model.topic import Topic

CARERS, LAW = (Topic(slug=slug, name=slug.title(), phrases=(slug,)) for slug in ("carers", "law"))
RULES = Rules(
    stamp=((1, datetime(2026, 11, 21, tzinfo=UTC)), (2, datetime(2026, 11, 21, tzinfo=UTC))),
    sets=(
        TopicSet(newsletter=1, rows=(11, 12), topics=(CARERS, LAW)),
        TopicSet(newsletter=2, rows=(21, 22), topics=(LAW, CARERS)),
    ),
)


def test_what_a_source_brings_is_filed_in_the_newsletter_it_brings_it_to() -> None:
    """The other, which has a topic of that name, does not get it."""
    judged = RULES.judge(title="Zoo reopens", text="", brought={1: ("law",), 2: ()})

    assert judged == {12: ("everything from its source",)}
    assert RULES.judge(title="Zoo reopens", text="", brought={2: ("law", "unknown")}) == {21: judged[12]}
    assert RULES.judge(title="Zoo reopens", text="", brought={}) == {}


def test_what_an_item_says_is_filed_in_all() -> None:
    """Whatever its source brings."""
    judged = RULES.judge(title="Carers", text="", brought={2: ("law",)})

    assert set(judged) == {11, 21, 22}


def test_topics_are_called_by_their_slugs_each_once_in_order() -> None:
    """Two newsletters may have a topic of one name."""
    assert RULES.slugs({22: (), 21: (), 11: ()}) == ("carers", "law")
    assert RULES.slugs({22: (), 21: ()}) == ("law", "carers")
    assert RULES.slugs({}) == ()
