"""Sign up: keep what somebody asks for on a page, and take the yes that follows.

page ─► asked ─► (answer: a letter) ─► link ─► page with a button ─► confirmed ─► a letter of welcome
"""

from datetime import timedelta
from ipaddress import IPv6Address, ip_address

from sqlalchemy import Connection

from digest.errors import TokenRefused
from digest.flow.enrol import people
from digest.flow.house import House
from digest.model.notice import NoticeKind, RequestKind, Wish
from digest.rendering.tongues import marked
from digest.storage import notices, requests, tallies
from digest.storage.tallies import Limit
from subscribers import directory, rows
from subscribers.address import keyed_hash, parse
from subscribers.consent import SubscriptionState
from subscribers.directory import Subscription
from subscribers.errors import Again, ConsentRefused
from subscribers.tokens import Purpose

_HOUR = timedelta(hours=1)


class TooMany(Again):
    """So much was asked for of late that no more is taken for now. Its sentences are marked, as a page says them."""


def ask(
    house: House, kind: RequestKind, newsletter_slug: str, email: str, wish: Wish | None = None, *, client: str
) -> None:
    """Keep a request; what comes of it is decided later, so that this does the same work for every address.

    `client` is the network address it came from. Raises AddressRefused, TooMany, UnknownReader for no such newsletter.
    """
    address, now = parse(email), house.clock.now()
    network = keyed_network(house, client)
    limits = (Limit(most=house.settings.sign_up.network_per_hour, within=_HOUR),)
    with house.store.write() as connection:
        newsletter_id = rows.newsletter_id(connection, newsletter_slug)
        if not tallies.allowed(connection, "network", network, limits, now=now):
            raise TooMany(
                marked("A lot was asked for from your network just now."), remedy=marked("Please try again in an hour.")
            )
        tallies.count_one(connection, "network", network, now=now)
        requests.keep(connection, kind, newsletter_id=newsletter_id, email=address.email, wish=wish or Wish(), now=now)


def keyed_network(house: House, client: str) -> str:
    """The network an address belongs to, as a hash that nobody can read back: IPv4 by 24 bits, IPv6 by 48."""
    try:
        ip = ip_address(client.partition("%")[0])
    except ValueError:  # a socket file, or a name
        return house.keys.hashed("network", client)
    if isinstance(ip, IPv6Address) and ip.ipv4_mapped:
        ip = ip.ipv4_mapped
    bits = 24 if ip.version == 4 else 48
    return house.keys.hashed("network", f"{ip.version}:{int(ip) >> (ip.max_prefixlen - bits)}")


def waiting_for(house: House, connection: Connection, token: str) -> Subscription | None:
    """The subscription that a confirmation link is for; None when its holder was erased. Raises TokenRefused."""
    return directory.find(connection, house.keys.read(Purpose.CONFIRM, token))


def confirm(house: House, token: str) -> Subscription:
    """Take the holder's yes, and have them welcomed. Confirmed twice is once.

    Raises TokenRefused for a link that is not ours or too old, and for what ended meanwhile.
    """
    with house.store.write() as connection:
        held = waiting_for(house, connection, token)
        if held is None or held.state is SubscriptionState.ENDED:
            raise TokenRefused("This link does not work any more.", remedy="Please sign up again.")
        if held.state is not SubscriptionState.PENDING:
            return held
        try:
            people(house, connection, channel="page").confirm(held.email, held.newsletter)
        except ConsentRefused:
            now = directory.find(connection, held.id)
            if now is None or now.state is not SubscriptionState.ACTIVE:
                raise
            return now  # in another window, just now
        hashed = keyed_hash(parse(held.email), house.keys.address_key)
        notices.queue_for(connection, NoticeKind.WELCOME, held, hashed)
        return directory.find(connection, held.id) or held
