"""Topics: which words file an item, and which do not."""

import pytest

from digest.model.topic import FAR_BEHIND, LONG, THRESHOLD, TITLE_WEIGHT, Evidence, Topic, file_under

#: Words that no phrase of these tests knows, more than a beginning has.
PREAMBLE = "Much was said that day of which little is left to tell. " * 6


def filed(
    *phrases: str,
    title: str = "",
    text: str = "",
    categories: tuple[str, ...] = (),
    people: tuple[str, ...] = (),
    labels: tuple[str, ...] = (),
) -> tuple[Evidence, ...]:
    """The reasons to file this under one topic with these phrases; none when it is not filed."""
    topic = Topic(slug="carers", name="Unpaid carers", phrases=phrases, categories=labels)
    found = file_under([topic], title=title, text=text, categories=categories, people=people)
    return found.get("carers", ())


def told(*phrases: str, title: str = "", text: str = "") -> list[str]:
    """The same, as an editor is told."""
    return [str(evidence) for evidence in filed(*phrases, title=title, text=text)]


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


def test_one_phrase_in_the_text_is_not_enough_and_two_are() -> None:
    """One may be in passing, wherever it stands."""
    assert not filed("respite", "carer*", text="Respite is mentioned once. " + PREAMBLE)
    assert filed("respite", "carer*", text="Carers want respite. " + PREAMBLE)
    assert not filed("respite", "carer*", text=PREAMBLE + "They want respite.")
    assert filed("respite", "carer*", text=PREAMBLE + "Carers want respite.")


def test_a_mention_where_the_text_begins_counts_for_more() -> None:
    """So a telling phrase needs no second one there."""
    assert filed("respite^1.4", text="Respite for a week. " + PREAMBLE)
    assert not filed("respite^1.4", text=PREAMBLE + "Respite for a week.")


def test_what_begins_a_text_and_comes_again_is_what_it_is_about() -> None:
    """The second mention counts half; where none stands at the beginning, two are not enough."""
    assert filed("respite", text="Respite is rare. " + PREAMBLE + "Who has respite?")
    assert not filed("respite", text=PREAMBLE + "Respite is rare. Who has respite?")


def test_hints_add_up() -> None:
    """None of them tells by itself; together they do."""
    hints = ("break^0.5", "rest^0.5", "relief^0.5")

    assert not filed(*hints, text="A break and some rest. " + PREAMBLE)
    assert filed(*hints, text="A break, some rest, and what relief. " + PREAMBLE)


def test_a_title_with_hardly_a_text_needs_less() -> None:
    """Many feeds bring titles only; a weight that wants support in a long piece is enough there."""
    assert filed("carer*^0.7", title="Carers at work")
    assert filed("carer*^0.7", title="Carers at work", text="Read more.")
    assert not filed("carer*^0.7", title="Carers at work", text=PREAMBLE)
    assert not filed("carer*^0.5", title="Carers at work")


def test_a_long_text_must_say_more() -> None:
    """Two mentions in five hundred words are in passing."""
    long = PREAMBLE * (4 * LONG // len(PREAMBLE.split()))

    assert filed("respite", "carer*", text=PREAMBLE + "Carers want respite.")
    assert not filed("respite", "carer*", text=long + "Carers want respite.")
    assert filed(
        "respite", "carer*", "break", "rest", text=long + "Carers want respite, a break, a rest. Respite for carers!"
    )


def test_a_word_that_comes_again_and_again_counts_like_one_that_comes_twice() -> None:
    """The reason still says how often it came."""
    (evidence,) = filed("respite", text="respite " * 40)

    assert evidence.count == 40
    assert str(evidence) == "“respite” in the text (40 times)"
    assert not filed("respite", text=PREAMBLE + "respite " * 40)


def test_what_is_far_behind_another_topic_is_only_mentioned() -> None:
    """A piece all about one thing is not about each thing that it names."""
    strong = Topic(slug="law", name="Law", phrases=(f"court^{1 / FAR_BEHIND + 0.1:g}",))
    passing = Topic(slug="carers", name="Unpaid carers", phrases=("carer*",))

    assert set(file_under([passing, strong], title="Carers in court", text="")) == {"law"}
    assert set(file_under([passing], title="Carers in court", text="")) == {"carers"}


@pytest.mark.parametrize("category", ["Unpaid carers", "carers", " CARERS ", "unpaid CARERS"])
def test_a_category_of_the_source_named_like_a_topic_files_by_itself(category: str) -> None:
    """The source's own word counts as much as a title, and the reason names the topic."""
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


@pytest.mark.parametrize("category", ["Family care", "FAMILY  CARE", "carers’ news", "Carers’ News and views"])
def test_a_label_that_means_the_topic_files_by_itself(category: str) -> None:
    """Every source has words of its own; a final `*` stands for any ending."""
    (reason,) = map(str, filed(labels=("Family care", "Carers’ news*"), categories=(category,)))

    assert reason in {"“Family care” in the category", "“Carers’ news*” in the category"}


@pytest.mark.parametrize("label", ["", "*", " * "])
def test_a_label_of_no_words_means_nothing(label: str) -> None:
    """A slip of the pen must not put everything with a label under one topic."""
    assert filed(labels=(label,), categories=("Sport", "")) == ()


def test_everything_from_a_source_may_be_filed_under_a_topic_whatever_it_says() -> None:
    """Also what speaks against it; the reason says whose word it is."""
    topic = Topic(slug="carers", name="Unpaid carers", phrases=("-zoo*^9",))

    found = file_under([topic], title="Zoo reopens", text="", defaults=("carers", "unknown"))

    assert str(found["carers"][0]) == "everything from its source"


def test_a_phrase_may_be_told_where_to_stand() -> None:
    """Elsewhere it says nothing; labels and people are looked at only by phrases that name them."""
    assert filed("title:course", title="A course in hope")
    assert not filed("title:course", text="Of course, of course, of course.")
    assert filed("text:course", text="The course is a course of a course.")
    assert not filed("text:course", title="A course in hope")
    assert filed("category:method*", categories=("Ethics", "Mixed methods"))
    assert filed("people:Ruth Hale", people=("Tom Hale", "Ruth Hale"))
    assert not filed("Ruth Hale", "mixed methods", people=("Ruth Hale",), categories=("Mixed methods",))
    assert not filed("people:Hale Ruth", people=("Tom Hale", "Ruth Hale"))


def test_a_weight_counts_for_more_or_less() -> None:
    """Twice as much makes one mention enough; half as much makes one in the title too little."""
    assert told("respite^2", text=PREAMBLE + "A week of respite.") == ["“respite” in the text, with weight 2"]
    assert not filed("savings^0.5", title="Savings")


def test_a_phrase_against_makes_void_what_stands_within_it_and_no_more() -> None:
    """“A stroke of luck” is not a stroke, how often soever; the strokes beside it count as before."""
    phrases = ("stroke", "-stroke of luck")

    assert not filed(*phrases, title="A stroke of luck", text="By a stroke of luck. " * 5)
    assert filed("stroke^2", *phrases[1:], text=PREAMBLE + "By a stroke of luck she survived a stroke, then a stroke.")
    assert not filed("stroke^2", *phrases[1:], text=PREAMBLE + "A stroke of luck, and another stroke of luck.")


def test_a_phrase_against_speaks_also_beside_the_others() -> None:
    """It takes away what its mentions would have added; a heavy one outweighs nearly everything."""
    assert filed("carer*", title="Carers at the zoo")
    assert not filed("carer*", "-zoo^1.5", title="Carers at the zoo")
    assert not filed("carer*", "-young carer*^9", title="Young carers", text="Carers and carers. " * 9)
    assert told("carer*^2", "-zoo", title="Carers speak", text=PREAMBLE + "Not at the zoo.") == [
        "“carer*” in the title, with weight 2",
        "against: “zoo” in the text",
    ]


def test_of_phrases_within_one_another_the_longest_counts() -> None:
    """So a list may hold both, and the more exact one has the last word."""
    assert not filed("carer*", "family carer*", text=PREAMBLE + "The family carer left.")
    assert told("carer*", "family carer*^4", text=PREAMBLE + "The family carer left.") == [
        "“family carer*” in the text, with weight 4"
    ]
    assert not filed("carer*", "zoo carer*^0.1", title="Zoo carers")


def test_a_phrase_that_cannot_be_read_files_nothing_and_stops_nothing() -> None:
    """It is refused where it is written; what a database still holds must not keep items from filing."""
    assert told("titel:respite", "respite^0", "^", "respite", title="Respite") == ["“respite” in the title"]


def test_no_topics_file_nothing() -> None:
    """A newsletter may have none yet."""
    assert file_under([], title="Carers", text="Carers, carers.", categories=("Carers",), defaults=("carers",)) == {}
