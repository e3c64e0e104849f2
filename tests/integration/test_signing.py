"""Signing: letters that verify where they arrive, the same in every attempt; keys that cannot be used stop all."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email import message_from_bytes
from email.utils import format_datetime
from itertools import count
from pathlib import Path

import pytest
from itsdangerous import TimestampSigner
from sqlalchemy import select

from digest.errors import SettingsRefused
from digest.flow.deliver import drain_outbox
from digest.flow.doctor import Finding, Health, examine
from digest.flow.house import House
from digest.flow.returns import Returns
from digest.mail import dkim_keys
from digest.mail.dkim import covered_by
from digest.mail.dkim_keys import Kind
from digest.mail.lanes import fits
from digest.mail.memory import MemoryTransport
from digest.mail.signing import SigningProcess, Wanted
from digest.model.delivery import About, DeliveryId, DeliveryState, Handover, Outcome, Phase
from digest.settings import Dkim, TransportKind
from digest.storage.tables import delivery
from subscribers.errors import TokenRefused
from tests.conftest import StandingClock
from tests.support.desk import Desk
from tests.support.postmaster import KEYS, Postmaster, pem

POSTMASTER = Postmaster()
FROM = "news.example.org"


@pytest.fixture(autouse=True)
def days_gone_by(clock: StandingClock) -> None:
    """Verifiers refuse signatures from the future, and theirs is the real clock."""
    clock.at = datetime(2025, 11, 21, 12, tzinfo=UTC)


def with_mail(house: House, **values: object) -> House:
    """The house with other settings of mail."""
    settings = house.settings
    return replace(house, settings=settings.model_copy(update={"mail": settings.mail.model_copy(update=values)}))


def signing(house: House, *keys: tuple[Kind, str]) -> House:
    """The house with a key for each kind and domain."""
    signers = tuple(POSTMASTER.publish(KEYS[k], domain=d, selector=f"{k}{n}") for n, (k, d) in enumerate(keys))
    return replace(house, signers=lambda: signers)


def issue(house: House, tmp_path: Path, *, readers: int = 1) -> Desk:
    """A desk with an issue that waits to be delivered to one reader, or to more."""
    desk = Desk(house)
    desk.write_items(tmp_path, {"title": "Rights of carers", "published_at": "2025-11-03", "topics": ["carers"]})
    desk.reader("priya@example.org", name="Priya")
    for number in range(1, readers):
        desk.reader(f"r{number}@example.org")
    desk.issue("2025-11")
    return desk


def findings(house: House) -> list[Finding]:
    """What the doctor says of signing."""
    return [finding for finding in examine(house) if finding.about == "dkim"]


def test_what_arrives_verifies(social_care: House, tmp_path: Path, transport: MemoryTransport) -> None:
    """By each of the keys, those of the domain and of the one above it; both headers of one-click are covered."""
    issue(signing(social_care, (Kind.RSA, FROM), (Kind.ED25519, "example.org")), tmp_path).deliver()

    message = transport.kept[0].message
    assert POSTMASTER.signatures(message) == [True, True]
    assert all({"list-unsubscribe", "list-unsubscribe-post", "feedback-id"} <= names for names in covered_by(message))


@pytest.mark.usefixtures("patient_signing")
@pytest.mark.parametrize("killed", [False, True], ids=["in peace", "killed over and over"])
def test_what_other_processes_sign_verifies(
    social_care: House, tmp_path: Path, transport: MemoryTransport, monkeypatch: pytest.MonkeyPatch, killed: bool
) -> None:
    """Everybody gets one letter, and each signature of it holds; who kills those that sign loses and doubles nothing,
    and none of them is left."""
    monkeypatch.setattr("digest.flow.ahead._processors", lambda: 2)
    monkeypatch.setattr("digest.flow.ahead._LETTERS", 8)
    begun: list[SigningProcess] = []
    usual = SigningProcess.signatures

    async def noted(process: SigningProcess, wanted: Sequence[Wanted]) -> list[bytes]:
        begun.append(process)
        made = await usual(process, wanted)
        if killed and len(begun) % 3 == 0:
            process._child.kill()
        return made

    monkeypatch.setattr(SigningProcess, "signatures", noted)
    desk = issue(signing(social_care, (Kind.RSA, FROM), (Kind.ED25519, "example.org")), tmp_path, readers=150)
    desk.deliver()

    assert {kept.envelope.recipient for kept in transport.kept} == {
        "priya@example.org",
        *(f"r{n}@example.org" for n in range(1, 150)),
    }
    assert len(transport.kept) == 150
    assert all(POSTMASTER.signatures(kept.message) == [True, True] for kept in transport.kept)
    assert len({id(process) for process in begun}) > (2 if killed else 1)
    assert all(process._child.returncode is not None for process in begun)


def test_a_key_of_another_domain_does_not_sign(social_care: House, tmp_path: Path, transport: MemoryTransport) -> None:
    """Its signature would count for nothing."""
    issue(signing(social_care, (Kind.ED25519, "example.com")), tmp_path).deliver()

    assert b"DKIM-Signature" not in transport.kept[0].message


def test_every_attempt_is_the_same_bytes(social_care: House, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Message-ID, Date, links and signature: what a server has seen before, it may know again."""
    seconds = count(int(social_care.clock.now().timestamp()))
    monkeypatch.setattr(TimestampSigner, "get_timestamp", lambda _: next(seconds))
    seen: list[bytes] = []

    class Forgetful(MemoryTransport):
        async def connect(self):  # type: ignore[no-untyped-def]
            session = await super().connect()
            usual = session.hand_over

            async def hand_over(envelope, message, before_dot):  # type: ignore[no-untyped-def]
                seen.append(message)
                return await usual(envelope, message, before_dot)

            session.hand_over = hand_over  # type: ignore[method-assign]
            return session

    busy = Handover(outcome=Outcome.DEFERRED, phase=Phase.RCPT, reply_code=450, about=About.READER)
    way = Forgetful([busy, busy])
    house = with_mail(signing(social_care, (Kind.RSA, FROM)), bounce_domain="bounce.example.org")
    house = with_mail(house, unsubscribe_address="leave@example.org")
    desk = issue(replace(house, transport=lambda: way), tmp_path)

    desk.deliver(drain=True)

    assert len(seen) == 3
    assert len(set(seen)) == 1


def test_each_delivery_has_an_envelope_sender_of_its_own(
    social_care: House, tmp_path: Path, transport: MemoryTransport
) -> None:
    """With a domain for bounces; a bounce to it says whose it is, and one made up says nothing."""
    house = with_mail(social_care, bounce_domain="bounce.example.org", unsubscribe_address="leave@example.org")
    issue(house, tmp_path).deliver()

    kept, returns = transport.kept[0], Returns.of(house)
    with house.store.read() as connection:
        mine = connection.scalars(select(delivery.c.id)).one()
    assert kept.envelope.envelope_sender.endswith("@bounce.example.org")
    assert returns.delivery_of(kept.envelope.envelope_sender) == mine
    with pytest.raises(TokenRefused):
        returns.delivery_of(returns.envelope_sender(DeliveryId(mine + 1)).replace("b+", "b+b"))
    leave = message_from_bytes(kept.message)["List-Unsubscribe"].rpartition("mailto:")[2].rstrip(">")
    assert leave.startswith("leave+")
    assert returns.subscription_of(leave) == 1
    with pytest.raises(TokenRefused):
        returns.delivery_of(leave)


def test_without_a_domain_for_bounces_all_go_to_one_mailbox(
    social_care: House, tmp_path: Path, transport: MemoryTransport
) -> None:
    """The one that is set, or the newsletter's own; and nothing is read out of it."""
    house = with_mail(social_care, bounce_address="bounces@example.org")
    issue(house, tmp_path).deliver()

    assert transport.kept[0].envelope.envelope_sender == "bounces@example.org"
    assert "mailto:" not in message_from_bytes(transport.kept[0].message)["List-Unsubscribe"]
    for read in (Returns.of(house).delivery_of, Returns.of(house).subscription_of):
        with pytest.raises(TokenRefused):
            read("bounces@example.org")


def test_a_key_that_cannot_be_used_sends_nothing(
    social_care: House, tmp_path: Path, transport: MemoryTransport
) -> None:
    """Unsigned mail would harm the sender's name; all waits, and the next run goes on where this one ended."""

    def refuse() -> tuple[()]:
        raise SettingsRefused("The DKIM key cannot be read.", remedy="Check it.")

    house = replace(social_care, signers=refuse)
    desk = issue(house, tmp_path)

    with pytest.raises(SettingsRefused, match="DKIM key"):
        drain_outbox(house)

    assert transport.kept == []
    assert desk.counts("2025-11")[DeliveryState.QUEUED] == 1


def test_the_settings_name_the_keys(house: House, tmp_path: Path) -> None:
    """One that is named twice under one selector is a slip of the pen; one that is not there is told with its name."""
    from digest.bootstrap import signers

    for kind in Kind:
        dkim_keys.keep(KEYS[kind], tmp_path / f"{kind}.pem")
    rsa = Dkim(domain="Example.org", selector="One", key_file=tmp_path / "rsa.pem")
    ed25519 = Dkim(domain="example.org", selector="two", key_file=tmp_path / "ed25519.pem")

    made = signers(with_mail(house, dkim=(rsa, ed25519)).settings)

    assert [(s.domain, s.selector, s.algorithm) for s in made] == [
        ("example.org", "one", "rsa-sha256"),
        ("example.org", "two", "ed25519-sha256"),
    ]
    assert signers(house.settings) == ()
    with pytest.raises(SettingsRefused, match="twice"):
        signers(with_mail(house, dkim=(rsa, rsa)).settings)
    absent = rsa.model_copy(update={"key_file": tmp_path / "absent.pem"})
    with pytest.raises(SettingsRefused, match=r"absent\.pem cannot be read"):
        signers(with_mail(house, dkim=(absent,)).settings)


def test_the_doctor_says_what_signs_each_newsletter(social_care: House) -> None:
    """And that what one-click unsubscribe needs is covered, read from a message of it."""
    key, *rest = findings(signing(social_care, (Kind.RSA, FROM)))

    how = "; it can sign 8 messages at once" if fits(2048) else ""
    assert (key.health, key.words) == (Health.GOOD, f"the rsa-sha256 key rsa0 of {FROM} can be used{how}.")
    assert [finding.health for finding in rest] == [Health.GOOD]
    assert rest[0].words == "social-care is signed by rsa0; List-Unsubscribe and List-Unsubscribe-Post are covered."


def test_the_doctor_names_newsletters_that_no_key_signs(social_care: House) -> None:
    """With the command that makes one."""
    found = findings(signing(social_care, (Kind.ED25519, "example.com")))

    assert found[-1].health is Health.WARNING
    assert "digest dkim keygen news.example.org" in found[-1].words


def test_the_doctor_tells_a_bad_key(social_care: House, tmp_path: Path) -> None:
    """In the words it would be refused with at a start."""
    (tmp_path / "key.pem").write_bytes(pem(KEYS[Kind.ED25519]))
    (tmp_path / "key.pem").chmod(0o644)

    found = findings(replace(social_care, signers=lambda: (dkim_keys.load(tmp_path / "key.pem"), ())))  # type: ignore

    assert [(f.health, "every user" in f.words) for f in found] == [(Health.BAD, True)]


def test_the_doctor_asks_for_a_key_where_mail_goes_out(social_care: House) -> None:
    """Where messages only become files, none is missed."""
    smtp = with_mail(social_care, transport=TransportKind.SMTP)

    assert findings(social_care) == []
    assert [(f.health, "digest dkim keygen" in f.words) for f in findings(smtp)] == [(Health.WARNING, True)]


def test_the_date_of_a_letter_is_that_of_its_signature(
    social_care: House, tmp_path: Path, transport: MemoryTransport
) -> None:
    """Both are the delivery's own."""
    issue(signing(social_care, (Kind.ED25519, FROM)), tmp_path).deliver()

    message = transport.kept[0].message
    at = datetime.fromtimestamp(int(message.partition(b" t=")[2].partition(b";")[0]), UTC)
    assert message_from_bytes(message)["Date"] == format_datetime(at)
    assert at <= datetime.now(UTC) + timedelta(seconds=5)
