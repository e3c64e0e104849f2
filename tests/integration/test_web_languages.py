"""Readers' pages speak their reader's language: every sentence, in each state of each page."""

import re
from pathlib import Path

import pytest
from httpx import Response
from lxml import html

from digest.web import front
from digest.web.hearing import accepted
from digest.web.hrefs import in_folder
from tests.support import walk
from tests.support.counter import ALL, Counter, counter, stencil
from tests.support.web_house import NAME, READER, SCRIPT

__all__ = ["counter", "stencil"]

#: What people wrote: names, descriptions and titles.
CONTENT = (
    *(NAME, READER, f'About "quays" {SCRIPT}', f'Carers "and" {SCRIPT}', f"Families {SCRIPT}", "Money"),
    *(f"A rota that carers {SCRIPT} wrote", "Budgets for carers, five years on", "Who pays for the budget"),
    *("Quay Notes", "Priya"),
)
#: Known by other things than words: fields' values, languages by their own name, code to copy, what was noted.
_APART = "//option[@lang] | //pre | //*[@translate='no'] | //style"


def said(page: Response) -> str:
    """All that is read and read out, without what people wrote."""
    tree = html.document_fromstring(page.content)
    for each in tree.xpath(_APART):
        each.drop_tree()
    text = " ".join([*tree.itertext(), *map(str, tree.xpath("//@alt | //@aria-label | //@title | //@placeholder"))])
    for each in CONTENT:
        text = text.replace(each, " ")
    return re.sub(r"[^\s⟦⟧]*@[^\s⟦⟧]+", " ", text)


def unsaid(page: Response) -> list[str]:
    """Words that did not go through the catalogue."""
    text = said(page)
    while (inner := re.sub(r"⟦[^⟦⟧]*⟧", " ", text)) != text:
        text = inner
    return re.findall(r"[^\W\d_]{2,}", text)


@pytest.fixture
def pretended(counter: Counter, tmp_path: Path) -> Counter:
    return walk.speaking(counter, walk.PRETENDED, catalogues=walk.pretended(tmp_path / "own"))


def test_no_sentence_of_a_page_is_hard_coded(pretended: Counter) -> None:
    """Forms, mistakes, notices, refusals and goodbyes, in a language that says everything between brackets and is
    written from right to left."""
    found = walk.pages(pretended, walk.PRETENDED)

    assert {name: words for name, page in found.items() if (words := unsaid(page))} == {}
    roots = {name: html.document_fromstring(page.content).attrib for name, page in found.items()}
    assert {(root["lang"], root["dir"]) for root in roots.values()} == {(walk.PRETENDED, "rtl")}


def test_german_readers_have_german_pages(counter: Counter) -> None:
    """As they see them, with days and numbers as they are written there."""
    found = walk.pages(walk.speaking(counter, "de"), "de-AT")

    assert {html.document_fromstring(page.content).get("lang") for page in found.values()} == {"de"}
    for name, sentence in {
        "form": "Dann bekommen Sie einen Brief im Monat, zuerst am 1. Dezember",
        "mistakes": "Das sieht nicht nach einer E-Mail-Adresse aus.",
        "confirmed": "Sie sind angemeldet",
        "paused": "Pausiert bis zum 20. Februar 2027.",
        "own page": "an Ihren Mailserver übergeben",
        "unsubscribed": "Sie sind abgemeldet",
        "not so fast": "Bitte versuchen Sie es in einer Stunde noch einmal.",
        "nothing there": "Diese Seite gibt es nicht",
        "copy": "in Ihrem Postfach",
        "own page at last": "Es ist zu viel zu lesen",
    }.items():
        assert sentence in said(found[name]), name


def test_a_reader_of_another_language_than_the_newsletters(counter: Counter) -> None:
    """Their pages speak theirs, from the moment they choose it; what the newsletter wrote says that it is English."""
    saved = counter.browser.post(counter.trial.preferences, data={**ALL, "language": "de"})
    left = counter.browser.post(counter.trial.unsubscribe)

    tree = html.document_fromstring(saved.content)
    assert "Gespeichert. Gilt ab der nächsten Ausgabe." in saved.text
    assert [each.get("lang") for each in tree.xpath("//label//strong")] == [None, "en-GB", "en-GB"]
    assert "Sie sind abgemeldet" in left.text


@pytest.mark.parametrize(
    ("header", "tag"),
    [
        ("", ""),
        ("de", "de"),
        ("de-CH;q=0.8, en-US;q=0.7", "de"),
        ("fr, en;q=0.9, de;q=0.95", "de"),
        ("de;q=0, en", "en-GB"),
        ("tlh, *", ""),
        ("de;q=much", ""),
        ("," * 500, ""),
    ],
)
def test_a_browser_says_what_it_likes(counter: Counter, header: str, tag: str) -> None:
    """The best of the languages that there are, or none of them."""
    asked = counter.browser.build_request("GET", "/", headers={"Accept-Language": header})

    assert accepted(asked, counter.house.tongues) == tag  # type: ignore[arg-type]


def test_where_nobody_is_known_the_browser_decides(counter: Counter) -> None:
    """Else the language that all newsletters have in common; and whoever keeps such a page is told so."""
    liked = counter.browser.get("/preferences/", headers={"Accept-Language": "de"})
    unknown = walk.speaking(counter, "de").browser.get("/preferences/", headers={"Accept-Language": "tlh"})

    assert liked.headers["vary"] == "Accept-Language"
    assert ["Link zuschicken" in each.text for each in (liked, unknown)] == [True, True]


def test_the_front_page_of_several_languages_speaks_the_browsers(counter: Counter) -> None:
    """Where the newsletters have none in common; and it says so to whoever keeps it."""
    page = front.page(counter.house, [], in_folder, "de")

    assert b'lang="de"' in page.body
    assert "Hier gibt es noch keinen Newsletter." in page.body.decode()


def test_what_goes_wrong_is_said_in_the_language_of_the_page(counter: Counter) -> None:
    """By the newsletter in its address, or the reader of its link, whatever the browser likes; a private newsletter's
    archive, which is not there, tells nothing of itself."""
    german = walk.speaking(counter, "de").browser
    german.headers["Accept-Language"] = "en"
    lost = german.get("/archive/quay/2031-01/")
    too_much = german.post(counter.trial.preferences, data={"topics": "x" * 70_000})

    assert "Diese Seite gibt es nicht" in lost.text
    assert "Das war mehr, als diese Seite annehmen kann." in too_much.text


def test_json_speaks_the_language_that_is_asked_for(counter: Counter) -> None:
    """Programs pass on what they are told to people."""
    asked = {"newsletter": "quay", "email": "no"}
    answers = [
        counter.browser.post("/api/subscriptions", json=asked, headers={"Accept-Language": tag}) for tag in ("de", "en")
    ]

    told = [answer.json()["errors"][0]["message"] for answer in answers]
    assert told[0].startswith("Das sieht nicht nach")
    assert told[1].startswith("This does not look")
