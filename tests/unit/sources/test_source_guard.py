"""No address leads into a private network, whatever it is spelt like and whatever its name stands for."""

import asyncio
import socket
import threading
from ipaddress import ip_address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from digest.errors import ForbiddenAddress, SettingsRefused, SourceUnreachable, UnreadableSource
from digest.sources.guard import Guard, system_resolve, way_to

PUBLIC = ("93.184.216.34", "2606:2800:220:1::1946")
PRIVATE = {
    "loopback": ("127.0.0.1", "127.255.255.255", "::1"),
    "unspecified": ("0.0.0.0", "0.1.2.3", "::"),
    "private": ("10.0.0.1", "172.16.0.1", "172.31.255.255", "192.168.1.1", "fc00::1", "fdff::1"),
    "link-local": ("169.254.169.254", "fe80::1", "febf::1"),
    "provider": ("100.64.0.1", "100.127.255.255"),
    "multicast": ("224.0.0.1", "239.255.255.255", "ff02::1"),
    "site-local": ("fec0::1",),
    "disguise": ("::ffff:127.0.0.1", "::ffff:93.184.216.34", "::7f00:1", "64:ff9b::a00:1", "64:ff9b:1::a00:1"),
    "tunnel": ("2002:7f00:1::", "2001:0:4136:e378:8000:63bf:3fff:fdd2", "192.88.99.1"),
    "examples": ("192.0.2.1", "198.51.100.1", "203.0.113.1", "2001:db8::1", "3fff::1"),
    "reserved": ("192.0.0.8", "198.18.0.1", "240.0.0.1", "255.255.255.255", "2001:2::1", "5f00::1", "::ffff:0:7f00:1"),
    "single network": ("fe80::1%eth0", "2606:2800:220:1::1%1"),
    "no address": ("somewhere", ""),
}


def numbers(address: str, *found: str, allow: tuple[str, ...] = ()) -> tuple[str, ...]:
    """What the guard lets through of an address whose name stands for these numbers."""
    return asyncio.run(Guard(allow, lambda host, port: found).numbers(way_to(address)))


@pytest.mark.parametrize(
    ("address", "host", "port", "target"),
    [
        ("http://example.org", "example.org", 80, "/"),
        ("HTTPS://Example.ORG./a/b?c=d&e#part", "example.org", 443, "/a/b?c=d&e"),
        ("http://example.org:8080?q=1", "example.org", 8080, "/?q=1"),
        ("http://example.org:/", "example.org", 80, "/"),
        ("http://bücher.example/über uns?q=ä%20b", "xn--bcher-kva.example", 80, "/%C3%BCber%20uns?q=%C3%A4%20b"),
        ("http://日本.example/", "xn--wgv71a.example", 80, "/"),
        ("http://①②⑦.⓪.⓪.①/", "127.0.0.1", 80, "/"),
        ("http://my_host.example/", "my_host.example", 80, "/"),
        ("http://[2606:2800:0220:1:0:0:0:1946]:81/", "2606:2800:220:1::1946", 81, "/"),
        ("  http://example.org/\n", "example.org", 80, "/"),
    ],
)
def test_an_address_is_taken_apart(address, host, port, target):
    """In one spelling, its name as DNS has it."""
    way = way_to(address)

    assert (way.host, way.port, way.target) == (host, port, target)
    assert way_to(way.address) == way


@pytest.mark.parametrize(
    ("address", "authority"),
    [
        ("http://example.org:80/", "example.org"),
        ("https://example.org:80/", "example.org:80"),
        ("http://[::1]/", "[::1]"),
        ("http://[::1]:81/", "[::1]:81"),
    ],
)
def test_a_server_is_told_its_name(address, authority):
    """With the port unless it is the usual one, and IPv6 in brackets."""
    assert way_to(address).authority == authority


@pytest.mark.parametrize(
    "address",
    [
        "",
        "example.org",
        "//example.org/",
        "ftp://example.org/",
        "file:///etc/passwd",
        "gopher://example.org/",
        "http://",
        "http:///path",
        "http://user@example.org/",
        "http://user:secret@example.org/",
        "http://example.org:0/",
        "http://example.org:99999/",
        "http://example.org:http/",
        "http://a b/",
        "http://a..b/",
        "http://%31%32%37.0.0.1/",
        "http://[::1/",
        "http://[v1.x]/",
        "http://[127.0.0.1]/",
        "http://example.org\\@127.0.0.1/",
        "http://exa\u200bmple.org/",
        "http://example.org/\r\nHost: other",
        "http://" + "a" * 64 + ".example/",
        "http://" + "a." * 200 + "example/",
        "http://" + "ü" * 300 + ".example/",
        "http://" + "ü." * 126 + "a.evil.example/",
        "http://example.org/" + "x" * 3000,
        "http://\ud800.example/",
    ],
)
def test_what_is_no_address_is_refused(address):
    """In a few words, however long it is."""
    with pytest.raises(UnreadableSource) as refusal:
        way_to(address)
    assert len(str(refusal.value)) < 350


def test_a_password_is_not_repeated():
    """Messages go to logs and to screens."""
    with pytest.raises(UnreadableSource) as refusal:
        way_to("http://ruth:secret@example.org/\x1b[31m")
    assert "secret" not in str(refusal.value)
    assert str(refusal.value).isprintable()


@given(st.text(), st.sampled_from(["", "http://", "https://example.org/", "http://[", "http://example."]))
def test_any_text_is_an_address_or_none(text, lead):
    """What is one is all ASCII and stays itself; nothing else happens."""
    try:
        way = way_to(lead + text)
    except UnreadableSource:
        return

    assert way.address.isascii()
    assert way.address.isprintable()
    assert " " not in way.address
    assert way_to(way.address) == way


def test_public_numbers_are_let_through():
    """All of them, in their order, each once."""
    assert numbers("http://example.org/", *PUBLIC, *PUBLIC) == PUBLIC


@pytest.mark.parametrize(("kind", "number"), [(kind, number) for kind, of in PRIVATE.items() for number in of])
def test_a_name_of_a_private_number_is_refused(kind, number):
    """Were it only one of many; the host is named, and the setting that would allow it."""
    with pytest.raises(ForbiddenAddress, match=kind) as refusal:
        numbers("https://news.example/", PUBLIC[0], number, PUBLIC[1])
    assert "news.example" in refusal.value.what
    assert "gather.allow_hosts" in refusal.value.remedy


@pytest.mark.parametrize("number", [n for kind, of in PRIVATE.items() if kind != "no address" for n in of])
def test_a_private_number_is_refused_by_itself(number):
    """As it is written in the address; nobody is asked where it lies."""
    address = f"http://[{number.replace('%', '%25')}]/" if ":" in number else f"http://{number}/"

    with pytest.raises((ForbiddenAddress, UnreadableSource) if "%" in number else ForbiddenAddress):
        numbers(address, *PUBLIC)


@pytest.mark.parametrize(
    "host", ["2130706433", "0x7f000001", "0177.0.0.1", "127.1", "0x7f.1", "0", "localhost", "LOCALHOST.", "①②⑦.1"]
)
def test_other_spellings_come_out_as_what_they_are(host):
    """Decimal, octal, hexadecimal, shortened: whatever the resolver makes of them is looked at."""
    with pytest.raises(ForbiddenAddress):
        asyncio.run(Guard((), system_resolve).numbers(way_to(f"http://{host}/")))


@given(st.ip_addresses())
def test_no_number_is_public_that_the_registries_do_not_call_so(number):
    """Python has them too; where the two differ, ours is the narrower."""
    try:
        let_through = numbers("http://example.org/", str(number))
    except ForbiddenAddress:
        let_through = ()

    assert not let_through or (ip_address(number).is_global and not ip_address(number).is_multicast)


@pytest.mark.parametrize("address", ["http://example.org:22/", "https://example.org:8443/", "http://93.184.216.34:25/"])
def test_other_ports_are_refused(address):
    """Mail servers and databases listen there."""
    with pytest.raises(ForbiddenAddress, match="port"):
        numbers(address, *PUBLIC)


@pytest.mark.parametrize("address", ["https://example.org:80/", "http://example.org:443/"])
def test_both_ports_of_the_web_are_open(address):
    """To either scheme."""
    assert numbers(address, *PUBLIC) == PUBLIC


@pytest.mark.parametrize(
    ("entry", "open_", "closed"),
    [
        ("wiki.example", ("http://wiki.example/", "https://WIKI.example./"), ("http://wiki.example:81/",)),
        ("Wiki.Example:8080", ("http://wiki.example:8080/",), ("http://wiki.example/", "http://a.wiki.example:8080/")),
        ("wiki.example:*", ("http://wiki.example:1/", "http://wiki.example/"), ("http://wiki2.example:1/",)),
        ("bücher.example", ("http://xn--bcher-kva.example/",), ()),
        ("10.0.0.5", ("http://10.0.0.5/",), ("http://10.0.0.6/", "http://167772165/", "http://wiki.example/")),
        ("[::1]:8080", ("http://[0:0::1]:8080/",), ("http://[::1]/", "http://[::2]:8080/")),
        ("[::1]", ("http://[::1]:443/",), ("http://[::1]:8080/",)),
    ],
)
def test_hosts_can_be_let_through(entry, open_, closed):
    """By the name or number as it stands in the address, and by port."""
    for address in open_:
        assert numbers(address, "10.0.0.5", allow=(entry,))
    for address in closed:
        with pytest.raises(ForbiddenAddress):
            numbers(address, "10.0.0.5", allow=(entry,))


@pytest.mark.parametrize(
    "entry", ["", "http://wiki.example", "wiki.example/", "::1", "a b", "wiki:0", "wiki:x", "wiki:", "*", "u@h", "[x]"]
)
def test_a_host_written_wrongly_is_refused(entry):
    """With an example of how it is written."""
    with pytest.raises(SettingsRefused, match="allow_hosts"):
        Guard((entry,), system_resolve)


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (socket.gaierror(socket.EAI_NONAME, "Name or service not known"), "no host called"),
        (socket.gaierror(socket.EAI_AGAIN, "Temporary failure"), "just now"),
        (TimeoutError(), "just now"),
        (UnicodeError(), "just now"),
    ],
)
def test_a_name_that_is_not_found_is_again(error, words):
    """Names come back; the host is named."""

    def resolve(host, port):
        raise error

    with pytest.raises(SourceUnreachable, match=f"{words}.*news.example"):
        asyncio.run(Guard((), resolve).numbers(way_to("http://news.example/")))


def test_a_name_of_nothing_is_again():
    """A resolver may answer with no number at all."""
    with pytest.raises(SourceUnreachable, match="no host called"):
        numbers("http://news.example/")


def test_a_look_up_can_be_given_up():
    """The loop goes on, and ends, though the resolver never answers."""
    answer = threading.Event()

    def resolve(host, port):
        answer.wait(30)
        return PUBLIC

    async def impatient():
        async with asyncio.timeout(0.02):
            await Guard((), resolve).numbers(way_to("http://news.example/"))

    with pytest.raises(TimeoutError):
        asyncio.run(impatient())
    answer.set()
    for thread in threading.enumerate():
        if thread.name == "look-up":
            thread.join(5)
