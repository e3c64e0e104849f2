"""Bytes are fetched within bounds, and an error says whether to try again."""

import gzip
import os
import socket
import time

import pytest

from digest.errors import SourceUnreachable, UnreadableSource
from digest.sources.fetch import USER_AGENT, fetch


def test_a_page_is_fetched(site):
    """By its address, saying who asks."""
    address = site.page("/feed", b"<rss/>")

    assert fetch(address) == b"<rss/>"
    assert site.asked[0][1]["User-Agent"] == USER_AGENT


def test_a_file_is_fetched(tmp_path):
    """By its path."""
    file = tmp_path / "page.txt"
    file.write_bytes(b"text")

    assert fetch(str(file)) == b"text"


def test_redirects_are_followed_three_times(site):
    """Not a fourth time."""
    for step in range(5):
        site.page(f"/{step}", status=302, Location=f"/{step + 1}")
    site.page("/5", b"there")

    assert fetch(f"{site.address}/2") == b"there"
    with pytest.raises(UnreadableSource, match="on and on"):
        fetch(f"{site.address}/1")


@pytest.mark.parametrize(
    "target", ["file:///etc/passwd", "ftp://example.org/", "http://a:b@127.0.0.1/", "javascript:x"]
)
def test_a_redirect_leads_only_to_http(site, target):
    """Neither to files nor anywhere with credentials."""
    address = site.page("/", status=301, Location=target)

    with pytest.raises(UnreadableSource):
        fetch(address)
    assert len(site.asked) == 1


@pytest.mark.parametrize("status", [400, 401, 403, 404, 410, 204, 304])
def test_a_lasting_answer_is_never(site, status):
    """Somebody has to look."""
    address = site.page("/", status=status)

    with pytest.raises(UnreadableSource, match=str(status)):
        fetch(address)


@pytest.mark.parametrize("status", [408, 429, 500, 502, 503])
def test_a_passing_answer_is_again(site, status):
    """Another time may help."""
    address = site.page("/", status=status)

    with pytest.raises(SourceUnreachable, match=str(status)):
        fetch(address)


def test_nobody_at_home_is_again():
    """A port on which nothing listens."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]

    with pytest.raises(SourceUnreachable, match="did not answer"):
        fetch(f"http://127.0.0.1:{port}/")


def test_a_large_page_is_cut_off(site):
    """The cap is on what is held, whatever the sender promises."""
    address = site.page("/", b"x" * 1001)

    assert len(fetch(address, cap=1001)) == 1001
    with pytest.raises(UnreadableSource, match="larger than 1,000"):
        fetch(address, cap=1000)


def test_a_compressed_bomb_is_cut_off(site):
    """The cap is on what it unpacks to."""
    address = site.page("/", gzip.compress(b"x" * 10_000_000), Content_Encoding="gzip")

    with pytest.raises(UnreadableSource, match="larger than"):
        fetch(address, cap=1_000_000)


def test_a_drip_is_given_up(site):
    """The time is for the whole, not for each byte."""

    def drip(request):
        request.send_response(200)
        request.end_headers()
        for _ in range(100):
            request.wfile.write(b"x")
            time.sleep(0.05)

    site.answers["/"] = drip

    started_at = time.monotonic()
    with pytest.raises(SourceUnreachable):
        fetch(f"{site.address}/", timeout=0.3)
    assert time.monotonic() - started_at < 3


def test_silence_is_again(site):
    """Nothing within the time is a passing trouble."""
    site.answers["/"] = lambda request: time.sleep(0.6)

    with pytest.raises(SourceUnreachable):
        fetch(f"{site.address}/", timeout=0.2)


@pytest.mark.parametrize(
    "location", ["ftp://example.org/x", "file:///etc/passwd", "http://", "http://a b/", "https://u:p@h/"]
)
def test_other_addresses_are_refused(location):
    """Only http, https and plain paths, without credentials."""
    with pytest.raises(UnreadableSource):
        fetch(location)


def test_what_is_no_file_is_refused(tmp_path):
    """A missing file, a folder, a pipe that would never end, a name that cannot be one."""
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)

    for path in (tmp_path / "missing", tmp_path, pipe, "a\0b"):
        with pytest.raises(UnreadableSource, match=r"file"):
            fetch(str(path))


def test_a_large_file_is_refused(tmp_path):
    """The cap holds for files too."""
    file = tmp_path / "page.txt"
    file.write_bytes(b"x" * 11)

    with pytest.raises(UnreadableSource, match="larger than 10 bytes"):
        fetch(str(file), cap=10)
