from __future__ import annotations

from collections.abc import Callable, Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reprollm.engines.stopping import StopTexts

Decode = Callable[[Sequence[int]], str]
IDS = st.lists(
    st.one_of(st.integers(0, 267), st.sampled_from([13, 13, 70, 101, 198, 194])),
    min_size=1,
    max_size=20,
)
STOPS = st.lists(st.sampled_from(["\n", "ſ", "the", "\n\n", " t", "a\n", "ü"]), max_size=3)


@pytest.fixture(scope="module")
def decode(engine: Callable[..., object]) -> Decode:
    found: Decode = engine()._decode_text  # type: ignore[attr-defined]
    return found


def ids_of(text: str) -> list[int]:
    """Return the byte-level tokens of a text; the token of byte b is 3 + b."""
    return [3 + byte for byte in text.encode()]


def slowly(decode: Decode, ids: Sequence[int], stops: Sequence[str]) -> tuple[int, str, bool]:
    for count in range(1, len(ids) + 1):
        text = decode(ids[:count])
        found = [text.index(stop) for stop in stops if stop in text]
        if found:
            return count, text[: min(found)], True
    return len(ids), decode(ids), False


@settings(max_examples=300)
@given(ids=IDS, stops=STOPS)
def test_the_first_completed_stop_text_ends_the_answer(
    decode: Decode, ids: list[int], stops: list[str]
) -> None:
    count, text, stopped = slowly(decode, ids, stops)
    texts = StopTexts(decode, ids_of("a"))
    assert texts.cut(ids, stops) == (count, text, stopped)
    ends = [number for number in range(1, count + 1) if texts.ends(ids[:number], stops)]
    assert ends == ([count] if stopped else [])


def test_a_stop_text_may_span_tokens_and_split_characters(decode: Decode) -> None:
    texts = StopTexts(decode, ids_of("a"))
    ids = ids_of("vnd ſo weiter")
    assert texts.cut(ids, ["d ſ"]) == (len("vnd ſ".encode()), "vn", True)
    assert not texts.ends(ids[: len(b"vnd ") + 1], ["d ſ"])
    assert texts.ends(ids[: len("vnd ſ".encode())], ["d ſ"])


def test_without_an_anchor_every_token_is_looked_at(decode: Decode) -> None:
    texts = StopTexts(decode, [])
    assert texts.ends(ids_of("a\n"), ["\n"])
    assert not texts.ends(ids_of("a"), ["\n"])


def test_the_tokens_after_the_stop_text_are_no_part_of_the_answer(decode: Decode) -> None:
    texts = StopTexts(decode, ids_of("a"))
    assert texts.cut(ids_of("ab\ncd\n"), ["\n"]) == (3, "ab", True)
