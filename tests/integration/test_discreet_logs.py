"""Logs tell nothing of anybody: neither an address nor a name nor a link, whatever readers do, whatever goes wrong."""

import io
import logging
import re
from collections.abc import Iterator
from dataclasses import replace
from email.message import EmailMessage

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from digest.flow import approve, publish
from digest.flow.mail_returns import hear
from digest.flow.returns import Returns
from digest.flow.schedule import tick
from digest.model.delivery import Handover, Outcome, Phase
from digest.scheduler import tick_once
from subscribers.tokens import Purpose
from tests.support.counter import FORM, NEW, Counter, counter, stencil, text_of
from tests.support.web_house import EMAIL, READER

__all__ = ["counter", "stencil"]

ELSEWHERE, NAME = "moved.away@example.net", "Ada Ravensbourne"
_TOKEN = re.compile(r"/(?:u|preferences|confirm|about-you|new-address|view|read|letter)/([\w.~-]{12,})")


@pytest.fixture
def told() -> Iterator[io.StringIO]:
    """All that anybody logs, down to the finest; of the database its statements too, which it keeps to itself else."""
    kept, root, statements = io.StringIO(), logging.getLogger(), logging.getLogger("sqlalchemy.engine")
    handler = logging.StreamHandler(kept)
    handler.setFormatter(logging.Formatter("%(name)s %(levelname)s %(message)s"))
    handler.addFilter(lambda record: not record.name.startswith("http"))  # the browser of these tests is no part of it
    before = root.level, statements.level
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    statements.setLevel(logging.INFO)
    yield kept
    root.removeHandler(handler)
    root.setLevel(before[0])
    statements.setLevel(before[1])


@pytest.fixture
def walked(told: io.StringIO, counter: Counter) -> Counter:
    """With mailboxes for all that comes back, opened once everything is logged."""
    mailboxes = {"bounce_domain": "b.example.org", "unsubscribe_address": "leave@example.org"}
    mail = counter.house.settings.mail.model_copy(update=mailboxes)
    settings = counter.house.settings.model_copy(update={"mail": mail})
    return replace(counter, house=replace(counter.house, settings=settings))


def signs_up(walked: Counter) -> list[EmailMessage]:
    """From the form to the welcome, with mistakes on the way."""
    walked.browser.post(FORM, data={"email": f"{NEW} twice", "name": NAME})
    walked.ask(name=NAME)
    walked.browser.post("/api/subscriptions", json={"newsletter": "quay", "email": ELSEWHERE, "name": [NAME]})
    letters = walked.post()
    link = walked.link(letters[0], "confirm")
    walked.browser.get(link)
    walked.browser.post(link)
    return [*letters, *walked.post()]


def changes(walked: Counter, welcome: EmailMessage) -> list[EmailMessage]:
    """Topics, a pause, leaving and taking it back, another address, a copy, the end."""
    own = walked.link(welcome, "preferences")
    for form in (
        {"do": "save", "topics": "money", "cadence": "quarterly"},
        {"do": "pause", "months": "3"},
        {"do": "no"},
    ):
        walked.browser.post(own, data=form)
    walked.browser.post(f"{own}/leave", data={"what": "newsletter", "why": "much"})
    walked.browser.post(own, data={"do": "undo"})
    walked.browser.post("/preferences/", data={"email": NEW})
    [letter] = walked.post()
    about = walked.link(letter, "about-you")
    walked.browser.get(about)
    walked.browser.get(f"{about}/copy.json")
    walked.browser.post(about, data={"do": "address", "email": ELSEWHERE})
    moving = walked.post()
    walked.browser.post(walked.link(moving[0], "new-address"))
    walked.browser.post(f"{about}/erase", data={"sure": "yes", "really": "yes"})
    return [letter, *moving, *walked.post()]


def reads(walked: Counter) -> list[EmailMessage]:
    """An issue, refused once with the address in the words; a letter in the browser, a click, mail that comes back."""
    refusal = f"550 5.2.2 <{EMAIL}>: {READER} is over quota"
    refused = Handover(outcome=Outcome.FAILED, phase=Phase.RCPT, reply_code=550, diagnostic=refusal)
    walked.box._answers.append(refused)
    approve.approve(walked.house, "quay/2026-11", by="editor")
    publish.publish(walked.house, "quay/2026-11")
    letters = walked.post()
    for found in _TOKEN.finditer(text_of(letters[0])):
        walked.browser.get(found[0])
    walked.browser.post(walked.trial.unsubscribe, data={"List-Unsubscribe": "One-Click"})
    for address in (Returns.of(walked.house).unsubscribe_mailbox(1), walked.box.kept[-1].envelope.envelope_sender):
        hear(walked.house, f"To: {address}\nFrom: {READER} <{EMAIL}>\n\nPlease.".encode())
    return letters


def stumbles(walked: Counter) -> None:
    """A link that is none, a database that refuses, and a clock that ticks through all of it."""
    walked.browser.post(f"/preferences/{walked.trial.unsubscribe.rpartition('/')[2]}", data={"email": EMAIL})
    with walked.house.store.write() as connection:
        for table in ("request", "consent"):
            refusing = f"CREATE TRIGGER no_{table} BEFORE INSERT ON {table} BEGIN SELECT RAISE(ABORT, 'no'); END"
            connection.execute(text(refusing))
    asking = {"newsletter": "quay", "email": NEW, "name": NAME}
    assert walked.browser.post("/api/subscriptions", json=asking).status_code == 500
    walked.browser.post(walked.trial.preferences, data={"do": "save", "topics": "money"})
    tick(walked.house)
    tick_once(walked.house)


def test_logs_and_errors_tell_nothing_of_anybody(
    told: io.StringIO, walked: Counter, capfd: pytest.CaptureFixture[str]
) -> None:
    """Through a reader's whole way, with refusals that repeat the address, and with faults whose traces are logged."""
    welcome = signs_up(walked)
    letters = [*welcome, *changes(walked, welcome[-1]), *reads(walked)]
    stumbles(walked)

    said = "\n".join([told.getvalue(), *capfd.readouterr()]).casefold()
    tokens = {match for each in letters for match in _TOKEN.findall(text_of(each))}
    tokens |= {link.rpartition("/")[2] for link in (walked.trial.unsubscribe, walked.trial.preferences)}
    tokens |= {walked.house.keys.token(Purpose.PERSON, 1)}
    senders = {kept.envelope.envelope_sender.partition("@")[0] for kept in walked.box.kept}
    people = {each.partition("@")[0] for each in (EMAIL, NEW, ELSEWHERE)} | {NAME, READER}
    assert "a page could not be made" in said
    assert "insert into request" in said
    assert len(tokens) > 8
    assert [each for each in (*people, *tokens, *senders) if each.casefold() in said] == []


def test_a_fault_says_which_statement_and_not_of_whom(counter: Counter) -> None:
    """The trace of a refused statement is worth having; its values are not."""
    with counter.house.store.write() as connection:
        connection.execute(text("CREATE TABLE t (email TEXT CHECK (email = ''))"))
        with pytest.raises(IntegrityError, match="INSERT INTO t") as fault:
            connection.execute(text("INSERT INTO t VALUES (:email)"), {"email": EMAIL})

    assert EMAIL not in str(fault.value)
    assert "hidden" in str(fault.value)
