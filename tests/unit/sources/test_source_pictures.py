"""Pictures are found beside the text, and those that count readers are not."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from digest.model.item import Image
from digest.sources.pictures import MOST, picture, pictures_in, without_doubles

BASE = "https://e.example/news/"


def urls(html: str) -> list[str]:
    return [image.url for image in pictures_in(html, BASE)]


def test_pictures_are_found_in_their_order():
    """Each once, with an absolute address, and with its words if it has any anywhere."""
    html = """
        <p>Text <img src="a.jpg" alt=" A  gate &amp; a\nfence "></p><IMG SRC='/b.jpg'>
        <figure><img alt="b" src=//cdn.example/c.webp width=800/></figure><img src="/b.jpg" alt="Late words">
    """

    assert pictures_in(html, BASE) == (
        Image(url="https://e.example/news/a.jpg", alt="A gate & a fence"),
        Image(url="https://e.example/b.jpg", alt="Late words"),
        Image(url="https://cdn.example/c.webp", alt="b"),
    )


@pytest.mark.parametrize(
    "attributes",
    [
        "src='a.jpg'",
        "src='data:image/gif;base64,R0lGODlhAQABAAAAACw=' data-src='a.jpg'",
        "src='/blank.gif' data-lazy-src='a.jpg'",
        "data-original='a.jpg'",
        "srcset='s.jpg 320w, a.jpg 1024w, m.jpg 640w'",
        "srcset='s.jpg, a.jpg 2x'",
        "src='data:,' data-srcset='s.jpg 1x,https://e.example/news/a.jpg 1.5x'",
        "src='a.jpg' srcset='b.jpg 2x' style='width: 100%; height: auto'",
        "src='javascript:x' srcset='a.jpg 1x'",
    ],
)
def test_a_picture_that_waits_is_found(attributes):
    """Pages load many only when they are scrolled to."""
    assert urls(f"<img {attributes}>") == ["https://e.example/news/a.jpg"]


@pytest.mark.parametrize(
    "tag",
    [
        "<img src='x.gif' width='1' height='1'>",
        "<img src='x.gif' width=0>",
        "<img src='x.gif' height='2px'>",
        "<img src='x.gif' style='display:none'>",
        "<img src='x.gif' style='color: red; VISIBILITY : hidden'>",
        "<img src='x.gif' style='border:0;width:1px;height:1px'>",
        "<img src='https://pixel.wp.com/b.gif?x=1'>",
        "<img src='http://feeds.feedburner.com/~r/Hill/~4/abc'>",
        "<img src='https://stats.wordpress.com/b.gif'>",
        "<img src='https://ad.doubleclick.net/x.jpg'>",
        "<img src='https://www.facebook.com/tr?id=1'>",
        "<img src='https://list-manage.com/track/open.php'>",
        "<img src='https://b.example/pixel?x'>",
        "<img src='https://b.example/a/1x1.png'>",
        "<img src='https://b.example/spacer.gif?1'>",
        "<img src='https://b.example/matomo.php?idsite=1'>",
        "<img src='https://secure.gravatar.com/avatar/abc'>",
        "<img src='https://s.w.org/images/core/emoji/1f600.png'>",
        "<img src='data:image/png;base64,iVBORw0KGgo='>",
        "<img src='javascript:alert(1)'>",
        "<img src='file:///etc/hosts'>",
        "<img src='https://ann:secret@e.example/a.jpg'>",
        "<img>",
        "<img src=''>",
        "<!-- <img src='a.jpg'> -->",
        "<script>'<img src=\"a.jpg\">'</script>",
        "<template><img src='a.jpg'></template>",
        "<svg><image href='a.jpg'/></svg>",
        "&lt;img src='a.jpg'&gt;",
    ],
)
def test_what_is_no_picture_for_readers_is_left_out(tag):
    """Pixels that count, what is hidden, portraits and smileys, and what lies nowhere."""
    assert urls(f"<p>Text</p>{tag}<p>more</p>") == []


def test_a_picture_for_those_without_scripts_is_the_same_picture():
    """It stands twice on many pages."""
    html = "<img data-src='a.jpg' alt='A gate'><noscript><img src='a.jpg'></noscript>"

    assert pictures_in(html, BASE) == (Image(url="https://e.example/news/a.jpg", alt="A gate"),)


def test_a_gallery_is_cut():
    """Twelve are enough to choose from."""
    assert urls("".join(f"<img src='{n}.jpg'>" for n in range(50))) == [
        f"https://e.example/news/{n}.jpg" for n in range(MOST)
    ]


def test_a_relative_picture_without_a_base_is_none():
    """A path alone lies nowhere."""
    assert pictures_in("<img src='/a.jpg'>") == ()


def test_the_words_of_a_picture_are_one_clean_line():
    """Cut, where they are no words for a picture any more."""
    found = picture("https://e.example/a.jpg", "A\r\ngate\u202e " + "x" * 900)

    assert found is not None
    assert found.alt.startswith("A gate x")
    assert len(found.alt) <= 300


def test_a_named_picture_comes_before_those_within():
    """And is not shown twice."""
    lead = Image(url="https://e.example/news/b.jpg")

    found = without_doubles((lead, *pictures_in("<img src='a.jpg'><img src='b.jpg' alt='B'>", BASE)))

    assert found == (Image(url="https://e.example/news/b.jpg", alt="B"), Image(url="https://e.example/news/a.jpg"))


@given(st.text(alphabet="<img srcdataltw=\"'>/:.jpg&#;,0123x \n\x00\u202e", max_size=120))
def test_whatever_the_html_each_picture_lies_on_the_web(text):
    """And its words are clean."""
    for image in pictures_in(f"<img src='a.jpg' {text}", BASE):
        assert image.url.startswith(("http://", "https://"))
        assert not set(image.alt) & set("\n\x00\u202e")


@pytest.mark.parametrize(
    "bomb",
    [
        "<img ",
        "<img src=",
        "<img src='",
        "<img srcset='a 1w,",
        "<!-- ",
        "<script>",
        "<img a=b ",
        "<img style='width:",
        "<img src='data:image/png;base64,AAAA",
        "<img a = ",
        "<img a='b'c='d'",
        "<img srcset='a,,,, b,",
        "<",
    ],
)
def test_no_html_takes_long(bomb):
    """A page of pictures without end costs no more than its length."""
    assert len(pictures_in("<img src='a.jpg'>" + bomb * 50_000, BASE)) <= MOST
