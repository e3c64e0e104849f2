"""Sources that lie, break or end: each is marked, and the issue goes on with the rest."""

import json
from dataclasses import replace

import pytest

from digest.flow.gather import gather
from digest.flow.publish import publish
from digest.model.delivery import DeliveryState
from digest.model.source import Source, SourceKind
from digest.storage import newsletters, sources
from tests.support.site import Site
from tests.support.site import site as site
from tests.support.trial import ISSUE, READERS, Trial

GOOD = json.dumps(
    {
        "version": "https://jsonfeed.org/version/1.1",
        "title": "A feed",
        "items": [
            {"id": "1", "url": "https://example.org/1", "title": "Night shifts", "content_text": "All about them."}
        ],
    }
).encode()
BAD = {
    "not a feed": {"body": b"<html>Sorry</html>"},
    "cut off": {"body": GOOD[:60]},
    "an encoding that lies": {"body": b"\xff\xfe\x00{", "Content_Type": "application/json; charset=utf-8"},
    "empty": {"body": b""},
    "gone": {"status": 410},
    "broken": {"status": 500},
    "round in circles": {"status": 302, "Location": "/bad"},
}


@pytest.mark.issue("approved")
@pytest.mark.parametrize("kind", ["sqlite"], indirect=True)
@pytest.mark.parametrize("what", BAD)
def test_39_malformed_or_hostile_feed(trial: Trial, site: Site, what: str) -> None:
    """Its source is marked with the reason, the other is read, the issue goes out to all."""
    settings = trial.house.settings
    allowed = settings.gather.model_copy(update={"allow_hosts": ("127.0.0.1:*",), "processes": 0})
    trial.house = replace(trial.house, settings=settings.model_copy(update={"gather": allowed}))
    addresses = {"bad": site.page("/bad", **BAD[what]), "good": site.page("/good", GOOD)}  # type: ignore[arg-type]
    with trial.house.store.write() as connection:
        newsletter_id = newsletters.load(connection, "social-care").id
        for slug, address in addresses.items():
            wanted = Source(slug=slug, name=slug, kind=SourceKind.JSON, location=address)
            sources.attach(connection, sources.save(connection, wanted), newsletter_id, wanted.topics)
    found = {each.source: each for each in gather(trial.house, ["bad", "good"])}
    publish(trial.house, ISSUE)
    trial.finish()

    assert found["bad"].error
    assert (found["good"].new, found["good"].error) == (1, "")
    assert trial.counts() == {DeliveryState.ACCEPTED: READERS}
    trial.check()
