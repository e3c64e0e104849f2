"""What integration tests share: a web server on loopback, and a house that may ask it."""

from dataclasses import replace

import pytest

from digest.flow.house import House
from tests.support.site import authority, secure_site, site

__all__ = ["authority", "secure_site", "site"]


@pytest.fixture
def reading(social_care: House) -> House:
    """A house that knows social-care and may ask the loopback site."""
    wanted = social_care.settings.gather.model_copy(update={"allow_hosts": ("127.0.0.1:*",), "timeout_seconds": 5})
    return replace(social_care, settings=social_care.settings.model_copy(update={"gather": wanted}))
