"""Web servers on loopback whose answers a test writes."""

from tests.support.site import authority, secure_site, site

__all__ = ["authority", "secure_site", "site"]
