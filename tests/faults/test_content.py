"""What is in letters, sources and addresses may be as bad as it likes: the others go on, and nothing is forged."""

from dataclasses import replace
from email import message_from_bytes, policy

import pytest
from sqlalchemy import update

from digest.errors import BadTemplate
from digest.flow.compose import compose
from digest.flow.letters import Letters
from digest.flow.publish import publish
from digest.mail.session import SmtpSession
from digest.model.delivery import DeliveryState
from digest.storage.tables import delivery
from subscribers.tables import subscriber
from tests.support.trial import ISSUE, READERS, Trial, reader

_S = DeliveryState
on_sqlite = pytest.mark.parametrize("kind", ["sqlite"], indirect=True)


@pytest.mark.parametrize("where", ["made", "hand_over"])
def test_36_poison_recipient(trial: Trial, monkeypatch: pytest.MonkeyPatch, where: str) -> None:
    """Whose letter cannot be made, or breaks the driver: three attempts, then failed with the reason; others go on."""
    poison = reader(trial.chance.randrange(READERS))
    made, hand_over = Letters.unsigned, SmtpSession.hand_over

    def cannot_be_made(self: Letters, duty, variant):  # type: ignore[no-untyped-def]
        if duty.email == poison:
            raise ValueError("poison \x00\udc80")  # which no database can hold
        return made(self, duty, variant)

    async def cannot_be_handed_over(self: SmtpSession, envelope, *args):  # type: ignore[no-untyped-def]
        if envelope.recipient == poison:
            raise UnicodeEncodeError("ascii", "ä", 0, 1, "poison")
        return await hand_over(self, envelope, *args)

    if where == "made":
        monkeypatch.setattr(Letters, "unsigned", cannot_be_made)
    else:
        monkeypatch.setattr(SmtpSession, "hand_over", cannot_be_handed_over)
    for _ in range(3):
        trial.deliver()
        trial.wait_is_over()

    state, tries, reason = trial.ledger(delivery.c.state, delivery.c.tries, delivery.c.reason)[poison]
    assert (state, tries) == (_S.FAILED, 3)
    assert "poison" in reason
    assert trial.counts() == {_S.ACCEPTED: READERS - 1, _S.FAILED: 1}
    assert trial.suppressed() == []
    trial.check()


def test_36_poison_after_the_marker_is_a_doubt(trial: Trial, monkeypatch: pytest.MonkeyPatch) -> None:
    """A mistake of ours past the marker: the dot may have gone out, so it is never tried again by itself."""
    poison = reader(trial.chance.randrange(READERS))
    hand_over = SmtpSession.hand_over

    async def breaks_after(self: SmtpSession, envelope, *args):  # type: ignore[no-untyped-def]
        handover = await hand_over(self, envelope, *args)
        if envelope.recipient == poison:
            raise RuntimeError("poison")
        return handover

    monkeypatch.setattr(SmtpSession, "hand_over", breaks_after)
    trial.deliver()

    assert trial.counts() == {_S.ACCEPTED: READERS - 1, _S.UNKNOWN: 1}
    trial.check(bound=1)


@pytest.mark.issue("approved")
@on_sqlite
@pytest.mark.parametrize("text", ["<mjml><mj-body>{{ nobody.knows.this }}", "<mj-unknown></mj-unknown>", ""])
def test_37_bad_template(trial: Trial, text: str) -> None:
    """The issue does not start, in one line that names the template; nobody gets an empty letter."""
    own = trial.folder / "templates" / "email" / "issue"
    own.mkdir(parents=True)
    (own / "issue.mjml.j2").write_text(text, encoding="utf-8")
    house = trial.house
    broken = replace(house, template_folders=(trial.folder / "templates", *house.template_folders))
    with pytest.raises(BadTemplate):
        publish(broken, ISSUE)

    assert trial.counts() == {}
    assert trial.chaos.received == []
    publish(house, ISSUE)
    trial.finish()
    trial.check()


@pytest.mark.issue("approved")
@on_sqlite
def test_38_huge_item(trial: Trial) -> None:
    """A book in one item, and hundreds of items: letters stay under what Gmail clips, and all come."""
    trial.desk.write_items(
        trial.folder,
        {"title": "Endless", "published_at": "2026-11-05", "topics": ["law"], "body": "word " * 50_000},
        *({"title": f"Note {number}", "published_at": "2026-11-06", "topics": ["carers"]} for number in range(300)),
    )
    publish(trial.house, ISSUE)
    trial.finish()

    assert max(len(each.wire) for each in trial.chaos.received) < 102_000
    assert trial.counts() == {_S.ACCEPTED: READERS}
    trial.check()


@on_sqlite
def test_40_addresses_beyond_ascii(trial: Trial) -> None:
    """Refused clearly where the server cannot take them; a domain goes in ASCII; what is no address stops nobody."""
    strange = {1: "jürgen@example.org", 2: "reader@bücher.example", 3: '"a quoted part"@example.org'}
    with trial.house.store.write() as connection:
        for number, email in strange.items():
            connection.execute(update(subscriber).where(subscriber.c.email == reader(number)).values(email=email))
    trial.chaos.sink.extensions = ("PIPELINING", "SIZE 10485760")
    trial.deliver()
    ends = trial.ledger(delivery.c.state, delivery.c.reason)

    assert ends[strange[1]][0] == ends[strange[3]][0] == _S.FAILED
    assert "SMTPUTF8" in ends[strange[1]][1]
    assert "reader@xn--bcher-kva.example" in trial.chaos.recipients()
    with trial.house.store.write() as connection:  # as it was on the wire, so that the checker finds it
        ascii_form = {"email": "reader@xn--bcher-kva.example"}
        connection.execute(update(subscriber).where(subscriber.c.email == strange[2]).values(ascii_form))
    assert trial.counts() == {_S.ACCEPTED: READERS - 2, _S.FAILED: 2}
    trial.check()


HOSTILE = [
    "Hello\r\nBcc: victim@example.org",
    "Hello\nSubject: Forged",
    "Hello\r\n\r\nA body\r\n.\r\nMAIL FROM:<x@example.org>",
    "Hello\x00\x0b\x0c\x1b[31m",
    "Hello\u2028Bcc: victim@example.org",
    "Hello\u0085X-Forged: yes",
    "=?utf-8?q?Hello=0D=0ABcc:_victim@example.org?=",
]


@pytest.mark.issue("approved")
@on_sqlite
@pytest.mark.parametrize("words", HOSTILE, ids=range(len(HOSTILE)))
def test_41_header_injection(trial: Trial, words: str) -> None:
    """Titles and readers' names cannot write headers, recipients or commands: one letter, one recipient, for each."""
    trial.desk.write_items(trial.folder, {"title": words, "published_at": "2026-11-07", "topics": ["law"]})
    with trial.house.store.write() as connection:
        connection.execute(update(subscriber).values(name=words.replace("\x00", "")))
    publish(trial.house, ISSUE)
    trial.finish()

    assert sorted(trial.chaos.recipients()) == sorted(map(reader, range(READERS)))
    for each in trial.chaos.received:
        message = message_from_bytes(each.message, policy=policy.default)
        assert message["Bcc"] is message["X-Forged"] is None
        assert len(message.get_all("Subject")) == 1
        assert message["Subject"] != "Forged"
    trial.check()


@pytest.mark.issue("approved")
@on_sqlite
def test_37_composed_twice_is_one_issue(trial: Trial) -> None:
    """Whoever composes what is there already gets what is there."""
    again = compose(trial.house, "social-care", period_key="2026-11")
    publish(trial.house, ISSUE)
    trial.finish()

    assert again[0].name == ISSUE
    trial.check()
