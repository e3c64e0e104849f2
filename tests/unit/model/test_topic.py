"""Topics: which words file an item, and which do not."""

import pytest

from digest.model.topic import MOST_COUNTED, THRESHOLD, TITLE_WEIGHT, Evidence, Topic, file_under


def filed(*phrases: str, title: str = "", text: str = "", categories: tuple[str, ...] = ()) -> tuple[Evidence, ...]:
    """The reasons to file this under one topic with these phrases; none when it is not filed."""
    topic = Topic(slug="carers", name="Unpaid carers", phrases=phrases)
    return file_under([topic], title=title, text=text, categories=categories).get("carers", ())


@pytest.mark.parametrize(
    ("phrase", "title"),
    [
        ("abuse", "Abuse: what is noticed"),
        ("abuse", "How ABUSE is prevented"),
        ("abuse", "Prevention of abuse"),
        ("carer*", "A carer's year"),
        ("carer*", "What carers want"),
        ("self harm", "Support after self-harm"),
        ("self-harm", "Support after self harm"),
        ("self harm", "Support after self\nharm"),
        ("long term condition*", "Living with long-term conditions"),
        ("carer's rights", "Carer’s rights at work"),
        ("carer’s rights", "Carer's rights at work"),
        ("South Asian", "south asian families"),
        ("autis*", "Autistic adults"),
        ("autis*", "Life with autism"),
        ("DOLS", "Dols in practice"),
        ("ageing", "“Ageing” and its words"),
        ("ageing", "Healthy-ageing plans"),
        ("50+", "Work for people 50+ today"),
        ("R&D", "How R&D is paid for"),
        ("C.T.O.", "Life under a C.T.O. order"),
    ],
)
def test_a_phrase_is_found_in_a_title(phrase: str, title: str) -> None:
    """Whole words in any case; a space also matches a hyphen or a line's end; both apostrophes are one."""
    assert filed(phrase, title=title) == (Evidence(phrase=phrase, part="title", count=1),)


@pytest.mark.parametrize(
    ("phrase", "title"),
    [
        ("abuse", "The disabused manager"),
        ("abuse", "Abuses of power"),
        ("carer", "What carers want"),
        ("rota", "Rotary clubs"),
        ("care act", "Careful actors"),
        ("self harm", "Harm to oneself, self reported"),
        ("autis*", "Automatic payments"),
        ("gay", "Margaysay"),
        ("50+", "150+ people asked"),
    ],
)
def test_a_part_of_another_word_is_not_the_phrase(phrase: str, title: str) -> None:
    """“Rota” does not file what is about Rotary clubs."""
    assert filed(phrase, title=title) == ()


@pytest.mark.parametrize("phrase", ["", "*", "  ", " * "])
def test_a_phrase_of_no_words_files_nothing(phrase: str) -> None:
    """A slip of the pen in a list of phrases must not put everything under one topic."""
    assert filed(phrase, title="Anything at all", text="Whatever it says, whatever it says.") == ()


def test_one_phrase_in_the_title_is_enough() -> None:
    """A title speaks for the whole piece."""
    assert TITLE_WEIGHT >= THRESHOLD
    assert filed("respite", title="Respite by the sea")


def test_one_mention_in_the_text_is_not_enough_and_two_are() -> None:
    """It may be in passing; the same phrase twice, or two different ones, are not."""
    assert not filed("respite", "carer*", text="She mentions respite once.")
    assert filed("respite", text="Respite is rare, and respite is short.")
    assert filed("respite", "carer*", text="Carers want respite.")


def test_a_word_that_comes_again_and_again_counts_three_times() -> None:
    """The reason still says how often it came."""
    (evidence,) = filed("respite", text="respite " * 40)

    assert evidence.count == 40 > MOST_COUNTED
    assert str(evidence) == "“respite” in the text (40 times)"


@pytest.mark.parametrize("category", ["Unpaid carers", "carers", " CARERS ", "unpaid CARERS"])
def test_a_category_of_the_source_named_like_a_topic_files_by_itself(category: str) -> None:
    """The source's own word counts as much as a title."""
    assert filed(categories=(category,)) == (Evidence(phrase="Unpaid carers", part="category", count=1),)


def test_a_category_of_another_name_files_nothing() -> None:
    """A part of a name is not the name."""
    assert filed(categories=("Unpaid", "carers and others")) == ()


def test_an_item_may_stand_under_several_topics_each_with_its_own_reasons() -> None:
    """Reasons are told in words that an editor can check."""
    topics = [
        Topic(slug="carers", name="Unpaid carers", phrases=("carer*",)),
        Topic(slug="law", name="Law", phrases=("the law", "rights")),
        Topic(slug="events", name="Events", phrases=("conference",)),
    ]

    found = file_under(topics, title="Carers and the law", text="Rights on paper.")

    assert {slug: [str(e) for e in evidence] for slug, evidence in found.items()} == {
        "carers": ["“carer*” in the title"],
        "law": ["“the law” in the title", "“rights” in the text"],
    }
