"""Reread: a letter as its reader got it, for the browser, with nothing in it by which anything can be changed."""

from dataclasses import replace

from sqlalchemy import Connection

from digest.errors import TokenRefused
from digest.flow.house import House
from digest.flow.layouts import layout_from
from digest.flow.letters import chosen_names, personal_values, stored_blocks
from digest.model.cadence import Cadence
from digest.rendering.message import prepare
from digest.storage import editions, received
from subscribers.preferences import from_text
from subscribers.tokens import Purpose

#: Stands in links in place of a token; its page says where the real ones are.
COPY = "copy"
#: Leads to where one already is.
_HERE = "browser"


def reread(house: House, connection: Connection, token: str) -> str:
    """The letter's HTML. A copy that was passed on neither tells the whole address nor lets anybody change anything.

    Raises TokenRefused for a link that is not ours, too old, for something else, or of somebody who was erased.
    """
    duty = received.find(connection, house.keys.read(Purpose.VIEW, token))
    if duty is None:
        raise TokenRefused("There is no such letter any more.", remedy="Use the link in your newest issue.")
    issue_id, stored = editions.load_variant(connection, duty.variant_id)
    content, headers = editions.load_content(connection, issue_id)
    layout = layout_from(stored)
    layout = replace(layout, parts=tuple(part for part in layout.parts if part.key != _HERE))
    letter = prepare(stored_blocks(connection, issue_id)[layout.language], layout, headers)
    key = house.keys.token(Purpose.READ, duty.subscription_id, at=duty.dated_at) if content.private else ""
    return letter.html(
        personal_values(
            house.phrases_in(layout.language or content.language),
            name=duty.name,
            email=duty.email,
            since=duty.since,
            cadence=Cadence(duty.cadence),
            topics=chosen_names(content, from_text(duty.topics)),
            preferences_url=house.links.view(COPY),
            unsubscribe_url=house.links.view(COPY),
            view_url=house.links.view(token),
            reading=f"read/{key}/",
        )
    )
