"""Gather: read sources, keep what is new, file it under topics. Gathered twice is gathered once."""

import logging
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from sqlalchemy import Row

from digest.errors import Problem, SettingsRefused, SourceGone, SourceUnreachable, StorageUnavailable
from digest.flow.house import House
from digest.flow.keep import Gathered, Judged, keep_found
from digest.flow.reading import Readers, Readership, Reading, outcome
from digest.model.rules import Brought, Rules
from digest.model.source import next_reading
from digest.sources.fetch import Answer, Document, Fetcher, Known, Unchanged, Wanted
from digest.storage import filings, sources

Told = Callable[[Gathered], None]

#: After so many failures where a source is said to have moved to, it is looked for where it was.
_FAILURES_OF_A_MOVE = 3
#: Readings of which nothing came are written down so many at a time.
_NOTED_AT_ONCE = 100
#: How long others leave alone what this process reads; it is read again if the process dies meanwhile.
_CLAIM = timedelta(minutes=15)


def gather(house: House, slugs: Sequence[str] = (), *, progress: Told = lambda _: None) -> list[Gathered]:
    """Read these sources, or all that lie somewhere and have not ended. One that fails is noted and stops no other.

    Raises UnknownName for a source that is not there.
    """
    with house.store.read() as connection:
        rows = sources.these(connection, slugs) if slugs else _all(sources.listed(connection))
    return list(_gathered(house, rows, progress))


def gather_due(house: House) -> list[Gathered]:
    """Read the sources whose time has come; of many schedulers each reads its own share."""
    now = house.clock.now()
    with house.store.read() as connection:
        if not sources.any_due(connection, now=now):
            return []
    with house.store.write() as connection:
        rows = sources.claim_due(connection, now=now, until=now + _CLAIM)
    return list(_gathered(house, rows, lambda _: None))


def fetcher(house: House) -> Fetcher:
    """Fetches as the settings say."""
    wanted = house.settings.gather
    return Fetcher(
        allow_hosts=wanted.allow_hosts,
        timeout=wanted.timeout_seconds,
        cap=wanted.largest_bytes,
        at_once=wanted.at_once,
        per_host=wanted.per_host,
    )


def lies_nowhere(slug: str) -> SettingsRefused:
    """Why a source that is only ever imported cannot be read."""
    return SettingsRefused(f"{slug} lies nowhere.", remedy="Use: digest items import FILE --source.")


def _all(rows: Iterable[Row[Any]]) -> list[Row[Any]]:
    return [row for row in rows if row.location and row.ended_at is None]


def _gathered(house: House, rows: Sequence[Row[Any]], progress: Told) -> Iterator[Gathered]:
    for row in rows:
        if not row.location:
            yield from _told(progress, Gathered(source=row.slug, error=str(lies_nowhere(row.slug))))
    run = _Run(house=house, rows={row.slug: row for row in rows if row.location}, rules=_Rulebook.load(house))
    for gathered in run.results():
        yield from _told(progress, gathered)


def _told(progress: Told, gathered: Gathered) -> Iterator[Gathered]:
    progress(gathered)
    yield gathered


@dataclass(frozen=True, slots=True)
class _Rulebook:
    """By whom each source is read, with what topics, and what rules follow from that, as it was when the run began."""

    brought: Mapping[int, Brought]
    rules: Mapping[Readership, Rules]

    @classmethod
    def load(cls, house: House) -> "_Rulebook":
        """The rules of all sources."""
        with house.store.read() as connection:
            brought = sources.all_brought(connection)
            rules = {each: filings.rules_for(connection, each) for each in {(), *map(tuple, brought.values())}}
        return cls(brought=brought, rules=rules)

    def brought_by(self, source_id: int) -> Brought:
        """What a source brings to each newsletter that reads it."""
        return self.brought.get(source_id, {})

    def of(self, source_id: int) -> Rules:
        """The rules by which its items are filed."""
        return self.rules[tuple(self.brought_by(source_id))]


@dataclass(slots=True)
class _Run:
    """One run over many sources: fetched many at once, read on all cores, kept one after the other.

    Memory does not grow with the number of sources: what is fetched waits until what was read is kept.
    """

    house: House
    rows: dict[str, Row[Any]]
    rules: _Rulebook
    _notes: list[tuple[Row[Any], dict[str, Any]]] = field(default_factory=list)
    _waiting: deque[tuple[Row[Any], Document, Reading]] = field(default_factory=deque)

    def results(self) -> Iterator[Gathered]:
        """What each source came to, as it comes."""
        try:
            with Readers(self.rules.rules, self.house.settings.gather.processes) as readers:
                with closing(fetcher(self.house).many([_wanted(row) for row in self.rows.values()])) as answers:
                    for wanted, answer in answers:
                        yield from self._answered(self.rows[wanted.key], answer, readers)
                yield from self._kept(down_to=0)
        finally:
            self._write_notes()

    def _answered(self, row: Row[Any], answer: Answer | Problem, readers: Readers) -> Iterator[Gathered]:
        if isinstance(answer, Problem):
            yield self._failed(row, answer)
        elif isinstance(answer, Unchanged):
            self._note(row, _went_well(self.house, row, answer))
            yield Gathered(source=row.slug, unchanged=True)
        else:
            reading = readers.begin(sources.value_of(row), answer, self.rules.brought_by(row.id))
            self._waiting.append((row, answer, reading))
            yield from self._kept(down_to=readers.ahead)

    def _kept(self, *, down_to: int) -> Iterator[Gathered]:
        while len(self._waiting) > down_to:
            row, document, reading = self._waiting.popleft()
            try:
                yield self._keep(row, document, reading)
            except StorageUnavailable:  # which is not the source's fault
                raise
            except Problem as problem:
                yield self._failed(row, problem)
            except Exception as error:  # what one source brings must not stop the others
                logging.getLogger(__name__).exception("%s cannot be kept", row.slug)
                what = f"It makes the program stumble ({type(error).__name__}); please report it."
                yield self._failed(row, Problem(what))

    def _keep(self, row: Row[Any], document: Document, reading: Reading) -> Gathered:
        read = outcome(reading)
        judged = Judged(rules=self.rules.of(row.id), reasons=read.reasons)
        with self.house.store.write() as connection:
            if not sources.is_as_read(connection, row):
                return Gathered(source=row.slug, error="It was given another place while it was read; next time.")
            gathered, _ = keep_found(self.house, connection, row.slug, row.id, read.found, judged=judged)
            sources.note(connection, [(row, _went_well(self.house, row, document))])
            return gathered

    def _failed(self, row: Row[Any], problem: Problem) -> Gathered:
        self._note(row, _went_badly(self.house, row, problem))
        return Gathered(source=row.slug, error=str(problem))

    def _note(self, row: Row[Any], values: dict[str, Any]) -> None:
        self._notes.append((row, values))
        if len(self._notes) >= _NOTED_AT_ONCE:
            self._write_notes()

    def _write_notes(self) -> None:
        if self._notes:
            with self.house.store.write() as connection:
                sources.note(connection, self._notes)
            self._notes.clear()


def _wanted(row: Row[Any]) -> Wanted:
    known = Known(etag=row.etag, modified=row.modified, checksum=row.checksum)
    return Wanted(key=row.slug, location=row.moved_to or row.location, known=known)


def _went_well(house: House, row: Row[Any], answer: Document | Unchanged) -> dict[str, Any]:
    now = house.clock.now()
    return {
        "read_at": now,
        "succeeded_at": now,
        "failures": 0,
        "last_error": "",
        "ended_at": None,
        "next_at": next_reading(now, every(house), fresh_for=answer.fresh_for),
        "moved_to": answer.moved_to or row.moved_to,
        "etag": answer.known.etag,
        "modified": answer.known.modified,
        "checksum": answer.known.checksum,
    }


def _went_badly(house: House, row: Row[Any], problem: Problem) -> dict[str, Any]:
    now, failures = house.clock.now(), row.failures + 1
    wait = problem.wait if isinstance(problem, SourceUnreachable) else timedelta()
    values: dict[str, Any] = {
        "read_at": now,
        "failures": failures,
        "last_error": str(problem),
        "next_at": next_reading(now, every(house), failures=failures, wait=wait),
    }
    if isinstance(problem, SourceGone):
        values["ended_at"] = now
    if row.moved_to and failures >= _FAILURES_OF_A_MOVE:
        values["moved_to"] = ""
    return values


def every(house: House) -> timedelta:
    """How often a source is read that says nothing of it."""
    return timedelta(minutes=house.settings.scheduler.gather_minutes)
