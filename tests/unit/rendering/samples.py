"""An issue with eight articles, as a freeze would make it."""

from dataclasses import replace
from datetime import date

from digest.model.choice import Choice, Chosen, Reason
from digest.model.issue import Article, Heading, IssueContent
from digest.model.item import ItemId
from digest.model.newsletter import Brand

TOPICS = (
    Heading(slug="carers", name="Unpaid carers"),
    Heading(slug="safeguarding", name="Safeguarding and risk"),
    Heading(slug="budgets", name="Personal budgets"),
    Heading(slug="integration", name="Integration and funding"),
)


def article(id: int, title: str, *topics: str, **changes: object) -> Article:
    """An article filed under the topics; anything else by name."""
    summary = str(changes.pop("summary", f"What {title.lower()} means for teams that have little time."))
    plain = Article(
        id=ItemId(id),
        slug=f"piece-{id}",
        title=title,
        source="Research news",
        published_on=date(2026, 11, 2 + id % 28),
        people=(),
        word_count=220 * (id + 1),
        reading_minutes=id + 1,
        summary_html=f"<p>{summary}</p>",
        summary_text=summary,
        body_html=f"<p>{summary}</p>",
        link=f"https://research.example/news/{id}",
        link_label="Read the findings",
        archive_url=f"https://digest.example/archive/care-notes/2026-11/piece-{id}",
        topics=topics,
    )
    return replace(plain, **changes)  # type: ignore[arg-type]


ARTICLES = (
    article(
        1,
        "Tell us what your team needs from research next year",
        pinned=True,
        summary="Our call for topics is open until 12 December. Three questions, ten minutes, no login.",
        link_label="Suggest a topic",
    ),
    article(
        2,
        "First nights home: who checks, and when",
        "carers",
        "integration",
        summary="Families in four towns kept a diary of the first fortnight after discharge. Most had one phone call; "
        "a third had none. The study sets out a short list of checks that a neighbourhood team can share between "
        "three people.",
    ),
    article(
        3,
        "A rota that carers helped to write",
        "carers",
        people=("Ruth Adeyemi", "Tom Hale"),
        published_on=None,
        source="Blog",
        word_count=1240,
        link_label="Continue reading",
        summary="What changed when a day centre let the people who drive, cook and lift at home set the opening "
        "hours, and what it cost.",
    ),
    article(
        4,
        "When a safeguarding call is not closed",
        "safeguarding",
        summary="Managers of six teams describe the referrals that stay open for months, and the small habits that "
        "bring them to an end.",
    ),
    article(
        5,
        "Asking about money without losing trust",
        "budgets",
        "carers",
        summary_html="<p>Social workers tried three ways to begin the talk about means:</p><ul><li>early, in the "
        "first visit</li><li>in <em>writing</em>, with <a href='https://research.example/forms?a=1&amp;b=2'>a "
        "form</a></li><li>late, once the plan was clear</li></ul>",
        summary_text="Social workers tried three ways to begin the talk about means:\n\n• early, in the first visit\n"
        "• in writing, with a form\n• late, once the plan was clear",
    ),
    article(6, "One assessment, two budgets", "integration", "budgets"),
    article(7, "Risk plans that people can read", "safeguarding", "integration", "budgets"),
    article(8, "Night sitters in short supply", "carers", published_on=date(2025, 12, 30)),
)

CONTENT = IssueContent(
    newsletter="care-notes",
    name="Care Notes",
    title="Care Notes, November 2026: first nights home",
    number=11,
    period_label="November 2026",
    published_on=date(2026, 11, 30),
    language="en-GB",
    brand=Brand(publisher="Harbour Institute for Care Research", postal_address="12 Quay Street, Exampleton EX1 2AB"),
    intro_html="<p>Much of this month looks at what happens in the first weeks after someone comes home from "
    "hospital, a question that many of you wrote to us about.</p>",
    intro_text="Much of this month looks at what happens in the first weeks after someone comes home from hospital, "
    "a question that many of you wrote to us about.",
    topics=TOPICS,
    articles=ARTICLES,
    archive_url="https://digest.example/archive/care-notes/2026-11",
    archive_home_url="https://digest.example/archive/care-notes",
)

PERSONAL = {
    "greeting": "Hello Priya,",
    "why": "You get this once a month because you signed up on 3 March 2026 with p•••@example.org and chose Unpaid "
    "carers, Safeguarding and risk, and Personal budgets.",
    "preferences_url": "https://digest.example/p/abcdefghijklmnopqrstuvwxyz0123456789?a=1&b=2",
    "pause_url": "https://digest.example/pause/abcdefghijklmnopqrstuvwxyz0123456789",
    "unsubscribe_url": "https://digest.example/u/abcdefghijklmnopqrstuvwxyz0123456789",
    "view_url": "https://digest.example/view/abcdefghijklmnopqrstuvwxyz0123456789",
}


def choice(*placed: tuple[int, str | None], more: int = 0) -> Choice:
    """A choice of items, each under a topic, or None for a note."""
    chosen = tuple(
        Chosen(id=ItemId(item), under=under, reason=Reason.TOPIC if under else Reason.PINNED) for item, under in placed
    )
    return Choice(chosen=chosen, no_room={ItemId(900 + n): Reason.ISSUE_FULL for n in range(more)})


def many(count: int) -> tuple[Article, ...]:
    """So many articles, spread evenly over the topics in their order, with summaries of the usual length."""
    summary = (
        "Teams of six towns wrote down what they did for a fortnight, and what they wished they had time for. The "
        "diaries show where the hours go, and which of them a neighbour could have taken. "
    ) * 2
    return tuple(
        article(
            n,
            f"What thirty teams learned in week {n} of their diaries",
            TOPICS[(n - 1) * len(TOPICS) // count].slug,
            summary=summary.strip(),
        )
        for n in range(1, count + 1)
    )
