"""Tongues: which language a letter speaks, and how it writes days and numbers."""

from datetime import date
from pathlib import Path

import pytest

from digest.errors import BadTemplate
from digest.model.cadence import Cadence, parse_period
from digest.rendering.environment import environment, render
from digest.rendering.phrases import Phrases
from digest.rendering.tongues import SOURCE, Tongues
from digest.resources import folder

FRENCH = """
msgid ""
msgstr ""
"Content-Type: text/plain; charset=utf-8\\n"
"Plural-Forms: nplurals=2; plural=(n > 1);\\n"

msgid "%(number)s new piece"
msgid_plural "%(number)s new pieces"
msgstr[0] "%(number)s nouvel article"
msgstr[1] "%(number)s nouveaux articles"

msgid "Hello %(name)s,"
msgstr "Bonjour %(name)s,"

msgid "Past <issues>"
msgstr "Anciens <numéros> à 100 %%"
"""


@pytest.fixture
def folder_(tmp_path: Path) -> Path:
    """A template folder with a catalogue of French."""
    (tmp_path / "languages").mkdir()
    (tmp_path / "languages" / "fr.po").write_text(FRENCH, encoding="utf-8")
    return tmp_path


@pytest.mark.parametrize(
    ("wanted", "otherwise", "tag"),
    [
        ("fr", "en-GB", "fr"),
        ("fr-CH", "en-GB", "fr"),
        ("fr_BE", "en-GB", "fr"),
        ("en-US", "en-GB", "en-GB"),
        ("fr-CA", "fr-CH", "fr-CH"),
        ("en", "fr", "en-GB"),
        ("cy", "en-GB", "en-GB"),
        ("", "fr", "fr"),
        ("", "cy", "cy"),
    ],
)
def test_a_reader_is_written_to_in_the_nearest_language(folder_: Path, wanted: str, otherwise: str, tag: str):
    """Their own where there is a catalogue, else the newsletter's; kinds of one language share a letter."""
    assert Tongues([folder_]).nearest(wanted, otherwise=otherwise) == tag


def test_days_and_numbers_are_written_as_that_language_does(folder_: Path):
    """The words are the catalogue's, the order of day and month CLDR's, for the very country."""
    tongues, march = Tongues([folder_]), date(2026, 3, 3)

    assert [tongues.of(t).long_date(march) for t in ("fr", "en-GB", "en-US")] == [
        "3 mars 2026",
        "3 March 2026",
        "March 3, 2026",
    ]
    assert tongues.of("fr").number(1240) == "1\u202f240"


def test_a_language_without_a_catalogue_speaks_the_source_throughout(folder_: Path):
    """Half a letter in each would be worse."""
    welsh = Phrases(Tongues([folder_]).of("cy"))

    assert welsh.headline(2, None) == "Two new pieces on all topics"
    assert welsh.period_label(parse_period(Cadence.MONTHLY, "2026-11")) == "November 2026"


def test_plurals_follow_the_catalogue(folder_: Path):
    """In French none is singular."""
    french = Tongues([folder_]).of("fr")

    said = [french.plural("%(number)s new piece", "%(number)s new pieces", n, number=n) for n in (0, 1, 2)]

    assert said == ["0 nouvel article", "1 nouvel article", "2 nouveaux articles"]


def test_a_deployers_catalogue_stands_before_ours(folder_: Path, tmp_path_factory: pytest.TempPathFactory):
    """A site mends a translation without a fork."""
    own = tmp_path_factory.mktemp("own")
    (own / "languages").mkdir()
    (own / "languages" / "fr.po").write_text(FRENCH.replace("Bonjour", "Salut"), encoding="utf-8")

    assert Phrases(Tongues([own, folder_]).of("fr")).greeting("Priya") == "Salut Priya,"


def test_templates_speak_the_language_and_escape_what_it_says(folder_: Path):
    """A catalogue's words are text like any other."""
    (folder_ / "one.html.j2").write_text('{{ _("Hello %(name)s,", name="<b>") }} {{ _("Past <issues>") }}')
    env = environment([folder_], Phrases(Tongues([folder_]).of("fr")))

    assert "Bonjour &lt;b&gt;," in render(env, "one.html.j2", {})


def test_a_catalogue_that_cannot_be_read_is_named(folder_: Path):
    """The editor learns which file to mend."""
    (folder_ / "languages" / "fr.po").write_text("This is no catalogue.", encoding="utf-8")

    with pytest.raises(BadTemplate, match=r"fr\.po cannot be read"):
        Tongues([folder_]).of("fr")


@pytest.mark.parametrize(
    ("right", "slip", "complaint"),
    [
        ("Bonjour %(name)s", "Bonjour %(nom)s", r"“Hello %\(name\)s,” is translated with %\(nom\)s"),
        ("Bonjour %(name)s", "Bonjour 100 % %(name)s", r"“Hello %\(name\)s,” is translated with a single %"),
        ("Bonjour %(name)s", "Bonjour %(name)d", r"“Hello %\(name\)s,” is translated with a single %"),
        ("100 %%", "100 % de", r"“Past <issues>” is translated with a single %"),
        ("%(number)s nouveaux", "%(nombre)s nouveaux", r"“%\(number\)s new piece” is translated with %\(nombre\)s"),
        ("plural=(n > 1)", "plural=n/0", r"zero"),
        ("plural=(n > 1)", "plural=n n", r"unexpected token"),
        ("plural=(n > 1)", "plural=__import__(n)", r"invalid token"),
        ("nplurals=2; plural=(n > 1);", "plural", r"plural form"),
        ("plural=(n > 1)", "plural=(n > 99 ? 2 : 1)", r"for 100 the rule of plurals asks for msgstr\[2\]"),
        ("nplurals=2", "nplurals=many", r"invalid literal"),
    ],
)
def test_a_slip_in_a_catalogue_is_told_when_it_is_read(folder_: Path, right: str, slip: str, complaint: str):
    """With file and message: not by a letter that cannot be made, when thousands wait."""
    (folder_ / "languages" / "fr.po").write_text(FRENCH.replace(right, slip), encoding="utf-8")

    with pytest.raises(BadTemplate, match=rf"fr\.po[^\n]*{complaint}"):
        Tongues([folder_]).must_all_be_whole()


def test_a_catalogue_may_leave_out_a_name_a_form_or_a_message(folder_: Path):
    """Not every language says it with the same words, and what is not translated yet is said as it was written."""
    text = FRENCH.replace("Bonjour %(name)s", "Bonjour").replace('msgstr[0] "%(number)s', 'msgstr[0] "un')
    (folder_ / "languages" / "fr.po").write_text(f'{text}\nmsgid "Hello,"\nmsgstr ""\n', encoding="utf-8")
    french = Tongues([folder_]).of("fr")

    assert [french.say("Hello %(name)s,", name="x"), french.say("Hello,")] == ["Bonjour,", "Hello,"]


def test_the_source_needs_no_catalogue():
    """What stands in the templates is what is said."""
    assert Tongues([]).available == (SOURCE,)
    assert Tongues([]).of("fr").say("Hello,") == "Hello,"


def test_a_link_without_words_of_its_own_speaks_the_letters_language():
    """A source's own words stay as they are, in whatever language they were written."""
    german = Phrases(Tongues([folder("templates")]).of("de"))

    assert german.link_label("Read the whole piece") == german.link_label("") == "Den ganzen Beitrag lesen"
    assert german.link_label("Read the findings") == "Read the findings"


@pytest.mark.parametrize(("tag", "spoken"), [("fr", True), ("fr-CH", True), ("en-US", True), ("cy", False)])
def test_it_is_known_whether_letters_speak_a_language(folder_: Path, tag: str, spoken: bool):
    """A kind of a language that there is a catalogue for will do."""
    assert Tongues([folder_]).speaks(tag) is spoken
