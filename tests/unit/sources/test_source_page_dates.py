"""Dates on pages are read as their language has them, and never where there is none."""

from datetime import UTC, date, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from digest.sources.dom import parse
from digest.sources.page_dates import machine_date, reader_for
from digest.sources.page_stamps import stamps_in

DAY = date(2014, 2, 3)


@pytest.mark.parametrize(
    "text",
    [
        "3 February 2014",
        "03 February 2014",
        "3rd Feb 2014",
        "3 Feb. 2014",
        "3rd of February 2014",
        "Monday 3 February 2014",
        "Mon, 3 February 2014",
        "Monday, February 3, 2014",
        "February 3rd 2014",
        "Feb 03 2014",
        "2014-02-03",
        "2014/2/3",
        "2014.02.03",
        "3.2.2014",
        "03-Feb-2014",
        "3/FEB/2014",
        "3 February 2014, 10:30",
        "3 February 2014 at 10.30am",
        "Published: Monday, 3 February 2014 at 10:30 GMT",
        "Posted on 3 February 2014",
        "Last updated: 3 February 2014",
        "3 Feb\n 2014",
    ],
)
def test_a_day_is_read_however_it_is_written(text):
    """Ordinals, weekdays, hours, short forms, both orders, and words that only say that it is a date."""
    assert reader_for("").of(text) == DAY


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("fr", "le lundi 3 février 2014"),
        ("fr", "Publié le 3 févr. 2014 à 10h30"),
        ("fr-CA", "lun. 3 février 2014"),
        ("cy", "Dydd Llun 3 Chwefror 2014"),
        ("cy-GB", "Cyhoeddwyd: 3ydd Chwef 2014"),
        ("de", "Montag, 3. Februar 2014, 10:30 Uhr"),
        ("de-AT", "Mo., 3. Februar 2014"),
        ("es", "3 de febrero de 2014"),
        ("es-419", "lunes, 3 de feb del 2014"),
        ("ca", "3 de febrer de 2014"),
        ("it", "lunedì 3 febbraio 2014"),
        ("pt", "3 de fevereiro de 2014"),
        ("nl", "maandag 3 februari 2014"),
        ("pl", "3 lutego 2014 r."),
        ("ru", "3 февраля 2014 г."),
        ("gd", "3 dhen Ghearran 2014"),
        ("ga", "3 Feabhra 2014"),
        ("ar", "٣ فبراير ٢٠١٤"),
        ("he", "3 בפברואר 2014"),
        ("ur", "3 فروری 2014"),
        ("ja", "2014年2月3日"),
        ("zh-Hans-CN", "2014年02月03日"),
        ("en_GB", "3 February 2014"),
        ("cy", "3 February 2014"),
        ("no-such-language", "3 February 2014"),
        ("../../etc", "3 February 2014"),
    ],
)
def test_a_day_is_read_in_the_pages_language(language, text):
    """As that language names months and weekdays and numbers days; in English as well, as pages mix them."""
    assert reader_for(language).of(text) == DAY


@pytest.mark.parametrize(
    ("text", "day"),
    [("11 Mawrth 2022", date(2022, 3, 11)), ("Dydd Mawrth 11 Ionawr 2022", date(2022, 1, 11))],
)
def test_a_weekday_may_be_called_like_a_month(text, day):
    """“Mawrth” is March, and Tuesday: before the day it is the one, behind it the other."""
    assert reader_for("cy").of(text) == day


@pytest.mark.parametrize(
    "text",
    [
        "",
        "5 May be",
        "Room 12",
        "Room 12 March 2014",
        "Act 2014",
        "May 2014",
        "3 May",
        "2 days ago",
        "yesterday",
        "31 February 2014",
        "0 May 2014",
        "12 Monkeys 1995",
        "1-3 September 2014",
        "31 August - 3 September 2014",
        "31 August – 3 September 2014",
        "from 1 May 2014 to 3 May 2014",
        "Closing date: 3 March 2014",
        "Deadline 3 March 2014",
        "3 May 0214",
        "3 May 9999",
        "3 May 14",
        "03/02/14",
        "12.30 2014",
        "3 mai 2014",
        "20140203",
        "01234 567890",
        "3 May 2014 " * 20,
        "9" * 5000,
    ],
)
def test_what_is_no_day_is_not_made_one(text):
    """Numbers, rooms, ranges, months, ages, other years' spellings, and dates of something else."""
    reader = reader_for("en-GB")

    assert (reader.of(text), reader.among(text), reader.within(text)) == (None, None, None)


@pytest.mark.parametrize(
    ("language", "text", "day"),
    [
        ("en-GB", "03/02/2014", DAY),
        ("en-AU", "3-2-2014", DAY),
        ("fr", "03/02/2014", DAY),
        ("cy", "03/02/2014", DAY),
        ("en-US", "02/03/2014", DAY),
        ("en", "03/02/2014", None),
        ("", "03/02/2014", None),
        ("zz", "03/02/2014", None),
        ("", "23/02/2014", date(2014, 2, 23)),
        ("en-US", "23/02/2014", date(2014, 2, 23)),
        ("en-GB", "02/23/2014", date(2014, 2, 23)),
        ("", "02/02/2014", date(2014, 2, 2)),
        ("en-US", "03.02.2014", DAY),
        ("ja", "03/02/2014", None),
        ("", "45/45/2014", None),
    ],
)
def test_a_day_in_numbers_is_read_only_where_it_can_be_one_day_alone(language, text, day):
    """By itself, or by the country; English alone has both orders."""
    assert reader_for(language).of(text) == day


def test_the_pages_other_dates_settle_the_order():
    """One 27/04 shows that the day comes first; where they contradict each other, they show nothing."""
    reader = reader_for("en")

    assert reader.settled(["03/02/2014", "27/04/2014"]).of("03/02/2014") == DAY
    assert reader.settled(["04/27/2014"]).of("02/03/2014") == DAY
    assert reader.settled(["27/04/2014", "04/27/2014"]).of("03/02/2014") is None
    assert reader.settled([]).of("03/02/2014") is None


@pytest.mark.parametrize(
    "line",
    [
        "By Ann Lee | 3 February 2014 | News",
        "News – 3 February 2014",
        "3 February 2014 · 3 min read",
        "A title (3 February 2014)",
        "3 February 2014: A title",
    ],
)
def test_a_day_stands_among_other_parts_of_a_line(line):
    """Kept apart by bars, dots, dashes or brackets."""
    reader = reader_for("en-GB")

    assert (reader.of(line), reader.among(line)) == (None, DAY)


@pytest.mark.parametrize(
    "line",
    [
        "Posted on 3 February 2014 by Ann Lee in News",
        "Posted on Monday 3 February 2014 by Ann Lee",
        "By Ann Lee, 3 February 2014",
        "By Ann Lee on 2014-02-03 in News",
    ],
)
def test_a_day_is_found_within_small_print(line):
    """Where a line is known to be of the kind that has one."""
    reader = reader_for("en-GB")

    assert (reader.among(line), reader.within(line)) == (None, DAY)


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2014-02-03", DAY),
        (" 2014-02-03 ", DAY),
        ("2014-02-03T10:00", DAY),
        ("2014-02-03 10:00:00", DAY),
        ("2014-02-03T10:00:00Z", datetime(2014, 2, 3, 10, tzinfo=UTC)),
        ("2014-02-03t10:00:00.123z", datetime(2014, 2, 3, 10, 0, 0, 123000, tzinfo=UTC)),
        ("2014-02-03T10:00+01:00", datetime(2014, 2, 3, 10, tzinfo=timezone(timedelta(hours=1)))),
        ("2014-02-03 10:00:00 +0100", datetime(2014, 2, 3, 10, tzinfo=timezone(timedelta(hours=1)))),
        ("Mon, 03 Feb 2014 10:00:00 GMT", datetime(2014, 2, 3, 10, tzinfo=UTC)),
        ("Mon, 03 Feb 2014 10:00:00", None),
        ("2014-02", None),
        ("2014-02-30", None),
        ("2014-02-03T25:00:00Z", None),
        ("P3D", None),
        ("now", None),
        ("", None),
        ("9" * 10_000, None),
    ],
)
def test_a_moment_for_machines_is_an_instant_only_with_a_zone(text, moment):
    """An hour without its zone may be any instant of two days, so only its day is known."""
    found = machine_date(text)

    assert (found, type(found)) == (moment, type(moment))


@pytest.mark.parametrize(
    ("html", "published"),
    [
        ("<time datetime='2014-02-03T10:00:00Z'>Monday</time>", datetime(2014, 2, 3, 10, tzinfo=UTC)),
        ("<time datetime='yesterday'>3 February 2014</time>", DAY),
        ("<time>3 February 2014</time>", DAY),
        ("<abbr class=published title='2014-02-03'>last week</abbr>", DAY),
        ("<meta itemprop=datePublished content=2014-02-03>", DAY),
        ("<span>3</span><span>Feb</span><span>2014</span>", DAY),
        ("<p>3<sup>rd</sup> February 2014</p>", DAY),
        ("<p>Published: <b>3 February 2014</b></p>", DAY),
        ("<p>3 February 2014<br>A text that begins in the next line.</p>", DAY),
        ("<p><a href=/1>A title</a> (3 February 2014)</p>", DAY),
        ("<p class=meta>By Ann Lee on 3 February 2014 in News</p>", DAY),
        ("<del datetime='2014-02-03'>gone</del>", None),
        ("<p>They met on <b>3 February 2014</b> and have not met again since that very day, as we are told.</p>", None),
        ("<p>By Ann Lee on 3 February 2014 in News</p>", None),
    ],
)
def test_a_stamp_is_what_shows_a_date(html, published):
    """In an attribute or in words, in one element or beside others; but not what a sentence mentions."""
    tree = parse(f"<html lang=en><body><div>{html}</div></body></html>".encode())

    found = [stamp.published for stamp in stamps_in(tree, reader_for("en"))]

    assert found == ([] if published is None else [published])


def test_what_was_changed_is_told_from_what_was_published():
    """By its class, or by the word before it."""
    html = b"<p><time class=updated>3 May 2014</time></p><p>Updated: <b>4 May 2014</b></p><p><b>5 May 2014</b></p>"

    assert [stamp.changed for stamp in stamps_in(parse(html), reader_for("en"))] == [True, True, False]


@given(st.text(max_size=60), st.sampled_from(["", "cy", "fr", "en-US", "ar", "zh"]))
def test_any_text_is_a_day_or_none(text, language):
    """Whatever it is, nothing else comes of it."""
    reader = reader_for(language)

    for found in (reader.of(text), reader.among(text), reader.within(text), machine_date(text)):
        assert found is None or isinstance(found, date)


@given(
    st.dates(date(1900, 1, 1), date(2199, 12, 31)),
    st.sampled_from(["%d %B %Y", "%B %d, %Y", "%Y-%m-%d", "%A %d %b %Y"]),
)
def test_every_day_is_read_back(day, shape):
    """As the machine writes it in English."""
    assert reader_for("en").of(day.strftime(shape)) == day
