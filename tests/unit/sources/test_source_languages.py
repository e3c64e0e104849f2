"""The language of an item is what its source says, else a guess that is sure, else unknown."""

import pytest

from digest.sources import languages
from digest.sources.languages import guessed, tag


@pytest.mark.parametrize(
    ("given", "written"),
    [
        ("en", "en"),
        ("en-gb", "en-GB"),
        ("EN_us", "en-US"),
        (" de ", "de"),
        ("zh-hant-tw", "zh-Hant-TW"),
        ("sr-Latn", "sr-Latn"),
        ("es-419", "es-419"),
        ("de-DE-1996", "de-DE-1996"),
        ("sl-rozaj-biske", "sl-rozaj-biske"),
        ("cym", "cym"),
    ],
)
def test_a_tag_is_written_as_bcp_47_has_it(given, written):
    """Language small, script with a capital, region in capitals, parted by hyphens."""
    assert tag(given) == written


@pytest.mark.parametrize(
    "given",
    [
        "",
        None,
        5,
        [],
        "English",
        "x-default",
        "und",
        "mul",
        "zxx",
        "C",
        "en-",
        "en gb",
        "en;q=0.8",
        "<b>",
        "en" + "-abcdefgh" * 4,
    ],
)
def test_a_tag_that_says_nothing_is_none(given):
    """So that the text may be asked."""
    assert tag(given) is None


SAID = {
    "en": "Care workers are leaving faster than they can be replaced, and that is what they say themselves.",
    "de": "Pflegekräfte fehlen überall, sagt eine neue Studie aus der Stadt.",
    "fr": "Les aidants familiaux demandent plus de soutien aux communes.",
    "es": "Los cuidadores piden más apoyo a los ayuntamientos de la región.",
    "cy": "Mae gofalwyr di-dâl yn galw am fwy o gymorth gan gynghorau.",
    "nl": "Mantelzorgers vragen gemeenten om meer steun en meer tijd.",
    "pl": "Opiekunowie rodzinni potrzebują więcej wsparcia od gmin.",
    "ru": "Уход за пожилыми людьми требует больше поддержки в каждом районе.",
    "ar": "يحتاج مقدمو الرعاية الأسرية إلى مزيد من الدعم من البلديات المحلية",
    "ja": "介護する家族への支援が必要だと新しい研究が示した。地域ごとに相談窓口を設けるべきだという。",
}


@pytest.mark.parametrize("language", SAID)
def test_a_sentence_tells_its_language(language):
    """In a title and in a text alike."""
    assert guessed("", SAID[language]) == language
    assert guessed(SAID[language], "") == language


@pytest.mark.parametrize(
    "text",
    ["", "Care", "Ok, the and that with this", "12 345 678 901 " * 20, "XR-33 ZX/81 CPC-464 PDP-11 " * 4, "a " * 60],
)
def test_what_is_short_or_no_language_is_not_guessed_at(text):
    """Unknown is better than wrong."""
    assert guessed("", text) is None


def test_plain_english_is_told_without_the_model(monkeypatch):
    """Most sources are in it, and the model takes a second and much memory."""

    def no_model() -> object:
        raise AssertionError

    monkeypatch.setattr(languages, "_model", no_model)

    assert guessed("Care at home", SAID["en"] * 100) == "en"


def test_a_few_words_of_english_make_no_english_text():
    """A German piece on “The Care Act” stays German."""
    text = "Das Gesetz „The Care Act“ regelt in England die Pflege, und es gilt dort seit vielen Jahren."

    assert guessed("Was „The Care Act“ für Angehörige bedeutet", text) == "de"
