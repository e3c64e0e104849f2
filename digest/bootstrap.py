"""Bootstrap: the only place where adapters are chosen and joined."""

import os
import secrets
import tempfile
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import select

from digest.captcha.nothing import NoCheck
from digest.captcha.question import QuestionCheck
from digest.errors import SettingsRefused
from digest.flow.house import House
from digest.jobs.inline import InlineQueue
from digest.mail.dkim import Signer
from digest.mail.folder import FolderTransport
from digest.mail.session import SmtpTimeouts
from digest.mail.smtp import Security, SmtpConfig, SmtpTransport
from digest.model.person import Task
from digest.ports import JobQueue, PersonCheck, Transport
from digest.resources import folders
from digest.settings import Relay, Settings, TransportKind
from digest.settings import Security as AskedSecurity
from digest.settings.web import Captcha, Check
from digest.storage import schema
from digest.storage.engine import Store, make_private, open_store
from digest.storage.tables import fact
from subscribers.tokens import Keys
from subscribers.upsert import insert_new

_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})


#: Seconds to wait for each step of opening a connection where there is another mail server to ask.
_SHORT_OPENING = 30.0


class SystemClock:
    """The machine's clock."""

    def now(self) -> datetime:
        """The present instant in UTC."""
        return datetime.now(UTC)


def open_house(settings: Settings) -> House:
    """Everything joined as the settings say, with the database at its newest version.

    Raises SettingsRefused or StorageUnavailable.
    """
    store = open_store(settings.database.url, settings.data_folder)
    try:
        return _joined(settings, store)
    except BaseException:
        store.close()
        raise


def _joined(settings: Settings, store: Store) -> House:
    schema.prepare(store)
    keys = Keys(_secret(settings))
    _must_be_the_same_secret(store, keys)
    return House(
        settings=settings,
        store=store,
        keys=keys,
        clock=SystemClock(),
        queue=_queue(store),
        transport=lambda: _transport(settings),
        fallbacks=lambda: _fallbacks(settings),
        signers=lambda: signers(settings),
        person_check=lambda: _person_check(settings.web.captcha),
        template_folders=tuple(folders("templates", settings.own_templates)),
    )


def _transport(settings: Settings) -> Transport:
    match settings.mail.transport:
        case TransportKind.FOLDER:
            return FolderTransport(settings.mail.folder.path)
        case TransportKind.SMTP:
            return SmtpTransport(_smtp_config(settings, settings.mail.smtp))


def _fallbacks(settings: Settings) -> tuple[Transport, ...]:
    if settings.mail.transport is not TransportKind.SMTP:
        return ()
    # As many connections as the first may have, and with somebody else to ask nobody waits minutes for a greeting.
    return tuple(
        SmtpTransport(_smtp_config(settings, relay, name=name, keys=f"mail.fallback.{name}"))
        for name, relay in settings.mail.fallback.items()
    )


def signers(settings: Settings) -> tuple[Signer, ...]:
    """The DKIM keys that the settings name. Raises SettingsRefused for one that cannot be signed with."""
    if not settings.mail.dkim:
        return ()
    from digest.mail import dkim_keys  # the library that signs takes its time to load

    named = [(key.domain.lower(), key.selector.lower()) for key in settings.mail.dkim]
    for domain, selector in named:
        if named.count((domain, selector)) > 1:
            raise SettingsRefused(
                f"[[mail.dkim]] has the selector {selector} of {domain} twice.", remedy="Give each key its own."
            )
    return tuple(
        dkim_keys.signer(dkim_keys.load(key.key_file), domain=domain, selector=selector)
        for key, (domain, selector) in zip(settings.mail.dkim, named, strict=True)
    )


def _smtp_config(settings: Settings, smtp: Relay, *, name: str = "smtp", keys: str = "mail.smtp") -> SmtpConfig:
    if smtp.username and smtp.security is AskedSecurity.NONE and smtp.host not in _LOOPBACK:
        raise SettingsRefused(
            f"{keys}.security is “none”, which would send the password in the clear.", remedy="Use starttls or tls."
        )
    return SmtpConfig(
        name=name,
        keys=keys,
        host=smtp.host,
        port=smtp.port,
        security=Security(smtp.security),
        username=smtp.username,
        password=smtp.password or _password(smtp.password_file, keys),
        connections=settings.mail.smtp.connections,
        max_messages=settings.mail.smtp.messages_per_connection,
        ca_file=Path(smtp.ca_file) if smtp.ca_file else None,
        timeouts=SmtpTimeouts(opening=_SHORT_OPENING) if settings.mail.fallback else SmtpTimeouts(),
    )


def _password(file: str, keys: str) -> str:
    return _read(file, f"{keys}.password_file") if file else ""


def _read(file: str, key: str) -> str:
    try:
        return Path(file).read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) else "it is not text"
        raise SettingsRefused(f"The file {key} names cannot be read: {why}.", remedy="Check its name.") from error


def _person_check(captcha: Captcha) -> PersonCheck:
    match captcha.check:
        case Check.NONE:
            return NoCheck()
        case Check.QUESTION:
            return QuestionCheck(captcha.question, captcha.answers)
        case Check.SERVICE:
            from digest.captcha.siteverify import SiteverifyCheck  # what speaks HTTP takes its time to load

            return SiteverifyCheck(
                task=Task(
                    field=captcha.response_field,
                    script=captcha.script_url,
                    widget=captcha.widget_class,
                    site_key=captcha.site_key,
                    origins=captcha.origins,
                ),
                verify_url=captcha.verify_url,
                secret=captcha.secret or _read(captcha.secret_file, "web.captcha.secret_file"),
                timeout_seconds=captcha.timeout_seconds,
            )


def _queue(store: Store) -> JobQueue:
    if store.embedded:
        return InlineQueue()
    try:
        from digest.jobs.postgres import PostgresQueue
    except ImportError as error:
        raise SettingsRefused(
            "PostgreSQL needs the extra “postgres”.", remedy="pip install 'topic-digest[postgres]'."
        ) from error
    queue = PostgresQueue(store.engine)
    queue.prepare()
    return queue


def _secret(settings: Settings) -> bytes:
    """The site's secret; made at the first use, for nobody but its owner to read."""
    path = settings.secret_path
    try:
        make_private(path.parent)
        if not path.exists():
            _make_secret(path)
        secret = path.read_text(encoding="utf-8").strip()
    except OSError as error:
        raise SettingsRefused(
            f"The secret cannot be kept in {path}: {error.strerror}.", remedy="Check secret_file and data_folder."
        ) from error
    if len(secret) < 32:
        raise SettingsRefused(f"The secret in {path} is too short to be one.", remedy="Bring it back from a backup.")
    return secret.encode()


def _make_secret(path: Path) -> None:
    """Whole or not at all, and only once however many processes start together."""
    with tempfile.NamedTemporaryFile("w", dir=path.parent, prefix=".secret-") as file:  # readable by its owner alone
        file.write(secrets.token_hex(32) + "\n")
        file.flush()
        os.fsync(file.fileno())
        with suppress(FileExistsError):
            os.link(file.name, path)


def _must_be_the_same_secret(store: Store, keys: Keys) -> None:
    """With another secret, suppressed and erased people would no longer be recognised, and links would break."""
    known = _known_fingerprint(store)
    if known is None:
        with store.write() as connection:
            insert_new(connection, fact, {"name": "secret", "value": keys.fingerprint})
        known = _known_fingerprint(store)
    if known != keys.fingerprint:
        raise SettingsRefused(
            "The secret is not the one this database was made with.", remedy="Bring secret.key back from a backup."
        )


def _known_fingerprint(store: Store) -> str | None:
    with store.read() as connection:
        known: str | None = connection.scalar(select(fact.c.value).where(fact.c.name == "secret"))
        return known
