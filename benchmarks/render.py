"""What a letter costs: compiled once and joined for each reader, against rendered anew for each.

    python benchmarks/render.py [--items 40] [--variants 1000] [--readers 10] [--peers 10]

Prints one table and one JSON line. The peer is what most newsletter programs do, with the same templates, content and
reader in the same run: Jinja2 and MJML for every recipient, then the headers and the encoding by Python's own library.
It inlines nothing, so it is let off lightly; with premailer as well, a second line says.
"""

import argparse
import json
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import date
from email.message import EmailMessage
from itertools import islice
from random import Random
from typing import TypeVar

from digest.model.choice import Choice, Chosen, Reason
from digest.model.issue import Article, Heading, IssueContent
from digest.model.item import ItemId
from digest.model.newsletter import Brand, Newsletter, Sender
from digest.rendering.blocks import HTML_TEMPLATE, TEXT_TEMPLATE, Marks, TextMarks, compile_issue
from digest.rendering.context import context
from digest.rendering.environment import TemplateEnvironment, environment, render
from digest.rendering.headers import PersonalFields, headers_for
from digest.rendering.inlining import inline
from digest.rendering.message import prepare
from digest.rendering.mjml import compile_mjml
from digest.rendering.variant import Layout, lay_out
from digest.resources import folder

T = TypeVar("T")
TOPICS = tuple(Heading(slug=f"topic-{n}", name=f"Topic number {n}") for n in range(8))
WORDS = (
    "a rota that helped the team find time for the people who drive cook and lift at home on most days".split()  # noqa: SIM905
)
PERSONAL = {
    "greeting": "Hello Priya,",
    "why": "You get this once a month because you signed up with p•••@example.org and chose all topics.",
    "preferences_url": "https://digest.example/p/abcdefghijklmnopqrstuvwxyz",
    "pause_url": "https://digest.example/p/abcdefghijklmnopqrstuvwxyz#pause",
    "unsubscribe_url": "https://digest.example/u/abcdefghijklmnopqrstuvwxyz",
    "view_url": "https://digest.example/view/abcdefghijklmnopqrstuvwxyz",
}
FIELDS = PersonalFields(
    to="priya@example.org",
    message_id="<1.234567.abcdef@news.example.org>",
    date="Mon, 30 Nov 2026 08:00:00 +0000",
    unsubscribe_url=PERSONAL["unsubscribe_url"],
    unsubscribe_mailbox="",
    delivery_id="1.234567",
)
NEWSLETTER = Newsletter(slug="notes", name="Notes", sender=Sender(name="Notes", address="notes@news.example.org"))


def main() -> None:
    """Measure, print."""
    asked = _asked()
    content, env = _content(asked.items), environment([folder("templates")])
    compiling, blocks = _timed(lambda: compile_issue(content, env))
    headers = headers_for(NEWSLETTER, list_domain="news.example.org", feedback_id="2026-11:notes:issue:newsexample")
    laid_out = [lay_out(choice, content, topics=None) for choice in islice(_choices(content), asked.variants)]
    preparing, prepared = _timed(lambda: [prepare(blocks, layout, headers) for layout in laid_out])
    # Each is let go before the next is made, as when they are sent.
    joining, size = _timed(lambda: sum(len(each.message(PERSONAL, FIELDS)) for each in prepared))
    # Many readers share a variant; one that is warm is what most of a run is made of.
    again, _ = _timed(lambda: sum(len(prepared[0].message(PERSONAL, FIELDS)) for _ in range(asked.variants)))
    peer = _peer(asked.peers, content, env, laid_out, headers, inlined=False)
    inlined = _peer(asked.peers, content, env, laid_out, headers, inlined=True)
    figures = {
        "items": asked.items,
        "variants": asked.variants,
        "bytes": round(size / asked.variants),
        "compile_ms": round(compiling * 1e3, 1),
        "prepare_us": round(preparing / asked.variants * 1e6, 1),
        "message_us": round(joining / asked.variants * 1e6, 1),
        "message_same_variant_us": round(again / asked.variants * 1e6, 1),
        "peer_ms": round(peer * 1e3, 2),
        "peer_inlined_ms": round(inlined * 1e3, 2),
        "times_cheaper_one_reader_a_variant": round(peer / ((compiling + preparing + joining) / asked.variants)),
        "readers_a_variant": asked.readers,
        "times_cheaper": round(
            peer / ((compiling + preparing) / asked.variants / asked.readers + joining / asked.variants)
        ),
        "times_cheaper_a_message": round(peer / (joining / asked.variants)),
    }
    for name, value in figures.items():
        print(f"{name.replace('_', ' '):28}{value:>12,}")
    print(json.dumps(figures))


def _asked() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--items", type=int, default=40)
    parser.add_argument("--variants", type=int, default=1000)
    parser.add_argument("--readers", type=int, default=10, help="who get the same variant, on average")
    parser.add_argument("--peers", type=int, default=10, help="letters that the peer renders")
    return parser.parse_args()


def _timed(work: Callable[[], T]) -> tuple[float, T]:
    begun = time.perf_counter()
    done = work()
    return time.perf_counter() - begun, done


def _content(count: int) -> IssueContent:
    return IssueContent(
        newsletter="notes",
        name="Notes",
        title="Notes, November 2026",
        number=11,
        period_label="November 2026",
        published_on=date(2026, 11, 30),
        language="en-GB",
        brand=Brand(publisher="Harbour Institute", postal_address="12 Quay Street, Exampleton EX1 2AB"),
        intro_html="<p>Two pieces look at the first weeks.</p>",
        intro_text="Two pieces look at the first weeks.",
        topics=TOPICS,
        articles=tuple(_article(n) for n in range(1, count + 1)),
        archive_url="https://digest.example/archive/notes/2026-11",
        archive_home_url="https://digest.example/archive/notes",
    )


def _article(number: int) -> Article:
    said = Random(number)  # the same in every run
    summary = " ".join(said.choices(WORDS, k=55)).capitalize() + "."
    link = f"https://digest.example/archive/notes/2026-11/piece-{number}"
    return Article(
        id=ItemId(number),
        slug=f"piece-{number}",
        title=" ".join(said.choices(WORDS, k=8)).capitalize(),
        source="Research news",
        published_on=date(2026, 11, 1 + number % 28),
        people=(),
        word_count=900,
        reading_minutes=4,
        summary_html=f"<p>{summary}</p>",
        summary_text=summary,
        body_html=f"<p>{summary}</p>",
        link=link,
        link_label="Read the findings",
        archive_url=link,
        topics=(TOPICS[number % len(TOPICS)].slug,),
    )


def _choices(content: IssueContent) -> Iterator[Choice]:
    """Letters of some ten to twenty-five pieces, each its own."""
    said = Random(7)
    order = {topic.slug: at for at, topic in enumerate(content.topics)}
    while True:
        some = said.sample(content.articles, k=said.randint(10, min(25, len(content.articles))))
        placed = sorted(some, key=lambda article: (order[article.topics[0]], article.id))
        yield Choice(
            chosen=tuple(Chosen(id=a.id, under=a.topics[0], reason=Reason.TOPIC) for a in placed), passed_over={}
        )


def _peer(
    count: int,
    content: IssueContent,
    env: TemplateEnvironment,
    laid_out: list[Layout],
    headers: dict[str, str],
    *,
    inlined: bool,
) -> float:
    """Seconds for one message that is rendered for one recipient alone, with the pieces of their own choice."""
    begun = time.perf_counter()
    for layout in laid_out[:count]:
        mine = set(layout.item_ids)
        own = replace(content, articles=tuple(a for a in content.articles if a.id in mine))
        _rendered(own, env, headers, layout.subject, inlined=inlined)
    return (time.perf_counter() - begun) / min(count, len(laid_out))


def _rendered(
    content: IssueContent, env: TemplateEnvironment, headers: dict[str, str], subject: str, *, inlined: bool
) -> bytes:
    values = context(content, env.phrases)
    html = compile_mjml(render(env, HTML_TEMPLATE, values | Marks("0" * 24).functions))
    text = render(env, TEXT_TEMPLATE, values | TextMarks("0" * 24).functions)
    message = EmailMessage()
    for name, value in {**headers, "Subject": subject, "To": FIELDS.to, "Date": FIELDS.date}.items():
        if name != "MIME-Version":
            message[name] = value
    message.set_content(text)
    message.add_alternative(inline(html) if inlined else html, subtype="html")
    return message.as_bytes()


if __name__ == "__main__":
    main()
