"""Links: the addresses of our own pages."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Links:
    """Addresses under one base; `base` has no final slash."""

    base: str

    def archive(self, newsletter: str) -> str:
        """All past issues of a newsletter."""
        return f"{self.base}/archive/{newsletter}/"

    def issue(self, newsletter: str, period_key: str) -> str:
        """One past issue."""
        return f"{self.archive(newsletter)}{period_key}/"

    def article(self, newsletter: str, period_key: str, slug: str) -> str:
        """One item of a past issue."""
        return f"{self.issue(newsletter, period_key)}{slug}/"

    def topic(self, newsletter: str, slug: str) -> str:
        """What past issues held on one topic."""
        return f"{self.archive(newsletter)}topics/{slug}/"

    def feed(self, newsletter: str) -> str:
        """The Atom feed of a newsletter."""
        return f"{self.archive(newsletter)}feed.atom"

    def unsubscribe(self, token: str) -> str:
        """One-click unsubscribe (RFC 8058)."""
        return f"{self.base}/u/{token}"

    def preferences(self, token: str) -> str:
        """A reader's own page."""
        return f"{self.base}/preferences/{token}"

    def view(self, token: str) -> str:
        """A letter as its reader got it."""
        return f"{self.base}/view/{token}"

    def reading(self, token: str) -> str:
        """What stands before the addresses of a private newsletter's archive for one reader; no final slash."""
        return f"{self.base}/read/{token}"

    def subscribe(self, newsletter: str) -> str:
        """Where people sign up for a newsletter."""
        return f"{self.base}/subscribe/{newsletter}/"

    def confirm(self, token: str) -> str:
        """Where somebody who has signed up says yes."""
        return f"{self.base}/confirm/{token}"

    def leave(self, token: str) -> str:
        """Where a reader leaves a topic, a newsletter or all of them."""
        return f"{self.preferences(token)}/leave"

    def ask(self) -> str:
        """Where somebody without a link asks for one."""
        return f"{self.base}/preferences/"

    def person(self, token: str) -> str:
        """All that we keep about a person."""
        return f"{self.base}/about-you/{token}"

    def address(self, token: str) -> str:
        """Where the holder of a new address says yes."""
        return f"{self.base}/new-address/{token}"
