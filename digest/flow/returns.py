"""Returns: the addresses to which bounces and wishes to leave come back, each saying whose it is."""

from dataclasses import dataclass

from digest.flow.house import House
from digest.mail import verp
from digest.model.delivery import DeliveryId


@dataclass(frozen=True, slots=True, kw_only=True)
class Returns:
    """Makes and reads them; the proofs for the two uses come of keys of their own."""

    #: One mailbox for all bounces; empty for none.
    bounce_address: str
    #: What the envelope senders of deliveries are made of; empty where they are all the same.
    bounce_mailbox: str
    #: What mailboxes for leaving are made of; empty for none.
    leave_mailbox: str
    bounce_key: bytes
    leave_key: bytes

    @classmethod
    def of(cls, house: House) -> "Returns":
        """As the settings have them."""
        mail = house.settings.mail
        return cls(
            bounce_address=mail.bounce_address,
            bounce_mailbox=f"b@{mail.bounce_domain}" if mail.bounce_domain else "",
            leave_mailbox=mail.unsubscribe_address,
            bounce_key=house.keys.derive("bounce"),
            leave_key=house.keys.derive("unsubscribe-mailbox"),
        )

    def envelope_sender(self, delivery_id: DeliveryId) -> str:
        """Where bounces of a delivery go; empty where nothing is set."""
        if not self.bounce_mailbox:
            return self.bounce_address
        return verp.tagged(self.bounce_mailbox, delivery_id, self.bounce_key)

    def notice_sender(self, notice_id: DeliveryId) -> str:
        """The same for single letters, whose numbers are their own."""
        if not self.bounce_mailbox:
            return self.bounce_address
        return verp.tagged(f"n{self.bounce_mailbox}", notice_id, self.bounce_key)

    def unsubscribe_mailbox(self, subscription_id: int) -> str:
        """Where an empty mail says that a reader leaves; empty for nowhere."""
        return verp.tagged(self.leave_mailbox, subscription_id, self.leave_key) if self.leave_mailbox else ""

    def delivery_of(self, address: str) -> DeliveryId:
        """The delivery whose bounce came to an address. Raises TokenRefused."""
        return DeliveryId(verp.read(address, self.bounce_mailbox, self.bounce_key))

    def notice_of(self, address: str) -> DeliveryId:
        """The single letter whose bounce came to an address. Raises TokenRefused."""
        return DeliveryId(verp.read(address, f"n{self.bounce_mailbox}", self.bounce_key))

    def subscription_of(self, address: str) -> int:
        """The subscription that a mail to an address ends. Raises TokenRefused."""
        return verp.read(address, self.leave_mailbox, self.leave_key)
