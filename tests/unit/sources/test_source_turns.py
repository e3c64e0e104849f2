"""Many are asked at once, each host a little at a time, and nobody is held up by another."""

import gc
import socket
import threading
import time
import tracemalloc
from contextlib import closing
from datetime import timedelta

import pytest

from digest.errors import SourceUnreachable, UnreadableSource
from digest.sources.fetch import Document, Fetcher, Wanted


class Crowd:
    """Counts who is in, and lets everybody out only when told to."""

    def __init__(self, site, paths):
        self.most = self.now = 0
        self.lock = threading.Lock()
        self.out = threading.Event()
        for path in paths:
            site.answers[path] = self.answer

    def answer(self, request):
        with self.lock:
            self.now += 1
            self.most = max(self.most, self.now)
        self.out.wait(5)
        with self.lock:
            self.now -= 1
        request.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\ntext")


def fetcher(**options):
    """Knows any name that ends in .example as this machine."""
    hosts = (f"{name}.example:*" for name in ("slow", *(f"h{number}" for number in range(60))))
    return Fetcher(allow_hosts=("127.0.0.1:*", *hosts), resolve=lambda host, port: ["127.0.0.1"], **options)


def wanted(*addresses):
    return [Wanted(key=address, location=address) for address in addresses]


def every_host(site, path, count=20):
    """The address of a path by so many names."""
    return [site.at(f"h{number}.example", path) for number in range(count)]


def fetching():
    """The threads that are still at it."""
    return [thread for thread in threading.enumerate() if thread.name in ("fetching", "look-up")]


def until(condition):
    """Wait until something is so, for a while."""
    ends_at = time.monotonic() + 5
    while not condition() and time.monotonic() < ends_at:
        time.sleep(0.005)
    return condition()


def test_all_that_is_wanted_comes(site, tmp_path):
    """Each once, with what it came to: documents, files and problems."""
    (tmp_path / "page.txt").write_bytes(b"text")
    pages = [site.page(f"/{number}", b"text %d" % number) for number in range(50)]
    missing = site.page("/missing", status=404)
    file, none = str(tmp_path / "page.txt"), str(tmp_path / "none")
    found = dict(fetcher(per_host=10).many(wanted(*pages, missing, file, none, "http://", "ftp://h/")))

    assert {each.location for each in found} == {*pages, missing, file, none, "http://", "ftp://h/"}
    assert [found[each].data for each in wanted(*pages)] == [b"text %d" % number for number in range(50)]
    assert found[wanted(file)[0]].data == b"text"
    assert all(isinstance(found[each], UnreadableSource) for each in wanted(missing, none, "http://", "ftp://h/"))


def test_nothing_wanted_is_nothing_asked():
    """No thread is begun for it."""
    assert list(fetcher().many([])) == []


def test_the_same_may_be_wanted_twice(site):
    """It comes twice."""
    page = site.page("/", b"text")

    assert len(list(fetcher().many(wanted(page, page)))) == 2


@pytest.mark.parametrize("per_host", [1, 3])
def test_a_host_is_asked_a_little_at_a_time(site, per_host):
    """By its name, over all of its pages."""
    paths = [f"/{number}" for number in range(12)]
    crowd = Crowd(site, paths)
    pages = wanted(*(site.at("h1.example", path) for path in paths))
    run = threading.Thread(target=lambda: list(fetcher(per_host=per_host).many(pages)))
    run.start()
    full = until(lambda: crowd.now == per_host)
    time.sleep(0.05)
    crowd.out.set()
    run.join()

    assert full
    assert crowd.most == per_host
    assert len(site.asked) == 12


def test_no_more_are_asked_at_once_than_allowed(site):
    """Over all hosts."""
    crowd = Crowd(site, ["/"])
    run = threading.Thread(target=lambda: list(fetcher(at_once=4).many(wanted(*every_host(site, "/")))))
    run.start()
    full = until(lambda: crowd.now == 4)
    time.sleep(0.05)
    crowd.out.set()
    run.join()

    assert full
    assert crowd.most == 4


def test_one_slow_host_does_not_hold_up_the_others(site):
    """Though it has many pages, wanted first, and there are few places."""
    paths = [f"/slow/{number}" for number in range(30)]
    crowd = Crowd(site, paths)
    site.page("/", b"text")
    slow = [site.at("slow.example", path) for path in paths]
    with closing(fetcher(at_once=3).many(wanted(*slow, *every_host(site, "/")))) as answers:
        first = [next(answers)[0].location for _ in range(20)]
        crowd.out.set()
        rest = list(answers)

    assert sorted(first) == sorted(every_host(site, "/"))
    assert len(rest) == 30


def test_to_wait_for_ones_turn_costs_no_time(site):
    """The clock runs from the moment it is asked for."""

    def slowly(request):
        site.over.wait(0.1)
        request.wfile.write(b"HTTP/1.1 200 OK\r\n\r\n")

    site.answers = {f"/{number}": slowly for number in range(5)}
    pages = [site.at("h1.example", f"/{number}") for number in range(5)]
    answers = [answer for _, answer in fetcher(per_host=1, timeout=0.3).many(wanted(*pages))]

    assert all(isinstance(answer, Document) for answer in answers)


def test_many_ways_may_lead_to_one_host(site):
    """Whoever is sent on waits for a turn there, and holds none meanwhile."""
    site.page("/", status=302, Location=site.at("slow.example", "/there"))
    crowd = Crowd(site, ["/there"])
    crowd.out.set()
    answers = [answer for _, answer in fetcher(at_once=2, per_host=1).many(wanted(*every_host(site, "/", 60)))]

    assert [answer.address for answer in answers] == [site.at("slow.example", "/there")] * 60
    assert crowd.most == 1


@pytest.mark.parametrize(("status", "wait"), [(429, "60"), (429, ""), (503, "60")])
def test_a_host_that_asks_for_peace_is_left_alone(site, status, wait):
    """Its other pages come back with the same wait; other hosts are asked as before."""
    for number in range(5):
        site.page(f"/{number}", status=status, Retry_After=wait)
    site.page("/page", b"text")
    busy = [site.at("slow.example", f"/{number}") for number in range(5)]
    others = every_host(site, "/page", 3)
    answers = {each.location: answer for each, answer in fetcher(per_host=1).many(wanted(*busy, *others))}

    assert len(site.asked) == 1 + 3
    assert all(isinstance(answers[address], SourceUnreachable) for address in busy)
    assert {answers[address].wait for address in busy} == {timedelta(seconds=int(wait or 0))}
    assert all(isinstance(answers[address], Document) for address in others)


def test_a_host_in_trouble_is_still_asked(site):
    """When it does not say that it wants to be left alone."""
    pages = [site.page(f"/{number}", status=503) for number in range(3)]
    answers = list(fetcher(per_host=1).many(wanted(*pages)))

    assert len(site.asked) == len(answers) == 3


def test_the_next_round_asks_again(site):
    """Who waits how long is kept elsewhere."""
    page, asking = site.page("/", status=429, Retry_After="60"), fetcher()

    assert [len(list(asking.many(wanted(page)))) for _ in range(2)] == [1, 1]
    assert len(site.asked) == 2


def test_nobody_is_asked_faster_than_the_answers_are_taken(site):
    """So they do not pile up in memory."""
    site.page("/", b"text")
    with closing(fetcher(at_once=4).many(wanted(*every_host(site, "/", 40)))) as answers:
        for _ in range(3):
            next(answers)
        until(lambda: len(site.asked) >= 3 + 4)
        time.sleep(0.05)
        asked = len(site.asked)
        rest = len(list(answers))

    assert asked <= 3 + 4
    assert rest == 37


def test_closed_early_nothing_is_left(site):
    """Neither a thread nor a connection, whatever was under way."""
    site.page("/", b"text")
    site.answers["/silent"] = lambda request: site.over.wait(10)
    silent = [site.at(f"h{number}.example", "/silent") for number in range(8)]
    with socket.create_server(("127.0.0.1", 0)) as deaf:
        tls = f"https://127.0.0.1:{deaf.getsockname()[1]}/"
        answers = fetcher().many(wanted(f"{site.address}/", *silent, tls))
        found, _ = next(answers)
        until(lambda: len(site.asked) == 9)
        answers.close()

    assert found.location == f"{site.address}/"
    assert fetching() == []
    gc.collect()  # what was not closed would warn now


def test_closed_after_the_last_nothing_is_left(site):
    """It may have ended by itself meanwhile, or not."""
    page = site.page("/", b"text")
    for _ in range(20):
        answers = fetcher().many(wanted(page))
        next(answers)
        answers.close()

    assert fetching() == []


def test_a_round_that_is_forgotten_ends(site):
    """As when an error ends the loop that takes its answers."""
    site.page("/", b"text")
    answers = fetcher().many(wanted(*every_host(site, "/")))
    next(answers)
    del answers

    assert fetching() == []


def test_a_problem_holds_on_to_nothing_large(site):
    """Many may be kept until the end of a round."""
    site.page("/", b"x" * 5_000_001)
    tracemalloc.start()
    try:
        found = list(fetcher().many(wanted(f"{site.address}/")))
        gc.collect()
        held, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert isinstance(found[0][1], UnreadableSource)
    assert held < 1_000_000
