"""The doctor: looks whether all that publishing rests on is in order, and says what to do where it is not."""

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from pathlib import Path

from sqlalchemy import Connection, text

from digest.errors import Problem
from digest.flow import memory, restored, samples
from digest.flow.check import hindrances
from digest.flow.freeze import freeze
from digest.flow.hours import longest_waits
from digest.flow.house import House
from digest.flow.seal import BOTH, Seal, sample
from digest.flow.standing import present_troubles
from digest.flow.standing import told as kept_by
from digest.flow.verdict import told
from digest.mail.dkim import Signer
from digest.model.issue import IssueState
from digest.ports import Transport
from digest.settings import TransportKind
from digest.storage import issues, newsletters, schema, sources, standbys
from digest.storage.newsletters import Publication
from subscribers import audience


class Health(StrEnum):
    """How a thing is."""

    GOOD = "good"
    WARNING = "warning"
    BAD = "bad"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing the doctor looked at."""

    about: str
    health: Health
    #: What was seen, and what to do about it.
    words: str


def examine(house: House) -> list[Finding]:
    """Look at everything; never raises for what it finds."""
    looks = (
        _database,
        _restored,
        _secret,
        _newsletters,
        _hours,
        _samples,
        _sources,
        _templates,
        _checks,
        _transport,
        _dkim,
        _pages,
    )
    return [finding for look in looks for finding in _seen(look.__name__.strip("_"), look, house)]


def _seen(about: str, look: object, house: House) -> Iterator[Finding]:
    try:
        yield from look(house)  # type: ignore[operator]
    except Problem as problem:
        yield Finding(about=about, health=Health.BAD, words=str(problem))


def _good(about: str, words: str) -> Finding:
    return Finding(about=about, health=Health.GOOD, words=words)


def _warning(about: str, words: str) -> Finding:
    return Finding(about=about, health=Health.WARNING, words=words)


def _database(house: House) -> Iterator[Finding]:
    with house.store.read() as connection:
        yield _good("database", f"{house.store.engine.dialect.name}, at version {schema.version(connection)}.")
        if house.store.embedded:
            durable = connection.execute(text("PRAGMA synchronous")).scalar_one() >= 2
            words = "each commit reaches the disk." if durable else "commits may be lost with the power."
            yield Finding(about="database", health=Health.GOOD if durable else Health.BAD, words=words)
            yield from _private(Path(house.store.engine.url.database or ""))
        elif behind := standbys.not_waited_for(connection):
            yield _warning("database", f"{behind} {'follows' if behind == 1 else 'follow'} it, {_LOST_MARKERS}")


_LOST_MARKERS = (
    "and no commit waits for them: should one take over, what was sent last would wait there once more. Name those that"
    " may take over in PostgreSQL’s synchronous_standby_names."
)


def _restored(house: House) -> Iterator[Finding]:
    with house.store.read() as connection:
        if words := restored.words(connection):
            yield Finding(about="database", health=Health.BAD, words=words)


def _private(file: Path) -> Iterator[Finding]:
    """It holds the addresses of readers, so nobody else on the machine is to read it."""
    if file.parent.stat().st_mode & 0o077 and file.stat().st_mode & 0o077:
        yield _warning("database", f"{file} can be read by others on this machine; run: chmod 700 {file.parent}.")


def _secret(house: House) -> Iterator[Finding]:
    path = house.settings.secret_path
    if path.stat().st_mode & 0o077:
        yield _warning("secret", f"{path} can be read by others; run: chmod 600 {path}.")
    else:
        yield _good("secret", f"{path} is for its owner alone; keep it with your backups.")


def _newsletters(house: House) -> Iterator[Finding]:
    with house.store.read() as connection:
        slugs = newsletters.slugs(connection)
        if not slugs:
            yield _warning("newsletters", "there is none yet; run: digest apply FILE.")
        for slug in slugs:
            publication = newsletters.load(connection, slug)
            if not publication.newsletter.brand.postal_address:
                yield _warning("newsletters", f"{slug} has no postal address; many countries' law asks for one.")
            elif not publication.topics:
                yield _warning("newsletters", f"{slug} has no topics; readers have nothing to choose.")
            else:
                yield _good("newsletters", f"{slug} has its topics and a postal address.")
            yield from _left_behind(connection, publication)


def _left_behind(connection: Connection, publication: Publication) -> Iterator[Finding]:
    """A cadence that the newsletter has no more, and that some readers have still chosen."""
    newsletter = publication.newsletter
    for cadence, count in audience.left_behind(connection, publication.id, newsletter.cadences).items():
        words = f"{count:,} readers of {newsletter.slug} have chosen {cadence}, for which no issue is made"
        yield _warning("newsletters", f"{words}: they get nothing. {_BRING_BACK}")


_BRING_BACK = "Bring it back, or change theirs: digest subscribers change."


def _samples(house: House) -> Iterator[Finding]:
    """What came with the sample and is nobody's. While letters go into a folder, it does no harm."""
    if house.settings.mail.transport is TransportKind.FOLDER:
        return
    mail = house.settings.mail
    asked = [("", f"mail.{key}", getattr(mail, key)) for key in ("bounce_address", "bounce_domain")]
    asked.append(("", "mail.unsubscribe_address", mail.unsubscribe_address))
    asked.append(("", "web.base_url", house.links.base))
    with house.store.read() as connection:
        for slug in newsletters.slugs(connection):
            sender = newsletters.load(connection, slug).newsletter.sender
            asked += [(slug, "sender.address", sender.address), (slug, "sender.reply_to", sender.reply_to)]
            brand = newsletters.load(connection, slug).newsletter.brand
            if brand.postal_address in samples.postal_addresses():
                words = f"{slug}: brand.postal_address is still that of the sample, “{brand.postal_address}”."
                yield _warning("samples", f"{words} Write your own into the newsletter's file, then run: digest apply.")
    for slug, key, value in asked:
        if samples.is_for_examples(value):
            yield _warning("samples", _example(slug, key, value))


def _example(slug: str, key: str, value: str) -> str:
    if slug:
        words = f"{slug}: {key} is {value}, which belongs to nobody: what readers answer is lost"
        return f"{words}, and mail servers refuse it. Write your own into its file, then run: digest apply."
    return f"{key} is {value}, an address for examples that leads nowhere. Set your own in digest.toml."


def _hours(house: House) -> Iterator[Finding]:
    """Whether news lasts until the next hours in which mail leaves."""
    lasts = timedelta(hours=house.settings.delivery.expire_hours)
    with house.store.read() as connection:
        for slug, longest in longest_waits(house, connection):
            if longest >= lasts:
                hours = longest / timedelta(hours=1)
                words = f"{slug}: its mail may have to wait {hours:.0f} hours for its time, and is too old by then."
                yield Finding(about="hours", health=Health.BAD, words=f"{words} Raise delivery.expire_hours.")


def _sources(house: House) -> Iterator[Finding]:
    with house.store.read() as connection:
        for row in sources.listed(connection):
            if row.last_error:
                yield _warning("sources", f"{row.slug} failed, {row.failures} in a row: {row.last_error}")


def _templates(house: House) -> Iterator[Finding]:
    with house.store.read() as connection:
        open_issues = issues.listed(connection, None, IssueState.DRAFT, IssueState.APPROVED)
        for issue in open_issues:
            # What is remembered of it was seen when it compiled.
            if memory.recalled(house, connection, issue) is None:
                freeze(house, connection, issue, now=house.clock.now())
            yield _good("templates", f"{issue.name} compiles.")
        if not open_issues:
            house.templates.get_template("email/issue/issue.mjml.j2")
            yield _good("templates", "they can be read; no draft is there to compile.")


def _checks(house: House) -> Iterator[Finding]:
    with house.store.read() as connection:
        open_issues = issues.listed(connection, None, IssueState.DRAFT, IssueState.APPROVED)
    for issue in open_issues:
        errors = hindrances(house, str(issue.id))
        if not errors:
            yield _good("checks", f"{issue.name} holds no error that would keep it from going out.")
            continue
        health = Health.BAD if issue.state is IssueState.APPROVED else Health.WARNING
        yield Finding(about="checks", health=health, words=told(issue, errors))


def _transport(house: House) -> Iterator[Finding]:
    async def greet(transport: Transport) -> None:
        await (await transport.connect()).close()

    with house.store.read() as connection:
        for trouble in present_troubles(house, connection):
            yield _warning("transport", kept_by(trouble))
    for transport in house.ways_out():
        try:
            asyncio.run(greet(transport))
            yield _good("transport", f"{transport.name} is ready.")
        except Problem as problem:
            yield Finding(about="transport", health=Health.BAD, words=str(problem))


def _dkim(house: House) -> Iterator[Finding]:
    signers = house.signers()
    if not signers:
        if house.settings.mail.transport is TransportKind.SMTP:
            words = f"no key is set, so the mail server has to sign, and its h= to name {' and '.join(BOTH)}."
            yield _warning("dkim", f"{words} To sign here, run: digest dkim keygen DOMAIN.")
        return
    for signer in signers:
        yield _usable(signer)
    with house.store.read() as connection:
        for slug in newsletters.slugs(connection):
            yield _sealed(sample(house, signers, newsletters.load(connection, slug).newsletter))


def _usable(signer: Signer) -> Finding:
    from digest.mail.dkim_keys import at_once  # the library that signs takes its time to load

    words = f"the {signer.algorithm} key {signer.selector} of {signer.domain} can be used"
    many = at_once(signer)
    return _good("dkim", f"{words}; it can sign {many} messages at once." if many > 1 else f"{words}.")


def _sealed(seen: Seal) -> Finding:
    if not seen.selectors:
        words = f"{seen.newsletter} is not signed: no key is of {seen.domain} or a domain above it."
        return _warning("dkim", f"{words} Run: digest dkim keygen {seen.domain}.")
    if seen.missing:
        words = f"{seen.newsletter}: a signature leaves out {' and '.join(seen.missing)}, so no button to leave shows."
        return Finding(about="dkim", health=Health.BAD, words=words)
    words = f"{seen.newsletter} is signed by {' and '.join(seen.selectors)}"
    return _good("dkim", f"{words}; {' and '.join(BOTH)} are covered.")


def _pages(house: House) -> Iterator[Finding]:
    base = house.links.base
    if base.startswith("https://"):
        yield _good("pages", f"links lead to {base}.")
    else:
        yield _warning("pages", f"links lead to {base}; readers' one-click unsubscribe needs https (web.base_url).")
