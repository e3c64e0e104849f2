"""What is nobody's own: names that are kept for examples."""

import pytest

from digest.flow.samples import is_for_examples


@pytest.mark.parametrize(
    "address",
    ["digest@news.example.org", "EXAMPLE.COM", "https://digest.example.net:8443/x", "a@house.example", "x.test"],
)
def test_names_kept_for_examples_are_known(address: str) -> None:
    """Mail addresses, domains, and addresses of the web."""
    assert is_for_examples(address)


@pytest.mark.parametrize(
    "address", ["", "digest@counterexample.org", "https://care.org.uk/example.org", "http://127.0.0.1:8350"]
)
def test_other_names_are_somebodys(address: str) -> None:
    """Also those that only look like it."""
    assert not is_for_examples(address)
