"""Reaching: links are asked warily, by HEAD and by GET where that is refused, and nothing of them is read."""

import socket
import time
from collections.abc import Sequence
from http.server import BaseHTTPRequestHandler

import pytest

from digest.sources.reach import MOST_REDIRECTS, Outcome, Reached, Reacher
from tests.support.site import Site, site

__all__ = ["site"]

NAMES = {"private.example.org": "10.0.0.7", "half.example.org": "93.184.215.14"}


def resolve(host: str, port: int) -> Sequence[str]:
    """A world of a few names."""
    if host in NAMES:
        return [NAMES[host]]
    code = socket.EAI_AGAIN if host == "later.example.org" else socket.EAI_NONAME
    raise socket.gaierror(code, "no")


def reached(*addresses: str, timeout: float = 5) -> dict[str, Reached]:
    """What came of asking for them; of this machine only the loopback site may be asked."""
    reacher = Reacher(allow_hosts=["127.0.0.1:*"], timeout=timeout, resolve=resolve)
    return dict(reacher.many(addresses))


def test_a_page_that_answers_to_head_is_not_asked_twice(site: Site) -> None:
    """One question, no body."""
    address = site.page("/there", b"a page")
    site.heads["/there"] = 200

    assert reached(address)[address] == Reached(outcome=Outcome.ALIVE, status=200)
    assert site.methods == [("HEAD", "/there")]


@pytest.mark.parametrize("refusal", [405, 501, 403, 404])
def test_where_head_is_refused_get_decides(site: Site, refusal: int) -> None:
    """Not every server knows HEAD, and some say 404 to it for a page that is there."""
    address = site.page("/there", b"a page")
    site.heads["/there"] = refusal

    assert reached(address)[address].outcome is Outcome.ALIVE
    assert site.methods == [("HEAD", "/there"), ("GET", "/there")]


@pytest.mark.parametrize(
    ("status", "outcome"),
    [
        (404, Outcome.GONE),
        (410, Outcome.GONE),
        (403, Outcome.DOUBTFUL),
        (429, Outcome.DOUBTFUL),
        (500, Outcome.DOUBTFUL),
        (503, Outcome.DOUBTFUL),
    ],
)
def test_only_what_is_surely_gone_is_gone(site: Site, status: int, outcome: Outcome) -> None:
    """A server that is ill or turns programs away may serve people well."""
    address = site.page("/page", b"", status)
    site.heads["/page"] = status

    found = reached(address)[address]

    assert (found.outcome, found.status) == (outcome, status)
    assert str(status) in found.why


def test_too_many_questions_are_not_answered_with_one_more(site: Site) -> None:
    """429 is the end of it."""
    site.heads["/busy"] = 429

    reached(site.page("/busy", b"", 429))

    assert site.methods == [("HEAD", "/busy")]


def test_a_host_that_nobody_knows_is_gone_and_one_that_nobody_can_ask_for_is_in_doubt() -> None:
    """NXDOMAIN is an answer; a resolver that is away is none."""
    found = reached("https://nobody.example.org/a", "https://later.example.org/a")

    assert found["https://nobody.example.org/a"].outcome is Outcome.GONE
    assert found["https://later.example.org/a"].outcome is Outcome.DOUBTFUL


@pytest.mark.parametrize(
    "address",
    [
        "http://10.0.0.7/",
        "http://private.example.org/",
        "http://private.example.org:8080/",
        "http://169.254.169.254/latest/meta-data",
        "http://[::1]/",
        "http://localhost.:80@10.0.0.7/",
    ],
)
def test_a_private_network_is_not_asked(address: str) -> None:
    """By number or by name, on whatever port; what cannot be an address of a page is as bad."""
    assert reached(address)[address].outcome in (Outcome.FORBIDDEN, Outcome.GONE)


def test_a_redirect_into_a_private_network_is_not_followed(site: Site) -> None:
    """Each hop is looked at, not only the first."""
    address = site.page("/way", b"", 302, Location="http://10.0.0.7/secret")

    assert reached(address)[address].outcome is Outcome.FORBIDDEN


def test_a_strange_port_is_not_asked_but_may_be_right() -> None:
    """The guard keeps to the web's ports; readers need not."""
    assert reached("https://half.example.org:8443/")["https://half.example.org:8443/"].outcome is Outcome.DOUBTFUL


def test_redirects_are_followed_to_their_end(site: Site) -> None:
    """What lies there counts; a circle is left."""
    good = site.page("/old", b"", 301, Location="/new")
    site.page("/new", b"here")
    bad = site.page("/moved", b"", 301, Location="/lost")
    circle = site.page("/circle", b"", 302, Location="/circle")

    found = reached(good, bad, circle)

    assert found[good].outcome is Outcome.ALIVE
    assert found[bad].outcome is Outcome.GONE
    assert found[circle].outcome is Outcome.DOUBTFUL
    assert site.methods.count(("HEAD", "/circle")) <= MOST_REDIRECTS + 1


def test_a_body_without_end_is_not_read(site: Site) -> None:
    """The headers say all that is asked for."""

    def endless(request: BaseHTTPRequestHandler) -> None:
        request.send_response(200)
        request.end_headers()
        while not site.over.is_set():
            request.wfile.write(b"more" * 10_000)

    site.answers["/endless"] = endless
    address = site.address + "/endless"

    assert reached(address)[address].outcome is Outcome.ALIVE


def test_a_server_that_says_nothing_is_in_doubt(site: Site) -> None:
    """After the time it has."""
    site.answers["/silent"] = lambda _: site.over.wait(5) and None  # type: ignore[assignment,return-value]
    address = site.address + "/silent"

    assert reached(address, timeout=0.2)[address].outcome is Outcome.DOUBTFUL


def test_a_flood_before_the_answer_is_in_doubt_and_told_as_what_it_is(site: Site) -> None:
    """Passing answers (103) without end."""
    site.answers["/flood"] = lambda request: [  # type: ignore[assignment,return-value]
        request.wfile.write(b"HTTP/1.1 103 Early Hints\r\n\r\n" * 1_000) for _ in range(60)
    ]
    address = site.address + "/flood"

    found = reached(address)[address]

    assert found.outcome is Outcome.DOUBTFUL
    assert found.why == "what it says before its answer has no end."


def silent(site: Site, number: int) -> str:
    """An address of which a server says only that it does not know HEAD."""
    site.answers[f"/silent{number}"] = lambda _: site.over.wait(5) and None  # type: ignore[assignment,return-value]
    return f"{site.address}/silent{number}"


def test_a_host_that_stays_silent_holds_nobody_up(site: Site) -> None:
    """After three silences its other links are in doubt, not dead, and not asked; other hosts are."""
    addresses = [silent(site, n) for n in range(40)]
    began = time.monotonic()

    found = reached(*addresses, "https://nobody.example.org/a", timeout=0.2)

    assert time.monotonic() - began < 2
    assert {found[each].outcome for each in addresses} == {Outcome.DOUBTFUL}
    assert any("not asked for the rest" in found[each].why for each in addresses)
    assert found["https://nobody.example.org/a"].outcome is Outcome.GONE
    assert len(site.methods) <= 2 * 4


def test_a_host_that_answers_now_and_then_is_asked_on(site: Site) -> None:
    """Only silences in a row count."""
    good = [site.page(f"/good{n}", b"a page") for n in range(8)]
    addresses = [silent(site, 1), silent(site, 2), good[0], silent(site, 3), silent(site, 4), *good[1:]]
    reacher = Reacher(allow_hosts=["127.0.0.1:*"], timeout=0.2, per_host=1, resolve=resolve)

    found = dict(reacher.many(addresses))

    assert {found[each].outcome for each in good} == {Outcome.ALIVE}


def test_a_round_is_over_when_its_time_is(site: Site) -> None:
    """What is not known by then is left out; what is, is told."""
    good = site.page("/good", b"a page")
    reacher = Reacher(allow_hosts=["127.0.0.1:*"], timeout=20, resolve=resolve)
    began = time.monotonic()

    found = dict(reacher.many([good, *(silent(site, n) for n in range(9))], within=0.5))

    assert list(found) == [good]
    assert time.monotonic() - began < 3


def test_what_is_no_address_is_gone() -> None:
    """With a password in it, or without a host."""
    found = reached("https://", "https://me:secret@half.example.org/")

    assert {each.outcome for each in found.values()} == {Outcome.GONE}
    assert "secret" not in "".join(each.why for each in found.values())
