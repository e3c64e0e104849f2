"""Lines become paragraphs and bullets as a reader would see them."""

import pytest

from digest.sources.captured_lines import Block, blocks_of, is_title


def paragraphs(text: str) -> list[str]:
    return [block.paragraph for block in blocks_of(text)]


def test_each_line_of_an_unwrapped_page_is_a_paragraph():
    """Where lines are as long as their paragraphs, a line's end means something."""
    text = "x " * 100 + "end.\nSecond Office\nThird Office"

    assert paragraphs(text)[1:] == ["Second Office", "Third Office"]


def test_lines_that_a_program_wrapped_are_joined():
    """A paragraph wrapped at a width is one paragraph again."""
    text = (
        "It was a long day for everybody who had come to the hall, and yet\n"
        "nobody left before the end of the last talk. The chair thanked all\n"
        "of them.\n"
    )

    assert len(paragraphs(text)) == 1


@pytest.mark.parametrize("mark", ["•", "-", "*", "·", "–", "▪"])
def test_bullets_are_known_by_any_mark(mark):
    """And a wrapped one is one bullet."""
    text = f"They want:\n\n  {mark} more time\n    and room\n  {mark} less noise\nThat is all."

    assert paragraphs(text) == ["They want:", "• more time and room", "• less noise", "That is all."]


def test_a_hyphenated_or_starred_word_is_no_bullet():
    """A mark needs a space after it."""
    assert paragraphs("-5 degrees\n\n*nix") == ["-5 degrees", "*nix"]


def test_blocks_know_their_line_and_the_gap_above():
    """Errors name lines, and gaps part items."""
    first, second = blocks_of("\ufeff\none  \r\n \u00a0\r\n\r\ntwo")

    assert (first.line, first.gap, first.text) == (2, 1, "one")
    assert (second.line, second.gap) == (5, 2)


def test_a_line_that_stands_twice_is_a_caption():
    """Whatever its quotation marks: a capture shows a picture's caption and its text for the blind."""
    captions = [block.caption for block in blocks_of("Ann's house\n\nAnn’s house\n\nText.\n\nOther text.")]

    assert captions == [True, True, False, False]


@pytest.mark.parametrize(
    "text",
    [
        "Why not?",
        "What next: –",
        "A day in “June”",
        "Hill & Co.",
        "What she said: “We wait.”",
        "To be continued...",
        "x" * 250,
    ],
)
def test_titles_end_in_many_ways(text):
    """In colons, dashes, quotes and question marks, and they may be long."""
    assert is_title(Block(line=1, gap=0, text=text))


@pytest.mark.parametrize("text", ["This is a sentence.", "one,", "x" * 301])
def test_a_sentence_is_no_title(text):
    """A full stop ends a sentence."""
    assert not is_title(Block(line=1, gap=0, text=text))
