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
