"""Languages: no sentence of a letter is left in English where the reader's language has a catalogue."""

import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog, Message
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po
from babel.support import NullTranslations
from lxml import html

from digest.model.choice import Choice, Chosen, Reason
from digest.model.issue import IssueContent
from digest.rendering.blocks import compile_issue
from digest.rendering.environment import TemplateEnvironment, environment
from digest.rendering.message import prepare
from digest.rendering.notices import Filled
from digest.rendering.phrases import Phrases
from digest.rendering.tongues import SOURCE, Tongue, Tongues
from digest.rendering.variant import lay_out
from digest.resources import folder
from tests.unit.rendering.samples import CONTENT

ROOT = Path(__file__).resolve().parents[3]
CATALOGUES = sorted((folder("templates") / "languages").glob("*.po"))
KEYWORDS = {"_": None, "gettext": None, "ngettext": (1, 2), "say": None, "plural": (1, 2), "marked": None}
PERSONAL = {
    "greeting": "«Priya»",
    "why": "«why»",
    "preferences_url": "https://digest.example/p/x",
    "pause_url": "https://digest.example/p/x#pause",
    "unsubscribe_url": "https://digest.example/u/x",
    "view_url": "https://digest.example/view/x",
}


class Pretended(NullTranslations):
    """A language that says everything between brackets."""

    def gettext(self, message: str) -> str:
        return f"⟦{message}⟧"

    def ngettext(self, one: str, many: str, n: int) -> str:
        return f"⟦{one if n == 1 else many}⟧"

    ugettext, ungettext = gettext, ngettext  # by which Jinja2 asks


def sentences() -> set[object]:
    """Every message of the templates and of the code that makes letters and pages."""
    options = {"jinja2": {"trimmed": "true"}}
    found: set[object] = set()
    code, templates = ROOT / "digest", folder("templates")
    places = [(code / each, "python") for each in ("rendering", "web", "flow")]
    for place, method in (*places, (templates / "email", "jinja2"), (templates / "web", "jinja2")):
        ending = "**.py" if method == "python" else "**.j2"
        for _, _, message, _, _ in extract_from_dir(
            place, method_map=[(ending, method)], keywords=KEYWORDS, options_map={ending: options.get(method, {})}
        ):
            found.add(message)
    return found


def catalogue(file: Path) -> Catalog:
    with file.open("rb") as source:
        return read_po(source, locale=file.stem.replace("-", "_"), abort_invalid=True)


def translated(message: Message) -> bool:
    said = message.string if isinstance(message.string, tuple) else (message.string,)
    return all(said) and not message.fuzzy


@pytest.mark.parametrize("file", CATALOGUES, ids=lambda file: file.stem)
def test_a_catalogue_has_every_sentence_and_no_other(file: Path) -> None:
    """Whoever adds a sentence translates it: `make languages` gathers what is missing."""
    known = {m.id if isinstance(m.id, str) else tuple(m.id): m for m in catalogue(file) if m.id}

    assert sentences() - set(known) == set()
    assert set(known) - sentences() == set()
    assert [m.id for m in known.values() if not translated(m)] == []


@pytest.mark.parametrize("file", CATALOGUES, ids=lambda file: file.stem)
def test_a_translation_has_the_same_places_to_fill(file: Path) -> None:
    """One more would stop a letter, one less would lose a name."""
    assert [(m.id, [str(e) for e in errors]) for m, errors in catalogue(file).check()] == []


def in_brackets(content: IssueContent) -> IssueContent:
    """The content with everything that people wrote between signs of its own."""
    return replace(
        content,
        name="«name»",
        title="«title»",
        period_label="«period»",
        intro_html="<p>«intro»</p>",
        intro_text="«intro»",
        brand=replace(content.brand, publisher="«publisher»", postal_address="«address»"),
        topics=tuple(replace(topic, name=f"«{topic.slug}»") for topic in content.topics),
        articles=tuple(
            replace(
                a,
                title=f"«{a.slug}»",
                source="«source»",
                people=tuple("«person»" for _ in a.people),
                published_on=None,
                summary_html="<p>«summary»</p>",
                summary_text="«summary»",
                link_label="«where»",
            )
            for a in content.articles
        ),
    )


def pretended() -> TemplateEnvironment:
    tongue = Tongue(tag="en-GB", catalogue=Pretended(), locale=Tongues(()).of(SOURCE).locale)
    return environment([folder("templates")], Phrases(tongue))


def letters() -> Iterator[Filled]:
    """A full letter, one with more than found room, a quiet one, and the last."""
    env = pretended()
    for content in (in_brackets(CONTENT), replace(in_brackets(CONTENT), last=True)):
        blocks = compile_issue(content, env)
        filed = [a for a in content.articles if a.topics and not a.pinned]
        chosen = [Chosen(id=a.id, under=None, reason=Reason.PINNED) for a in content.articles if a.pinned]
        chosen += [Chosen(id=a.id, under=a.topics[0], reason=Reason.TOPIC) for a in filed]
        chosen.sort(key=lambda c: [None, *(t.slug for t in content.topics)].index(c.under))
        full = Choice(chosen=tuple(chosen))
        short = Choice(chosen=tuple(chosen[:1]), no_room={filed[-1].id: Reason.TOO_BIG})
        for choice in (full, short, Choice(chosen=())):
            layout = lay_out(choice, content, topics=frozenset({"carers"}), phrases=env.phrases)
            prepared = prepare(blocks, layout, {})
            yield Filled(subject=layout.subject, html=prepared.html(PERSONAL), text=prepared.text(PERSONAL))


def unsaid(text: str) -> list[str]:
    """Words that are neither content nor went through the catalogue; addresses are no words."""
    text = re.sub(r"https?://\S+", " ", text)
    while (inner := re.sub(r"⟦[^⟦⟧]*⟧|«[^«»]*»", " ", text)) != text:
        text = inner
    return re.findall(r"[^\W\d_]{2,}", text)


def test_no_sentence_of_a_letter_is_hard_coded() -> None:
    """Neither in what is read, nor in what is read out."""
    for letter in letters():
        tree = html.document_fromstring(letter.html)
        body = tree.find("body")
        assert body is not None
        said = [*body.itertext(), *(str(v) for v in body.xpath("//@alt | //@aria-label | //@title"))]
        assert [word for text in said for word in unsaid(text)] == []
        assert unsaid(letter.text) == []


def test_german_letters_are_german() -> None:
    """As a reader sees them, with dates and numbers as they are written there."""
    tongues = Tongues([folder("templates")])
    env = environment([folder("templates")], Phrases(tongues.of("de")))
    content = replace(CONTENT, language="de")
    filed = next(a for a in content.articles if a.topics)
    choice = Choice(chosen=(Chosen(id=filed.id, under=filed.topics[0], reason=Reason.TOPIC),))

    layout = lay_out(choice, content, topics=frozenset({"carers"}), phrases=env.phrases)
    letter = prepare(compile_issue(content, env), layout, {}).html(PERSONAL)

    assert html.document_fromstring(letter).get("lang") == "de"
    assert "Ein neuer Beitrag zu Ihrem Thema" in letter
    assert "Im Browser lesen" in letter
    assert "4. November · Research news · 3 Min. Lesezeit" in letter
    assert "Abbestellen" in letter
