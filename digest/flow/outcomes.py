"""Outcomes: what each cohort of a draft's readers would get if it came out now. Chosen once, for all who ask.

It counts cohorts as publishing does and writes nothing, so that many readers cost no more than their cohorts.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence

from sqlalchemy import Connection

from digest.flow.choose import Choosers
from digest.flow.layouts import layout_from
from digest.flow.preview import Preview
from digest.model.choice import Choice
from digest.rendering.variant import Layout
from digest.storage import audiences, editions
from digest.storage.audiences import Cohort

#: A cohort, why it gets what it gets, and its letter; None where it gets none.
Outcome = tuple[Cohort, Choice, Layout | None]
#: Told what is being done, how far it has come, and how far it goes.
Progress = Callable[[str, int, int], None]

_TOLD_EVERY = 200


def silent(what: str, done: int, total: int) -> None:
    """Tells nobody."""


def outcomes(connection: Connection, preview: Preview, progress: Progress = silent) -> list[Outcome]:
    """Of a draft; who gets the same has one and the same layout."""
    edition, now = preview.edition, preview.house.clock.now()
    span = edition.span
    cadence = edition.issue.period.cadence
    cohorts = list(audiences.cohorts_now(connection, edition.publication.id, cadence, span, now=now))
    return list(Choosers(preview.spoken).for_cohorts(connection, _told(cohorts, progress)))


def letters(outcomes: Iterable[Outcome]) -> list[Layout]:
    """The different letters among them, in their order."""
    found = {id(layout): layout for _, _, layout in outcomes if layout is not None}
    return list(found.values())


def sent_letters(connection: Connection, preview: Preview) -> Iterator[Layout]:
    """The letters of an issue that is out."""
    for variant_id in audiences.variants_of(connection, preview.issue.id):
        yield layout_from(editions.load_variant(connection, variant_id)[1])


def _told(cohorts: Sequence[Cohort], progress: Progress) -> Iterator[Cohort]:
    for done, cohort in enumerate(cohorts):
        if done % _TOLD_EVERY == 0:
            progress("Choosing", done, len(cohorts))
        yield cohort
    progress("Choosing", len(cohorts), len(cohorts))
