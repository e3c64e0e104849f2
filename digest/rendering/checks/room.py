"""Room: pieces so large that no letter has room for them, however little else it brings."""

from collections.abc import Iterator

from digest.model.finding import Finding, Severity
from digest.model.issue import Article
from digest.model.item import ItemId
from digest.rendering.sizes import Room

NO_ROOM = "no-room"
_SHOWN = 80


def too_large(articles: tuple[Article, ...], room: Room) -> Iterator[Finding]:
    """The pieces that fit into no letter under any of their topics, so that nobody ever gets them."""
    taken: dict[ItemId, int] = {}
    for (item, topic), size in room.sizes.items():
        whole = size + (room.headings.get(topic, 0) + room.lines.get(item, 0) if topic else 0)
        taken[item] = min(whole, taken.get(item, whole))
    for article in articles:
        if taken.get(article.id, 0) > room.left:
            yield Finding(
                check=NO_ROOM,
                severity=Severity.WARNING,
                place=f"“{article.title[:_SHOWN]}”",
                what=f"It takes {taken[article.id]:,} bytes, and a letter has room for {max(0, room.left):,}.",
                remedy="Leave it out, or raise byte_budget under [selection]; as it is, nobody gets it.",
            )
