"""Windows: each token of a long text is counted once, and given what stands before it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reprollm.contamination.continuing import split
from reprollm.contamination.tokens import Tokens, windows


@given(st.integers(0, 200), st.integers(4, 40), st.booleans())
def test_windows_count_every_token_once_in_its_place(length: int, most: int, head: bool) -> None:
    tokens = Tokens((999,) if head else (), (tuple(range(length)),))
    counted: list[int] = []
    for window in windows(tokens, most):
        assert len(window.ids) <= most
        assert window.ids[: len(tokens.head)] == tokens.head
        counted += window.ids[len(window.ids) - window.counted :]
        first = window.ids[-window.counted]
        before = window.ids.index(first) - len(tokens.head)
        assert before >= min(first, (most - len(tokens.head)) // 2 - 1)
    expected = list(range(length) if head else range(1, length))
    assert counted == expected
    assert len(expected) == tokens.measured


def test_a_short_text_is_one_window() -> None:
    [window] = windows(Tokens((1,), ((5, 6), (7,))), 512)
    assert (window.ids, window.counted) == ((1, 5, 6, 7), 3)


@pytest.mark.parametrize(
    ("length", "share", "most", "prefix", "expected"),
    [(10, "0.5", 50, 5, 5), (10, "0.5", 3, 5, 3), (1, "0.5", 50, 1, 0), (0, "0.5", 50, 1, 0)],
)
def test_a_continuation_begins_after_the_given_share(
    length: int, share: str, most: int, prefix: int, expected: int
) -> None:
    given_tokens, after = split(Tokens((1,), (tuple(range(length)),)), share, most, 512)
    assert given_tokens == prefix
    assert after == tuple(range(prefix, prefix + expected))


def test_a_prefix_that_does_not_fit_is_shortened() -> None:
    prefix, after = split(Tokens((1,), (tuple(range(100)),)), "0.9", 50, 32)
    assert (prefix, after) == (15, tuple(range(15, 31)))
