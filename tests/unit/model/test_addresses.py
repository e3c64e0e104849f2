"""Addresses of one page are seen to be of one page, and no others."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from digest.model.addresses import one_spelling, spellings


@pytest.mark.parametrize(
    "address",
    ["https://h.example/a", "http://h.example/a", "https://www.h.example/a", "http://www.h.example/a/"],
)
def test_addresses_of_one_page_have_one_spelling(address: str) -> None:
    """Whatever the scheme, with “www.” or without, with a final slash or without."""
    assert one_spelling(address) == "https://h.example/a"


@pytest.mark.parametrize(
    "address",
    ["https://h.example/A", "https://h.example/a?p=1", "https://h.example/a#b", "https://m.h.example/a", "h.example/a"],
)
def test_what_may_be_another_page_stays_another(address: str) -> None:
    """Large letters, parameters, parts of a page and other hosts tell pages apart."""
    assert one_spelling(address) != one_spelling("https://h.example/a")


@given(st.text())
def test_what_is_no_web_address_stays_as_it_is(text: str) -> None:
    """Identifiers may be anything."""
    tag = f"tag:{text}"

    assert (one_spelling(tag), spellings(tag)) == (tag, (tag,))


@given(st.sampled_from(["http", "https"]), st.text())
def test_a_spelling_is_the_last_word(scheme: str, rest: str) -> None:
    """Either scheme leads to the same one, however strange the address."""
    address = f"{scheme}://{rest}"

    assert len({one_spelling(each) for each in spellings(address)}) == 1
    assert address in spellings(address)
