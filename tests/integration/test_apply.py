"""Applying a newsletter's file: rows become what it says, what changes is told, what is wrong is named."""

from pathlib import Path

import pytest
import tomlkit

from digest.errors import SettingsRefused, UnknownName
from digest.flow.apply import apply, export, read_file
from digest.flow.doctor import Health, examine
from digest.flow.enrol import people
from digest.flow.house import House
from digest.model.cadence import Cadence
from digest.model.newsletter import Brand, Font, Pictures
from digest.model.source import Selectors
from digest.resources import folder
from digest.storage import newsletters
from digest.storage.newsletters import Publication
from tests.support.desk import Desk

SAMPLES = folder("config") / "newsletters"
SOCIAL_CARE = (SAMPLES / "social-care.toml").read_text(encoding="utf-8")
SMALLEST = """
[newsletter]
slug = "news"
name = "News"
[sender]
name = "News"
address = "news@example.org"
[[topics]]
slug = "law"
name = "Law"
"""

#: A page as a source; further keys may follow.
SOURCE = """
[[sources]]
slug = "page"
name = "A page"
kind = "page"
location = "https://example.org/news"
"""


def write(to: Path, text: str) -> Path:
    """A file with that text."""
    file = to / "news.toml"
    file.write_text(text, encoding="utf-8")
    return file


def loaded(house: House, slug: str = "social-care") -> Publication:
    """What the rows say."""
    with house.store.read() as connection:
        return newsletters.load(connection, slug)


def test_a_new_newsletter_is_told_in_one_line_and_applied_twice_is_once(house: House) -> None:
    """The second time nothing changes."""
    first = apply(house, SAMPLES / "social-care.toml")
    before = loaded(house)

    again = apply(house, SAMPLES / "social-care.toml")

    assert first == [f"newsletter social-care: new, with {len(before.topics)} topics and 2 sources"]
    assert (again, loaded(house)) == ([], before)


def test_a_dry_run_tells_and_changes_nothing(house: House) -> None:
    """What would change, changes then."""
    dry = apply(house, SAMPLES / "social-care.toml", dry_run=True)

    with pytest.raises(UnknownName):
        loaded(house)
    assert apply(house, SAMPLES / "social-care.toml") == dry


def test_what_changes_is_told_a_line_each(social_care: House, tmp_path: Path) -> None:
    """And then it is so."""
    text = SOCIAL_CARE.replace('name = "Social Care Digest"', 'name = "Care Digest"', 1)
    text = text.replace("Family and friends who", "Those who").replace("per_topic = 8", "per_topic = 5")
    text = text.replace('slug = "events"', 'slug = "dates"').replace('name = "Blog"', 'name = "The blog"')

    changes = apply(social_care, write(tmp_path, text))

    assert changes == [
        "newsletter social-care: name changes",
        "newsletter social-care: selection changes",
        "topic dates: new",
        "topic events: goes",
        "topic carers: changes",
        "source scwru-blog: changes",
        "topics: their order changes",
    ]
    after = loaded(social_care)
    assert (after.newsletter.name, after.newsletter.selection.per_topic) == ("Care Digest", 5)
    assert after.topic_order[-1] == "dates"


def test_topics_come_in_the_files_order(social_care: House, tmp_path: Path) -> None:
    """An issue shows them so."""
    document = tomlkit.parse(SOCIAL_CARE)
    document["topics"].reverse()  # type: ignore[union-attr]

    changes = apply(social_care, write(tmp_path, tomlkit.dumps(document)))

    assert changes == ["topics: their order changes"]
    assert loaded(social_care).topic_order[0] == "events"


def test_what_is_left_out_has_its_usual_value(house: House, tmp_path: Path) -> None:
    """A newsletter is four lines."""
    apply(house, write(tmp_path, SMALLEST))

    found = loaded(house, "news").newsletter
    assert (list(found.cadences), found.default_cadence, found.timezone) == (
        [Cadence.MONTHLY],
        Cadence.MONTHLY,
        "Europe/London",
    )


@pytest.mark.parametrize("sample", sorted(SAMPLES.glob("*.toml")), ids=lambda path: path.stem)
def test_what_was_exported_is_applied_without_a_change(house: House, tmp_path: Path, sample: Path) -> None:
    """A newsletter can be moved to another house by a file."""
    apply(house, sample)
    slug = read_file(sample).newsletter.slug

    text = export(house, slug)

    assert apply(house, write(tmp_path, text)) == []
    assert read_file(tmp_path / "news.toml").newsletter == loaded(house, slug).newsletter


def test_a_page_with_its_selectors_and_topics_is_exported_whole(house: House, tmp_path: Path) -> None:
    """What is empty is left out, as TOML has no word for nothing."""
    page = f"{SOURCE}topics = ['law']\nselectors = {{ item = '.teaser', title = 'h3' }}\n[sender]"
    apply(house, write(tmp_path, SMALLEST.replace("[sender]", page)))

    text = export(house, "news")

    assert apply(house, write(tmp_path, text)) == []
    (source,) = loaded(house, "news").sources
    assert (source.topics, source.selectors) == (("law",), Selectors(item=".teaser", title="h3"))
    assert 'title = "h3"' in text
    assert "people" not in text


def test_an_export_of_what_is_not_known_is_refused(house: House) -> None:
    """Naming what is."""
    with pytest.raises(UnknownName, match="none yet"):
        export(house, "social-care")


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (('slug = "news"', 'slug = "news"\ncolour = "red"'), "“newsletter.colour” is not a key of a newsletter"),
        (("[sender]", "[postbox]\nsize = 3\n[sender]"), "“postbox” is not a key of a newsletter"),
        (('name = "Law"', 'name = "Law"\nwords = []'), "“topics.words” is not a key of a newsletter"),
        (("[sender]", "[selection]\nper_page = 3\n[sender]"), "“selection.per_page” is not a key"),
        (("[sender]", "[brand]\nfont = 'x'\n[sender]"), "“brand.font” is not a key"),
        (("[sender]", "[cadences.monthly]\nhour = 8\n[sender]"), "“cadences.monthly.hour” is not a key"),
        (("[sender]", "[cadences.hourly]\nday = 1\n[sender]"), "“cadences.hourly” is wrong"),
        (('name = "News"\n[sender]', "[sender]"), "“name” is wrong: Field required"),
        (('name = "News"\n[sender]', 'name = "News"\ntimezone = "Mars/One"\n[sender]'), "no time zone “Mars/One”"),
        (('name = "News"\n[sender]', 'name = "News"\ntimezone = ""\n[sender]'), "no time zone “”"),
        (('name = "News"\n[sender]', 'name = "News"\ntimezone = "../etc"\n[sender]'), "no time zone “../etc”"),
        (('name = "News"\n[sender]', 'name = "News"\ndefault_cadence = "weekly"\n[sender]'), "none of the cadences"),
        (('name = "News"\n[sender]', 'name = "News"\napproval = "nobody"\n[sender]'), "“approval” is wrong"),
        (("news@example.org", "news at example.org"), "is not an e-mail address"),
        (('name = "Law"', 'name = "Law"\n[[topics]]\nslug = "law"\nname = "L"'), "the topic “law” comes twice"),
        (('slug = "law"', 'slug = "all"'), "“all” cannot be a topic's slug"),
        (('slug = "law"', 'slug = "Law, rights"'), "“Law, rights” cannot be a topic's slug"),
        (('slug = "news"', 'slug = "my/news"'), "“my/news” cannot be a newsletter's slug"),
        (('slug = "news"', 'slug = ""'), "“” cannot be a newsletter's slug"),
        (('slug = "news"', f'slug = "{"n" * 81}"'), "cannot be a newsletter's slug"),
        (('name = "News"\n[sender]', f'name = "{"N" * 201}"\n[sender]'), "name is longer than 200 characters"),
        (('name = "Law"', 'name = "Law"\nphrases = ["", "law"]'), "the topic “law”: “” has no words"),
        (('name = "Law"', 'name = "Law"\nphrases = ["*"]'), "the topic “law”: “*” has no words"),
        (('name = "Law"', 'name = "Law"\nphrases = ["zoo:law"]'), "“zoo” is not a part of an item"),
        (('name = "Law"', 'name = "Law"\nphrases = ["law^much"]'), "the topic “law”: "),
        (("[sender]", f"{SOURCE}topics = ['zoo']\n[sender]"), "brings a topic “zoo” that is none of the topics"),
        (("[sender]", f"{SOURCE}topics = ['law', 'law']\n[sender]"), "brings the topic “law” twice"),
        (("[sender]", f"{SOURCE.replace('https://example.org/news', 'ftp://x')}[sender]"), "path of a file, or empty"),
        (("[sender]", f"{SOURCE.replace('//example', '//me:secret@example')}[sender]"), "“https://…@example.org/news”"),
        (("[sender]", f"{SOURCE.replace('https://example.org/news', 'HTTP:x')}[sender]"), "“HTTP:x” is no address"),
        (("[sender]", f"{SOURCE}selectors = {{ item = '..' }}\n[sender]"), "“..” is no CSS selector"),
        (("[sender]", f"{SOURCE}selectors = {{ item = 'p', colour = 'b' }}\n[sender]"), "“sources.selectors.colour”"),
        (("[sender]", f"{SOURCE}selectors = {{ title = 'b' }}\n[sender]"), "Field required"),
        (
            ("[sender]", f"{SOURCE.replace('page', 'feed')}selectors = {{ item = 'p' }}\n[sender]"),
            "has selectors, but is no page",
        ),
        (("[sender]", "[cadences.monthly]\nday = 0\n[sender]"), "cadences.monthly.day is 0, the least is 1"),
        (("[sender]", "[cadences.monthly]\ndraft_days_before = -1\n[sender]"), "draft_days_before is -1, the"),
        (("[sender]", "[selection]\nlook_back = 0\n[sender]"), "selection.look_back is 0, the least is 1"),
        (("[sender]", "[selection]\nlook_back = 30000\n[sender]"), "selection.look_back is 30000, the most is 1000"),
        (("[sender]", "[selection]\nper_issue = 0\n[sender]"), "selection.per_issue is 0, the least is 1"),
        (("[sender]", "[selection]\nbyte_budget = 10\n[sender]"), "selection.byte_budget is 10, the least is 30000"),
        (("[sender]", "[cadences.monthly]\nday = 32\n[sender]"), "cadences.monthly.day is 32, the most is 31"),
        (
            (
                'name = "News"\n[sender]',
                'name = "News"\ndefault_cadence = "weekly"\n[cadences.weekly]\nday = 8\n[sender]',
            ),
            "cadences.weekly.day is 8, the most is 7",
        ),
        (('slug = "news"', 'slug = "news"\nlanguage = "english"'), "“english” is not the tag of a language"),
        (('slug = "news"', 'slug = "news"\nlangauge = "de"'), "Did you mean “language”?"),
        (
            ("[sender]", f"{SOURCE.replace('page', 'pgae')}[sender]"),
            "the source pgae: “kind” is wrong: Input should be",
        ),
        (
            ("[sender]", f"{SOURCE.replace('https://example.org', '127.0.0.1:8000')}[sender]"),
            "Write https://127.0.0.1:8",
        ),
        (("[sender]", f"{SOURCE.replace('https://', 'www.')}[sender]"), "an address without its beginning"),
        (("[[topics]]", "topics = 3\n[[others]]"), "news.toml: "),
        (("[sender]", "[sender"), "is not TOML"),
    ],
)
def test_what_is_wrong_is_named_in_one_line_and_nothing_is_applied(
    tmp_path: Path, change: tuple[str, str], words: str
) -> None:
    """With the file, the key and what it may be."""
    assert change[0] in SMALLEST
    with pytest.raises(SettingsRefused) as refused:
        read_file(write(tmp_path, SMALLEST.replace(*change, 1)))

    assert words in str(refused.value)
    assert str(refused.value).startswith(str(tmp_path / "news.toml"))
    assert "\n" not in str(refused.value)
    assert refused.value.remedy


def test_a_topic_that_goes_says_whose_it_was(desk: Desk, tmp_path: Path) -> None:
    """Those who chose it, and those whom nothing is left; who takes everything, or has left, does not count."""
    for email, topics in (("a", "events"), ("b", "events,law"), ("c", "all"), ("d", "law"), ("e", "events")):
        desk.reader(f"{email}@example.org", topics)
    with desk.house.store.write() as connection:
        people(desk.house, connection).unsubscribe("e@example.org")
    file = write(tmp_path, SOCIAL_CARE.replace('slug = "events"', 'slug = "dates"'))

    dry = apply(desk.house, file, dry_run=True)

    assert "topic events: chosen by 2 readers, 1 of them left without any topic" in dry
    assert apply(desk.house, file) == dry
    assert apply(desk.house, file) == []


@pytest.mark.parametrize("location", ["", "news/saved: page.html", "/srv/feed.xml", "https://bücher.example/a b?c"])
def test_a_source_lies_at_an_address_in_a_file_or_nowhere(tmp_path: Path, location: str) -> None:
    """A colon makes no address."""
    text = SMALLEST + SOURCE.replace("https://example.org/news", location)

    (source,) = read_file(write(tmp_path, text)).sources

    assert source.location == location


def test_a_file_that_is_not_there_is_told(tmp_path: Path) -> None:
    """By its name."""
    with pytest.raises(SettingsRefused, match=r"absent\.toml cannot be read"):
        read_file(tmp_path / "absent.toml")


def test_a_source_that_two_newsletters_read_stays_when_one_lets_it_go(social_care: House, tmp_path: Path) -> None:
    """Its items are the other's still."""
    source = SOCIAL_CARE[SOCIAL_CARE.index("[[sources]]") : SOCIAL_CARE.index('[[sources]]\nslug = "scwru-blog"')]
    apply(social_care, write(tmp_path, SMALLEST + source))
    apply(social_care, write(tmp_path, SMALLEST))

    assert [s.slug for s in loaded(social_care).sources] == ["sscr-news", "scwru-blog"]
    assert loaded(social_care, "news").sources == ()


def test_a_brand_goes_in_and_comes_out_again(house: House, tmp_path: Path) -> None:
    """Every key of it; what is left out looks as it always did."""
    brand = '\n[brand]\nlogo = "https://example.org/l.png"\nlogo_dark = "https://example.org/d.png"\n'
    brand += 'headline_font = "book"\ntext_font = "system"\npictures = "lead"\n'

    apply(house, write(tmp_path, SMALLEST + brand))
    exported = write(tmp_path, export(house, "news"))

    found = loaded(house, "news").newsletter.brand
    assert (found.headline_font, found.text_font, found.pictures) == (Font.BOOK, Font.SYSTEM, Pictures.LEAD)
    assert (found.logo_dark, found.accent) == ("https://example.org/d.png", Brand().accent)
    assert read_file(exported).newsletter.brand == found
    assert read_file(write(tmp_path, SMALLEST)).newsletter.brand == Brand()


@pytest.mark.parametrize(
    ("line", "complaint"),
    [
        ('headline_font = "papyrus"', "brand.headline_font” is wrong: Input should be 'serif', 'book'"),
        ('pictures = "all"', "brand.pictures” is wrong: Input should be 'none' or 'lead'"),
        ('logo = "http://example.org/l.png"', "brand.logo “http://example.org/l.png” is not an https address"),
        ('logo_dark = "https://example.org/d.png"', "brand.logo_dark is there, but no brand.logo"),
    ],
)
def test_a_brand_that_cannot_be_is_told(tmp_path: Path, line: str, complaint: str) -> None:
    """In words of the file."""
    with pytest.raises(SettingsRefused) as refused:
        read_file(write(tmp_path, f"{SMALLEST}\n[brand]\n{line}\n"))

    assert complaint in refused.value.what


def test_a_cadence_that_goes_says_whose_it_was(desk: Desk, tmp_path: Path) -> None:
    """No issue is made for them any more: applying says so, and the doctor for as long as it is so."""
    desk.reader("a@example.org")
    desk.reader("b@example.org")
    file = write(
        tmp_path, SOCIAL_CARE.replace("[cadences.monthly]", "[cadences.weekly]").replace('"monthly"', '"weekly"')
    )

    told = apply(desk.house, file)
    seen = [each for each in examine(desk.house) if each.about == "newsletters" and "monthly" in each.words]

    assert "cadence monthly: chosen by 2 readers, who get nothing until they choose another" in told
    assert [each.health for each in seen] == [Health.WARNING]
    assert "2 readers of social-care have chosen monthly" in seen[0].words
