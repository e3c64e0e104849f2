"""Messages: what goes over the wire, read by a stricter reader than any mail program."""

import email
from dataclasses import replace
from email import policy
from time import process_time

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from digest.errors import BadTemplate
from digest.model.newsletter import Newsletter, Sender
from digest.rendering.blocks import Block
from digest.rendering.headers import PersonalFields, headers_for
from digest.rendering.message import Prepared, prepare
from digest.rendering.variant import Layout, lay_out, whole_issue
from tests.unit.rendering.samples import CONTENT, PERSONAL, choice
from tests.unit.rendering.strict import parse

Blocks = dict[str, Block]

NEWSLETTER = Newsletter(
    slug="care-notes",
    name="Care Notes",
    sender=Sender(name="Care Notes", address="notes@example.org", reply_to="people@example.org"),
)
HEADERS = headers_for(
    NEWSLETTER,
    list_domain="lists.example.org",
    feedback_id="2026-11:care-notes:digest:exampleorg",
    archive_url="https://digest.example/archive/care-notes/2026-11",
    help_url="https://digest.example/care-notes",
    owner="people@example.org",
)
FIELDS = PersonalFields(
    to="priya@example.org",
    message_id="<d-1234567@digest.example>",
    date="Mon, 30 Nov 2026 08:00:00 +0000",
    unsubscribe_url="https://digest.example/u/abcdefghijklmnopqrstuvwxyz0123456789",
    unsubscribe_mailbox="u+abcdefghijklmnopqrstuvwxyz0123456789@bounce.example.org",
    delivery_id="1234567",
)
LAYOUT = lay_out(
    choice((1, None), (2, "carers"), (3, "carers"), (4, "safeguarding"), (5, "budgets"), more=2),
    CONTENT,
    topics=frozenset({"carers", "safeguarding", "budgets"}),
)


@pytest.fixture(scope="module")
def prepared(blocks: Blocks) -> Prepared:
    return prepare(blocks, LAYOUT, HEADERS)


def layouts() -> list[Layout]:
    """Letters of several shapes, from nothing to everything."""
    placed = [[], [(1, None)], [(8, "carers")], [(2, "integration"), (7, "integration")]]
    return [LAYOUT, whole_issue(CONTENT), *(lay_out(choice(*p), CONTENT, topics=None) for p in placed)]


@pytest.mark.parametrize("layout", layouts(), ids=lambda layout: str(len(layout.parts)))
def test_every_letter_passes_the_strict_reader(blocks: Blocks, layout: Layout):
    """CRLF only, short lines, each header once, text before HTML, nothing encoded that programs read."""
    prepared = prepare(blocks, layout, HEADERS)

    message = parse(prepared.message(PERSONAL, FIELDS))

    assert message.html == prepared.html(PERSONAL) + "\n"
    assert message.text == prepared.text(PERSONAL) + "\n"


def test_both_readers_agree(prepared: Prepared):
    """What the strict reader reads, Python's own reads too."""
    raw = prepared.message(PERSONAL, FIELDS)

    strict, usual = parse(raw), email.message_from_bytes(raw, policy=policy.default)

    assert not usual.defects
    text, html = usual.iter_parts()
    assert (text.get_content_type(), html.get_content_type()) == ("text/plain", "text/html")
    assert text.get_content().replace("\r\n", "\n") == strict.text
    assert html.get_content().replace("\r\n", "\n") == strict.html
    assert {name: usual[name] for name in strict.headers} == strict.headers


def test_the_headers_are_those_that_mailbox_providers_ask_for(prepared: Prepared):
    """RFC 5322, 2369, 2919 and 8058; the unsubscribe link takes a POST, the address takes a mail."""
    headers = parse(prepared.message(PERSONAL, FIELDS)).headers

    assert headers.pop("Content-Type").startswith('multipart/alternative; boundary="=_')
    assert headers == {
        "To": "priya@example.org",
        "Date": "Mon, 30 Nov 2026 08:00:00 +0000",
        "Message-ID": "<d-1234567@digest.example>",
        "List-Unsubscribe": "<https://digest.example/u/abcdefghijklmnopqrstuvwxyz0123456789>, "
        "<mailto:u+abcdefghijklmnopqrstuvwxyz0123456789@bounce.example.org>",
        "X-Digest-Delivery": "1234567",
        "From": "Care Notes <notes@example.org>",
        "List-Id": "Care Notes <care-notes.lists.example.org>",
        "List-Post": "NO",
        "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
        "Precedence": "bulk",
        "Feedback-ID": "2026-11:care-notes:digest:exampleorg",
        "MIME-Version": "1.0",
        "Reply-To": "people@example.org",
        "List-Archive": "<https://digest.example/archive/care-notes/2026-11>",
        "List-Help": "<https://digest.example/care-notes>",
        "List-Owner": "<mailto:people@example.org>",
        "Subject": "Care Notes, November 2026: first nights home",
    }


def test_the_same_letter_is_the_same_bytes(blocks: Blocks, prepared: Prepared):
    """Whatever process makes it, in every attempt; and a preview is what is sent."""
    stored = {key: Block.from_json(key, b.html_json(), b.text_json()) for key, b in blocks.items()}

    again = prepare(stored, LAYOUT, HEADERS).message(PERSONAL, FIELDS)

    assert again == prepared.message(PERSONAL, FIELDS)


def test_letters_differ_in_what_is_personal_only(prepared: Prepared):
    """Nothing of one reader is left in the next one's letter."""
    first = prepared.message(PERSONAL, FIELDS)
    others = {name: f"https://other.example/{name}" for name in PERSONAL}

    second = prepared.message(others, FIELDS._replace(to="tom@example.org"))

    assert prepared.message(PERSONAL, FIELDS) == first
    assert b"riya" not in second
    assert b"abcdefghijklmnopqrstuvwxyz" not in second.split(b"\r\n\r\n", 1)[1]


def test_a_name_cannot_become_markup_or_another_header(prepared: Prepared):
    """Personal values are escaped for where they stand."""
    hostile = PERSONAL | {"greeting": 'Hello "<script>alert(1)</script>"\r\nBcc: x@example.org\r\n\x00 =3D =\u202e,'}

    message = parse(prepared.message(hostile, FIELDS))

    assert "Hello &#34;&lt;script&gt;alert(1)&lt;/script&gt;&#34; Bcc: x@example.org =3D =," in message.html
    assert 'Hello "<script>alert(1)</script>" Bcc: x@example.org =3D =,' in message.text
    assert "Bcc" not in message.headers


VALUES = st.text(st.characters(exclude_categories=()), max_size=500)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(values=st.fixed_dictionaries(dict.fromkeys(PERSONAL, VALUES)))
@example(values=dict.fromkeys(PERSONAL, "=" * 77 + " "))
@example(values=dict.fromkeys(PERSONAL, ""))
@example(values=dict.fromkeys(PERSONAL, "שלום 👩🏽‍🔬 " * 20))
@example(values=dict.fromkeys(PERSONAL, "\n.\r\nFrom me\r\n--=_x\r\n"))
def test_any_personal_value_makes_a_good_message(prepared: Prepared, values: dict[str, str]):
    """Emoji, right-to-left scripts, controls, halves of surrogate pairs, signs of quoted-printable itself."""
    message = parse(prepared.message(values, FIELDS))

    assert message.html == prepared.html(values) + "\n"
    assert message.text == prepared.text(values) + "\n"


SUBJECTS = st.text(st.characters(exclude_categories=()), min_size=1, max_size=500)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(subject=SUBJECTS, name=SUBJECTS)
@example(subject="x" * 500, name="y" * 500)
@example(subject="é" * 500, name='é, "ö" <a@b.example>')
@example(subject="Re: =?utf-8?q?forged?= =?utf-8?b?Zm9yZ2Vk?=", name="=?utf-8?q?forged?=")
@example(subject="  two   spaces  ", name=" ")
def test_any_title_and_name_make_good_headers(blocks: Blocks, subject: str, name: str):
    """The subject reads as it was written, on one line; the newsletter's name forges nothing."""
    content = replace(CONTENT, title=subject)
    newsletter = replace(NEWSLETTER, name=name, sender=replace(NEWSLETTER.sender, name=name))
    headers = headers_for(newsletter, list_domain="lists.example.org", feedback_id="a:b:c:d")
    layout = lay_out(choice((8, "carers")), content, topics=None)

    raw = prepare(blocks, layout, headers).message(PERSONAL, FIELDS)

    assert parse(raw).headers["List-Id"].endswith("<care-notes.lists.example.org>")
    usual = email.message_from_bytes(raw, policy=policy.default)
    assert str(usual["Subject"]) == layout.subject
    assert [a.addr_spec for a in usual["From"].addresses] == ["notes@example.org"]


@pytest.mark.parametrize("field", ["to", "message_id", "date", "unsubscribe_url", "unsubscribe_mailbox", "delivery_id"])
@pytest.mark.parametrize("evil", ["a\r\nBcc: b@example.org", "a\nb", "a\rb", "a\0b", "a\x85b", "a\u2028b"])
def test_a_personal_header_with_a_line_break_or_control_is_refused(prepared: Prepared, field: str, evil: str):
    """Nobody writes headers into our messages."""
    with pytest.raises(BadTemplate, match="line break or a control"):
        prepared.message(PERSONAL, FIELDS._replace(**{field: evil}))


@pytest.mark.parametrize("name", ["Subject", "List-Archive", "Feedback-ID", "From"])
def test_a_constant_header_with_a_line_break_is_refused(blocks: Blocks, name: str):
    """Not folded, not cleaned in silence: refused."""
    layout = replace(LAYOUT, subject="a\r\nBcc: b@example.org") if name == "Subject" else LAYOUT
    headers = HEADERS if name == "Subject" else HEADERS | {name: "a\r\nBcc: b@example.org"}

    with pytest.raises(BadTemplate, match="line break or a control"):
        prepare(blocks, layout, headers)


def test_a_header_for_programs_must_be_ascii(blocks: Blocks):
    """An encoded-word in a List-Id or Feedback-ID is compared as it stands, and never matches."""
    with pytest.raises(BadTemplate, match="plain ASCII"):
        prepare(blocks, LAYOUT, HEADERS | {"Feedback-ID": "Pflegebrücke"})


def test_a_name_that_needs_encoding_stays_out_of_the_list_id():
    """RFC 2919: programs compare what is in the brackets."""
    headers = headers_for(replace(NEWSLETTER, name="Pflegebrücke"), list_domain="lists.example.org", feedback_id="x")

    assert headers["List-Id"] == "<care-notes.lists.example.org>"


def test_a_header_beyond_998_bytes_is_refused(prepared: Prepared):
    """RFC 5322 §2.1.1: servers cut such lines wherever they like."""
    with pytest.raises(BadTemplate, match="longer than 998"):
        prepared.message(PERSONAL, FIELDS._replace(unsubscribe_url="https://digest.example/" + "x" * 1000))


def test_an_internationalised_address_goes_as_it_is(prepared: Prepared):
    """RFC 6532: its transport offers SMTPUTF8 or the delivery fails there; an encoded address reaches nobody."""
    raw = prepared.message(PERSONAL, FIELDS._replace(to="jürgen@example.org"))

    assert "To: jürgen@example.org\r\n".encode() in raw


def test_a_slot_without_a_value_is_refused(prepared: Prepared):
    """No letter goes out with a hole in it."""
    with pytest.raises(BadTemplate, match="pause_url"):
        prepared.message({k: v for k, v in PERSONAL.items() if k != "pause_url"}, FIELDS)


def test_a_layout_the_template_does_not_know_is_refused(blocks: Blocks):
    """A deployer's template that lacks a block says so before anything is sent."""
    with pytest.raises(BadTemplate, match="no block footer"):
        prepare({key: block for key, block in blocks.items() if key != "footer"}, LAYOUT, HEADERS)


def test_the_boundary_is_nowhere_in_the_parts(prepared: Prepared):
    """Quoted-printable writes every "=" as "=3D", so "=_" cannot come from a text."""
    raw = prepared.message(PERSONAL | {"greeting": "=_" + "a" * 32}, FIELDS)

    boundary = email.message_from_bytes(raw).get_boundary("")
    assert boundary.startswith("=_")
    assert raw.count(boundary.encode()) == 4


def test_a_message_takes_microseconds(prepared: Prepared):
    """A million letters are minutes of one processor, not hours; the bound is loose, for slow machines."""
    began = process_time()
    for _ in range(200):
        prepared.message(PERSONAL, FIELDS)

    assert (process_time() - began) / 200 < 0.001
