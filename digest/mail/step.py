"""In step: whether a refusal after the final dot was the answer to the dot, so that it can be believed.

A server may speak while the message is still coming in, and answer the dot besides. When both cross on the way, the
first looks like the answer, and the second, which may say that the message was accepted, like that to the next command.
"""

from digest.mail.commands import QUIT
from digest.mail.replies import Reply
from digest.mail.wire import Wire

#: The server says that it goes away, and its goodbye, as which no other command is answered.
_CLOSING, _GOODBYE = 421, 221
#: What DATA alone is answered with.
_WAITS = 354


async def in_step(wire: Wire, refusal: Reply, *, announced: int, patience: float, polite: float) -> bool:
    """Whether what follows a refusal is the answer to what was said after the dot; False also where nobody can know.

    So many replies are `announced`, that to DATA the last; `patience` and `polite` are seconds. The connection is ended
    unless the server waits for the next message.
    """
    if refusal.code == _CLOSING:
        return True
    replies = await wire.coming(announced, patience) if announced else []
    if len(replies) < announced:
        return _went_away(wire) and not any(reply.positive for reply in replies)
    if replies and replies[-1].code == _WAITS:
        return True
    plausible = not replies or not replies[-1].positive
    believed = plausible and await _says_goodbye(wire, after=announced, seconds=polite)
    wire.drop("after a refusal it was of no further use")
    return believed


async def _says_goodbye(wire: Wire, *, after: int, seconds: float) -> bool:
    """Whether QUIT is answered next, after so many replies that nobody has read; or the server has gone without."""
    wire.send(QUIT, replies=1)
    replies = await wire.coming(after + 1, seconds)
    return replies[-1].code == _GOODBYE if len(replies) > after else _went_away(wire)


def _went_away(wire: Wire) -> bool:
    """Whether the server ended the connection, having said nothing that nobody had asked for."""
    return wire.lost and wire.stray is None and not wire.timed_out
