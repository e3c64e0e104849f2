"""A document is fetched within bounds, and an error says whether to try again."""

import gzip
import os
import socket
import threading
import time
import zlib
from datetime import timedelta
from functools import partial
from hashlib import sha256

import brotli
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from digest.errors import ForbiddenAddress, Problem, SourceGone, SourceUnreachable, UnreadableSource
from digest.sources.fetch import USER_AGENT, Document, Fetcher, Known, Unchanged, Wanted
from tests.support.site import SECURE_NAME

DATE = "Sat, 21 Nov 2026 12:00:00 GMT"


def fetch(location, known=Known(), **options):
    """What comes from an address of this machine."""
    options.setdefault("allow_hosts", ("127.0.0.1:*",))
    return Fetcher(**options).one(Wanted(key="news", location=str(location), known=known))


def checksum(data):
    return sha256(data).hexdigest()


def test_a_page_is_fetched(site):
    """By its address, saying who asks and what is understood."""
    address = site.page("/feed?a=b", b"<rss/>")

    assert fetch(address) == Document(data=b"<rss/>", address=address, known=Known(checksum=checksum(b"<rss/>")))
    [(path, headers)] = site.asked
    assert path == "/feed?a=b"
    assert headers["User-Agent"] == USER_AGENT
    assert headers["Host"] == f"127.0.0.1:{site.port}"
    assert headers["Connection"] == "close"
    assert headers["Accept-Encoding"] == "gzip, deflate, br"
    assert "rss" in headers["Accept"]
    assert not {"If-None-Match", "If-Modified-Since", "Cookie", "Authorization"} & set(headers)


@pytest.mark.parametrize(
    ("headers", "charset", "content_type", "language"),
    [
        ({}, "", "", ""),
        ({"Content_Type": "Application/RSS+XML; Charset=UTF-8"}, "utf-8", "application/rss+xml", ""),
        ({"Content_Type": 'text/html;a=b; charset="iso-8859-1"'}, "iso-8859-1", "text/html", ""),
        ({"Content_Type": "html; charset=" + "x" * 100}, "x" * 40, "", ""),
        ({"Content_Language": "en-GB"}, "", "", "en-GB"),
        ({"Content_Language": "en, fr"}, "", "", ""),
        ({"Content_Language": "English!"}, "", "", ""),
    ],
)
def test_what_the_headers_say_of_a_page_is_told(site, headers, charset, content_type, language):
    """When it can be understood."""
    found = fetch(site.page("/", b"text", **headers))

    assert (found.charset, found.content_type, found.language) == (charset, content_type, language)


def test_how_long_a_page_stays_is_told(site):
    """By its own account."""
    found = fetch(site.page("/", b"text", Cache_Control="max-age=600"))

    assert found.fresh_for == timedelta(minutes=10)


# Known and unchanged


def test_what_a_page_says_of_itself_is_kept_and_said_back(site):
    """So that its server can say that nothing is new."""
    address = site.page("/", b"text", ETag='W/"a b"', Last_Modified=DATE)
    known = fetch(address).known
    site.page("/", status=304, Cache_Control="max-age=60")

    assert known == Known(etag='W/"a b"', modified=DATE, checksum=checksum(b"text"))
    assert fetch(address, known) == Unchanged(known=known, fresh_for=timedelta(minutes=1))
    assert site.asked[1][1]["If-None-Match"] == 'W/"a b"'
    assert site.asked[1][1]["If-Modified-Since"] == DATE


def test_an_unchanged_page_may_say_something_new_of_itself(site):
    """What it does not mention stays."""
    address = site.page("/", status=304, ETag='"b"')

    assert fetch(address, Known(etag='"a"', modified=DATE, checksum="c")).known == Known(
        etag='"b"', modified=DATE, checksum="c"
    )


def test_the_same_page_again_is_unchanged(site):
    """Many servers never say so by themselves."""
    address = site.page("/", b"text", ETag='"new"')

    assert fetch(address, Known(etag='"old"', checksum=checksum(b"text"))) == Unchanged(
        known=Known(etag='"new"', checksum=checksum(b"text"))
    )


def test_packed_otherwise_a_page_is_the_same(site):
    """The checksum is of what is in it."""
    address = site.page("/", gzip.compress(b"text"), Content_Encoding="gzip")

    assert isinstance(fetch(address, Known(checksum=checksum(b"text"))), Unchanged)


@pytest.mark.parametrize("known", [Known(), Known(checksum="c"), Known(etag="\r\nX: y"), Known(modified="x" * 201)])
def test_unchanged_is_no_answer_to_a_question_that_was_not_asked(site, known):
    """There would be nothing to read; what cannot be said back is not."""
    address = site.page("/", status=304)

    with pytest.raises(UnreadableSource, match="nobody asked"):
        fetch(address, known)


@pytest.mark.parametrize("value", ["", " ", "x" * 201, "ü", "a\tb"])
def test_odd_things_that_a_page_says_of_itself_are_forgotten(site, value):
    """What is sent back is short and plain."""
    site.says(
        "/", b"HTTP/1.1 200 OK\r\nETag: " + value.encode() + b"\r\nLast-Modified: " + value.encode() + b"\r\n\r\n"
    )

    assert fetch(f"{site.address}/").known == Known(checksum=checksum(b""))


# Statuses


@pytest.mark.parametrize("status", [204, 206, 300, 400, 401, 403, 404, 405, 418, 451])
def test_a_lasting_answer_is_never(site, status):
    """Somebody has to look; it is said where."""
    address = site.page("/", b"text", status=status)

    with pytest.raises(UnreadableSource, match=f"{address} answered {status}") as refusal:
        fetch(address)
    assert refusal.value.remedy


def test_what_is_gone_is_gone(site):
    """And need not be asked for again."""
    with pytest.raises(SourceGone, match="410"):
        fetch(site.page("/", status=410))


@pytest.mark.parametrize("status", [408, 421, 425, 429, 500, 501, 502, 503, 504, 599, 999])
def test_a_passing_answer_is_again(site, status):
    """Another time may help; when, the server may say."""
    bare, said = site.page("/bare", status=status), site.page("/said", status=status, Retry_After="90")

    with pytest.raises(SourceUnreachable, match=str(status)) as refusal:
        fetch(bare)
    assert refusal.value.wait == timedelta()
    with pytest.raises(SourceUnreachable) as refusal:
        fetch(said)
    assert refusal.value.wait == timedelta(seconds=90)


# Redirects


def test_redirects_are_followed_three_times(site):
    """Not a fourth time."""
    for step in range(5):
        site.page(f"/{step}", status=302, Location=f"/{step + 1}")
    site.page("/5", b"there")

    assert fetch(f"{site.address}/2").address == f"{site.address}/5"
    with pytest.raises(UnreadableSource, match="on and on"):
        fetch(f"{site.address}/1")


def test_a_redirect_to_itself_ends(site):
    """As a page does that waits for a cookie."""
    address = site.page("/", status=302, Location="/", Set_Cookie="seen=yes")

    with pytest.raises(UnreadableSource, match="on and on"):
        fetch(address)
    assert len(site.asked) == 4
    assert not any("Cookie" in headers for _, headers in site.asked)


@pytest.mark.parametrize(
    ("statuses", "moved_to"),
    [
        ((), ""),
        ((301,), "/1"),
        ((308, 301), "/2"),
        ((302,), ""),
        ((303, 301), ""),
        ((301, 307, 301), "/1"),
        ((301, 308, 302), "/2"),
    ],
)
@pytest.mark.parametrize("status", [200, 304])
def test_a_lasting_move_is_told(site, statuses, moved_to, status):
    """As far as it was meant to last without a break."""
    for step, moved in enumerate(statuses):
        site.page(f"/{step}", status=moved, Location=f"/{step + 1}#part")
    site.page(f"/{len(statuses)}", status=status)
    found = fetch(f"{site.address}/0#part", Known(etag='"a"'))

    assert found.moved_to == (site.address + moved_to if moved_to else "")
    assert [path for path, _ in site.asked] == [f"/{step}" for step in range(len(statuses) + 1)]


@pytest.mark.parametrize("location", ["/neu/%C3%BCber", "neu/über", "//127.0.0.1:{port}/neu/über", " /neu/über#x "])
def test_a_redirect_may_be_written_in_many_ways(site, location):
    """Relative, and in other letters than ASCII."""
    site.says("/", f"HTTP/1.1 301 Moved\r\nLocation: {location.format(port=site.port)}\r\n\r\n".encode())
    site.page("/neu/%C3%BCber", b"there")

    assert fetch(f"{site.address}/").moved_to == f"{site.address}/neu/%C3%BCber"


@pytest.mark.parametrize(
    "target",
    ["file:///etc/passwd", "ftp://example.org/", "http://a:secret@127.0.0.1/", "javascript:x", "http://["],
)
def test_a_redirect_leads_only_to_http(site, target):
    """Neither to files nor anywhere with credentials, which are not repeated."""
    address = site.page("/", status=301, Location=target)

    with pytest.raises(UnreadableSource, match="may not be fetched") as refusal:
        fetch(address)
    assert "secret" not in str(refusal.value)
    assert len(site.asked) == 1


@pytest.mark.parametrize(
    "target",
    ["http://169.254.169.254/latest/meta-data", "http://[::1]/", "http://[::ffff:127.0.0.1]/", "//0/", "//10.1"],
)
def test_a_redirect_does_not_lead_into_the_house(site, target):
    """Though its own host is let through."""
    address = site.page("/", status=302, Location=target)

    with pytest.raises(ForbiddenAddress):
        fetch(address)


def test_a_redirect_does_not_lead_to_other_ports(site):
    """Of a host that is let through at one."""
    address = site.page("/", status=302, Location="http://127.0.0.1:25/")

    with pytest.raises(ForbiddenAddress, match="port"):
        fetch(address, allow_hosts=(f"127.0.0.1:{site.port}",))


def test_a_redirect_without_a_target_is_an_answer(site):
    """That nobody can follow."""
    with pytest.raises(UnreadableSource, match="answered 302"):
        fetch(site.page("/", status=302))


# Names and numbers


def test_a_name_is_looked_up_once_and_its_number_asked(site, monkeypatch):
    """A resolver with another answer for the second question is not asked one."""
    site.page("/", b"text")
    found = iter([["127.0.0.1"], ["127.0.0.9"]])
    address = site.at("news.example", "/")
    monkeypatch.setattr(socket, "getaddrinfo", None)

    assert fetch(address, allow_hosts=("news.example:*",), resolve=lambda host, port: next(found)).data == b"text"
    assert next(found) == ["127.0.0.9"]
    assert site.asked[0][1]["Host"] == f"news.example:{site.port}"


def test_a_name_is_looked_at_again_after_a_redirect(site):
    """What it stood for a moment ago is no promise."""
    site.page("/", status=302, Location="http://news.example/")
    found = iter([["127.0.0.1"], ["93.184.216.34", "127.0.0.1"]])

    with pytest.raises(ForbiddenAddress, match=r"news\.example leads to a loopback address"):
        fetch(
            site.at("news.example", "/"),
            allow_hosts=(f"news.example:{site.port}",),
            resolve=lambda host, port: next(found),
        )
    assert len(site.asked) == 1


def test_private_hosts_are_not_asked(site):
    """Unless they are let through."""
    with pytest.raises(ForbiddenAddress, match="allow_hosts"):
        fetch(site.page("/"), allow_hosts=())
    assert site.asked == []


def test_the_next_number_is_tried(site):
    """Of three, when nobody listens at the first ones."""
    site.page("/", b"text")
    options = {"allow_hosts": ("news.example:*",), "resolve": lambda host, port: numbers}
    numbers = ["127.0.0.8", "127.0.0.9", "127.0.0.1"]

    assert fetch(site.at("news.example", "/"), **options).data == b"text"
    numbers.insert(0, "127.0.0.7")
    with pytest.raises(SourceUnreachable, match="nobody listens"):
        fetch(site.at("news.example", "/"), **options)


def test_a_slow_look_up_is_given_up():
    """Its time is part of the whole."""
    answer = threading.Event()

    with pytest.raises(SourceUnreachable, match="took too long"):
        fetch("http://news.example/", timeout=0.05, resolve=lambda host, port: answer.wait(10) and [])
    answer.set()


def test_what_makes_us_stumble_is_said():
    """It is a fault of ours, but the other sources shall not suffer for it."""

    def resolve(host, port):
        raise RuntimeError

    with pytest.raises(UnreadableSource, match=r"stumble \(RuntimeError\)"):
        fetch("http://news.example/", resolve=resolve)


# TLS


@pytest.fixture
def trusted(authority, monkeypatch):
    """The authority of the secure site is one of this machine's."""
    monkeypatch.setenv("SSL_CERT_FILE", str(authority.file))


def by_name(name):
    return {"allow_hosts": (f"{name}:*",), "resolve": lambda host, port: ["127.0.0.1"]}


def test_a_page_is_fetched_by_https(secure_site, authority, trusted):
    """From a number, with the name in the certificate and in the greeting."""
    names = []
    authority.context.sni_callback = lambda sock, name, context: names.append(name)
    secure_site.page("/", b"text")

    assert fetch(secure_site.at(SECURE_NAME, "/"), **by_name(SECURE_NAME)).data == b"text"
    assert names == [SECURE_NAME]


def test_a_number_may_have_a_certificate(secure_site, trusted):
    """It is compared with it."""
    assert fetch(secure_site.page("/", b"text")).data == b"text"


def test_another_name_is_not_believed(secure_site, trusted):
    """Whatever number it stands for."""
    secure_site.page("/", b"text")

    with pytest.raises(SourceUnreachable, match="certificate does not hold"):
        fetch(secure_site.at("other.example", "/"), **by_name("other.example"))
    assert secure_site.asked == []


def test_another_authority_is_not_believed(secure_site):
    """Unless this machine knows it."""
    with pytest.raises(SourceUnreachable, match="certificate does not hold"):
        fetch(secure_site.page("/", b"text"))


def test_https_is_not_answered_by_http(site):
    """That is no TLS."""
    with pytest.raises(SourceUnreachable, match="TLS"):
        fetch(site.at("127.0.0.1", "/").replace("http:", "https:"))


def test_a_way_out_of_https_is_not_remembered(site, secure_site, trusted):
    """It is followed, since it is only news; but it shall be asked for anew each time."""
    there = site.page("/there", status=301, Location="/end")
    site.page("/end", b"text")
    secure_site.page("/moved", status=301, Location=there)
    address = secure_site.page("/", status=301, Location="/moved")
    found = fetch(address)

    assert found.address == f"{site.address}/end"
    assert found.moved_to == f"{secure_site.address}/moved"


# Size


PACKERS = {"gzip": gzip.compress, "deflate": zlib.compress, "br": partial(brotli.compress, quality=5)}


@pytest.mark.parametrize("coding", PACKERS)
def test_a_packed_page_is_unpacked(site, coding):
    """In any way that was offered."""
    address = site.page("/", PACKERS[coding](b"text " * 50_000), Content_Encoding=coding)

    assert fetch(address).data == b"text " * 50_000


@pytest.mark.parametrize("coding", PACKERS)
def test_a_bomb_is_cut_off(site, coding):
    """The cap is on what it unpacks to."""
    address = site.page("/", PACKERS[coding](bytes(10_000_000)), Content_Encoding=coding)

    with pytest.raises(UnreadableSource, match="larger than 5,000,000 bytes"):
        fetch(address)


@pytest.mark.parametrize("coding", PACKERS)
def test_half_a_packed_page_is_again(site, coding):
    """It may come whole the next time."""
    address = site.page("/", PACKERS[coding](b"text " * 1000)[:-3], Content_Encoding=coding)

    with pytest.raises(SourceUnreachable, match="cut short"):
        fetch(address)


def test_a_damaged_page_is_again(site):
    """Its checksum tells."""
    packed = bytearray(gzip.compress(b"text " * 1000))
    packed[-6] ^= 1

    with pytest.raises(SourceUnreachable, match="damaged"):
        fetch(site.page("/", bytes(packed), Content_Encoding="gzip"))


def test_two_packings_are_refused(site):
    """One in the other was not offered."""
    with pytest.raises(UnreadableSource, match="not asked for"):
        fetch(site.page("/", b"", Content_Encoding="gzip, br"))


def test_a_large_page_is_cut_off(site):
    """The cap is on what is held, whatever the sender promises."""
    address = site.page("/", b"x" * 1001)

    assert len(fetch(address, cap=1001).data) == 1001
    with pytest.raises(UnreadableSource, match="larger than 1,000 bytes"):
        fetch(address, cap=1000)


CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"


@pytest.mark.parametrize(
    "words",
    [
        (b"HTTP/1.1 200 OK\r\n\r\n", b"x" * 2_000_000),
        (b"HTTP/1.1 100 Continue\r\n\r\n" * 30_000,),
        (CHUNKED, (b"1;" + b"x" * 90_000 + b"\r\nx\r\n") * 10),
        (CHUNKED, b"1\r\nx\r\n" * 11_000),
    ],
)
def test_an_answer_without_end_is_cut_off(site, words):
    """Whether it is one of body, of passing answers, of remarks on chunks, or of crumbs."""
    with pytest.raises(UnreadableSource, match=r"larger than 20,000 bytes|crumbs"):
        fetch(site.says("/", *words), cap=20_000)


# Time


def drip(site, data):
    """An answer that comes byte by byte."""

    def answer(request):
        for byte in data:
            request.wfile.write(bytes([byte]))
            site.over.wait(0.01)

    return answer


@pytest.mark.parametrize(
    "words",
    [b"HTTP/1.1 200 OK\r\nX: " + b"x" * 500, b"HTTP/1.1 200 OK\r\n\r\n" + b"x" * 500, CHUNKED + b"1\r\nx\r\n" * 90],
)
def test_a_drip_is_given_up(site, words):
    """The time is for the whole, not for each byte: in the headers, in the body, in its chunks."""
    site.answers["/"] = drip(site, words)

    started_at = time.monotonic()
    with pytest.raises(SourceUnreachable, match="took too long"):
        fetch(f"{site.address}/", timeout=0.3)
    assert time.monotonic() - started_at < 2


def test_all_hops_share_one_time(site):
    """It does not begin anew with each redirect."""
    for step in range(3):
        site.answers[f"/{step}"] = _slowly(site, f"/{step + 1}")
    site.page("/3", b"text")

    with pytest.raises(SourceUnreachable, match="took too long"):
        fetch(f"{site.address}/0", timeout=0.35)


def _slowly(site, target):
    def answer(request):
        site.over.wait(0.15)
        request.send_response(302)
        request.send_header("Location", target)
        request.end_headers()

    return answer


def test_silence_is_again(site):
    """From one that takes the question and says nothing."""
    site.answers["/"] = lambda request: site.over.wait(10)

    with pytest.raises(SourceUnreachable, match="took too long"):
        fetch(f"{site.address}/", timeout=0.1)


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_a_line_that_nobody_picks_up_is_again(scheme):
    """Neither for HTTP nor for TLS."""
    with socket.create_server(("127.0.0.1", 0)) as deaf, pytest.raises(SourceUnreachable, match="took too long"):
        fetch(f"{scheme}://127.0.0.1:{deaf.getsockname()[1]}/", timeout=0.2)


# Nonsense


def test_nobody_at_home_is_again():
    """A port on which nothing listens."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]

    with pytest.raises(SourceUnreachable, match="did not answer: nobody listens there"):
        fetch(f"http://127.0.0.1:{port}/")


@pytest.mark.parametrize(
    "words",
    [
        b"",
        b"220 mail.example.org ESMTP\r\n",
        b"<html>no HTTP</html>",
        b"HTTP/1.1 OK\r\n\r\n",
        b"HTTP/1.1 200 OK",
        b"HTTP/1.1 200 OK\r\nno header\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nX: a\0b\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n12",
        b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 50_000,
        b"HTTP/1.1 200 OK\r\nX: " + b"y" * 300_000,
        b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n12345",
        CHUNKED + b"5\r\n123",
        CHUNKED + b"xyz\r\n",
        b"\x15\x03\x01\x00\x02\x02\x50",
    ],
)
def test_what_is_no_answer_is_again(site, words):
    """It may be a server in trouble; it is told in plain words."""
    address = site.says("/", words)

    with pytest.raises(SourceUnreachable, match=r"not HTTP|broke off|cut short"):
        fetch(address)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.sampled_from([b"", b"HTTP/1.1 200 OK\r\n", b"HTTP/1.1 302 Found\r\nLocation: "]), st.binary(max_size=200))
def test_whatever_a_server_says_it_is_an_answer_or_a_problem(site, lead, rest):
    """Never another error, never a hang."""
    site.says("/", lead + rest)
    try:
        found: object = fetch(f"{site.address}/")
    except Problem as problem:
        found = problem

    assert isinstance(found, Document | Problem)


@pytest.mark.parametrize(
    "location", ["ftp://example.org/x", "file:///etc/passwd", "http://", "http://a b/", "https://u:secret@h/", "HTTP:x"]
)
def test_other_addresses_are_refused(location):
    """Only http, https and plain paths, without credentials, which are not repeated."""
    with pytest.raises(UnreadableSource) as refusal:
        fetch(location)
    assert "secret" not in str(refusal.value)


# Files


def test_a_file_is_fetched(tmp_path):
    """By its path; it has no address, and is unchanged when it is the same."""
    file = tmp_path / "page.txt"
    file.write_bytes(b"text")
    known = Known(checksum=checksum(b"text"))

    assert fetch(file) == Document(data=b"text", address=None, known=known)
    assert fetch(file, Known(etag='"a"', checksum=known.checksum)) == Unchanged(known=known)


def test_what_is_no_file_is_refused(tmp_path):
    """A missing file, a folder, a pipe that would never end, a name that cannot be one."""
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)

    for path in (tmp_path / "missing", tmp_path, pipe, "a\0b", ""):
        with pytest.raises(UnreadableSource, match=r"file"):
            fetch(path)


def test_a_large_file_is_refused(tmp_path):
    """The cap holds for files too."""
    file = tmp_path / "page.txt"
    file.write_bytes(b"x" * 11)

    with pytest.raises(UnreadableSource, match="larger than 10 bytes"):
        fetch(file, cap=10)
