import hashlib
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reprollm import canon
from reprollm.errors import NotCanonical

keys = st.text("abcdefghijklmnopqrstuvwxyz0123456789_", min_size=1, max_size=8)
texts = st.text(st.characters(exclude_categories=("Cs",)), max_size=40)
scalars = st.none() | st.booleans() | texts | st.integers(-canon.MAX_INTEGER, canon.MAX_INTEGER)
values = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(keys, inner, max_size=5)
)


@given(values)
def test_what_is_written_is_read_back_and_is_one_line(value: Any) -> None:
    line = canon.dumps(value)
    assert canon.loads(line) == value
    assert b"\n" not in line
    assert json.loads(line) == value


@given(st.dictionaries(keys, scalars, max_size=6), st.randoms())
def test_the_order_in_which_an_object_was_made_does_not_matter(value: Any, random: Any) -> None:
    shuffled = list(value.items())
    random.shuffle(shuffled)
    assert canon.dumps(dict(shuffled)) == canon.dumps(value)


@given(texts)
def test_strings_are_written_as_rfc_8785_section_3_2_2_2_says(text: str) -> None:
    short = {8: "\\b", 9: "\\t", 10: "\\n", 12: "\\f", 13: "\\r", 34: '\\"', 92: "\\\\"}
    expected = "".join(short.get(ord(c), f"\\u{ord(c):04x}" if ord(c) < 32 else c) for c in text)
    assert canon.dumps(text) == f'"{expected}"'.encode()


@pytest.mark.parametrize(
    "value",
    [
        1.5,
        float("nan"),
        2**53,
        -(2**53),
        {"Upper": 1},
        {"ö": 1},
        {"": 1},
        {"a": {"b c": 1}},
        {1: 2},
        "\ud800",
        b"bytes",
        (1, 2),
        [[1, 2.0]],
    ],
)
def test_a_value_outside_the_subset_is_refused(value: Any) -> None:
    with pytest.raises(NotCanonical):
        canon.dumps(value)


@pytest.mark.parametrize(
    "line",
    [
        b"",
        b"{",
        b'{"a":1,"a":2}',
        b'{"b":1,"a":2}',
        b'{"a": 1}',
        b'{"a":1} ',
        b' {"a":1}',
        b'{"a":1.0}',
        b'{"a":1e3}',
        b'{"a":-0}',
        b'{"a":01}',
        b'{"a":NaN}',
        b'{"a":Infinity}',
        b'{"a":9007199254740992}',
        b'{"a":"\\u0041"}',
        b'{"a":"\\/"}',
        b'{"a":"\\ud800"}',
        b'{"a":"\xff"}',
        b'{"A":1}',
        b"\xef\xbb\xbf{}",
        b"[" * 100_000,
        b"[" * 40 + b"]" * 40,
        b'{"a":1}\n',
    ],
)
def test_a_line_that_is_not_its_own_canonical_form_is_refused(line: bytes) -> None:
    with pytest.raises(NotCanonical):
        canon.loads(line)


def test_a_key_that_was_refused_once_is_refused_again_beside_good_ones() -> None:
    assert canon.dumps({"good": 1}) == b'{"good":1}'
    for _ in range(2):
        with pytest.raises(NotCanonical):
            canon.dumps({"good": 1, "not good": 2})


def test_nesting_is_allowed_up_to_the_limit() -> None:
    deep: Any = 0
    for _ in range(canon.MAX_DEPTH):
        deep = [deep]
    assert canon.loads(canon.dumps(deep)) == deep
    with pytest.raises(NotCanonical):
        canon.dumps([deep])


def test_only_objects_are_records() -> None:
    assert canon.loads_object(b'{"a":1}') == {"a": 1}
    with pytest.raises(NotCanonical):
        canon.loads_object(b"[]")


def test_a_digest_is_the_sha_256_of_framed_parts() -> None:
    frames = [b"tag/v1", b"", b"part"]
    expected = hashlib.sha256(b"".join(len(f).to_bytes(8, "big") + f for f in frames))
    assert canon.digest("tag/v1", b"", b"part") == expected.hexdigest()


@given(st.lists(st.binary(max_size=9)), st.lists(st.binary(max_size=9)))
def test_different_parts_never_share_a_digest(one: list[bytes], other: list[bytes]) -> None:
    assert (canon.digest("t", *one) == canon.digest("t", *other)) == (one == other)
