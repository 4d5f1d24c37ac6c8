"""GGUF files that lie: each is refused in a sentence, before memory is spent on what it claims."""

from __future__ import annotations

import io
import struct
import tracemalloc
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gguf_files import (
    ARRAY,
    METADATA,
    STRING,
    TENSORS,
    Typed,
    Weights,
    gguf_bytes,
    padded,
    string,
    tensor_entry,
    u32,
)
from reprollm.errors import SnapshotRefused
from reprollm.snapshot.gguf import GgufHeader, parse_gguf, read_gguf
from reprollm.snapshot.gguf_bytes import MAX_HEADER_BYTES, HeaderBytes
from reprollm.snapshot.pin import pin

VALID = gguf_bytes()
HUGE = 2**63


def parse(content: bytes) -> GgufHeader:
    return parse_gguf(HeaderBytes(io.BytesIO(content), len(content), "model.gguf"))


def head(tensors: int = 0, keys: int = 0, rest: bytes = b"", version: int = 3) -> bytes:
    return b"GGUF" + struct.pack("<IQQ", version, tensors, keys) + rest


def entry(key: str, kind: int, payload: bytes) -> bytes:
    return string(key) + struct.pack("<I", kind) + payload


def listed(*entries: bytes, data: bytes = b"") -> bytes:
    return padded(head(tensors=len(entries), rest=b"".join(entries))) + data


def array(element: int, count: int, payload: bytes = b"") -> bytes:
    return head(keys=1, rest=entry("a", ARRAY, struct.pack("<IQ", element, count) + payload))


ONE = tensor_entry("a", "F32", (8,), 0)

LIES = {
    "nothing": (b"", "begin with b'GGUF', found b''"),
    "another file": (b"PK\x03\x04" + bytes(40), "begin with b'GGUF', found b'PK"),
    "only the magic": (b"GGUF", "the version, found 4 bytes of it with 0 left"),
    "version 1": (head(version=1), "version 2 or 3, little-endian, found 1"),
    "big-endian": (b"GGUF" + struct.pack(">IQQ", 3, 0, 0), "found a big-endian file of version 3"),
    "more tensors than anybody has": (head(tensors=HUGE), "at most 100000 tensors"),
    "more entries than anybody has": (head(keys=HUGE), "at most 65536 metadata entries"),
    "tensors that are not there": (head(tensors=9), "a tensor's name, found 8 bytes"),
    "entries that are not there": (head(keys=9), "a metadata key, found 8 bytes"),
    "a key longer than the file": (
        head(keys=1, rest=struct.pack("<Q", 60_000) + b"key"),
        "a metadata key, found 60000 bytes of it with 3 left",
    ),
    "a key without end": (head(keys=1, rest=struct.pack("<Q", HUGE)), "of at most 65535 bytes"),
    "a key that is no text": (
        head(keys=1, rest=struct.pack("<Q", 2) + b"\xff\xfe"),
        "a metadata key in UTF-8",
    ),
    "a key that hides": (head(keys=1, rest=entry("a\x1b[2J", 4, bytes(4))), "visible characters"),
    "a key twice": (head(keys=2, rest=entry("a", 4, bytes(4)) * 2), "'a' twice"),
    "a value of no type": (head(keys=1, rest=entry("a", 13, bytes(8))), "a known type for"),
    "a text longer than the file": (
        head(keys=1, rest=entry("a", STRING, struct.pack("<Q", 1_000_000))),
        "found 1000000 bytes of it with 0 left in the file",
    ),
    "a text without end": (
        head(keys=1, rest=entry("a", STRING, struct.pack("<Q", HUGE))),
        "of at most 16777216 bytes",
    ),
    "a truth value of two": (head(keys=1, rest=entry("a", 7, b"\2")), "0 or 1 for"),
    "an array longer than the file": (array(0, 2**40), "within the file, found 1099511627776"),
    "an array whose size wraps around": (array(10, 2**61 + 1), "within the file"),
    "strings without end": (array(STRING, 2**40), "at most 4000000 strings"),
    "a string in an array that is longer than the file": (
        array(STRING, 1, struct.pack("<Q", HUGE)),
        f"found {HUGE} bytes of it with 0 left",
    ),
    "arrays in an array": (array(ARRAY, 1, bytes(12)), "found arrays within an array"),
    "an array of no type": (array(99, 1, bytes(12)), "texts or numbers for"),
    "an alignment of zero": (gguf_bytes({"general.alignment": u32(0)}), "a power of two"),
    "an alignment of 48": (gguf_bytes({"general.alignment": u32(48)}), "a power of two"),
    "an alignment that is a text": (
        gguf_bytes({"general.alignment": Typed(STRING, "32")}),
        "a power of two",
    ),
    "a tensor without a name": (listed(tensor_entry("", "F32", (8,), 0)), "visible characters"),
    "a tensor with a long name": (
        listed(tensor_entry("a" * 64, "F32", (8,), 0)),
        "a tensor's name of at most 63 bytes, found one of 64",
    ),
    "a tensor twice": (
        listed(ONE, tensor_entry("a", "F32", (8,), 32), data=bytes(64)),
        "every tensor once, found 'a' twice",
    ),
    "a tensor of no dimensions": (listed(tensor_entry("a", "F32", (), 0)), "1 to 4 dimensions"),
    "a tensor of five dimensions": (
        listed(tensor_entry("a", "F32", (8, 1, 1, 1, 1), 0)),
        "1 to 4 dimensions",
    ),
    "a tensor that claims more dimensions": (
        listed(tensor_entry("a", "F32", (8,), 0, dimensions=2**32 - 1)),
        "1 to 4 dimensions for tensor 'a', found 4294967295",
    ),
    "a dimension of zero": (listed(tensor_entry("a", "F32", (8, 0), 0)), "weights in tensor 'a'"),
    "a shape whose product wraps around": (
        listed(tensor_entry("a", "F32", (2**32, 2**32), 0)),
        "weights in tensor 'a'",
    ),
    "a type of no name": (listed(tensor_entry("a", 42, (128,), 0)), "found type 42"),
    "a type that was taken out": (listed(tensor_entry("a", 4, (32,), 0)), "found type 4"),
    "rows of half a block": (
        listed(tensor_entry("a", "Q4_K", (128, 2), 0)),
        r"rows of whole blocks of 256 in tensor 'a' \(Q4_K\), found rows of 128",
    ),
    "a tensor outside the file": (listed(ONE, data=bytes(31)), "found 31"),
    "a tensor far outside the file": (
        listed(tensor_entry("a", "F32", (2**50,), 0), data=bytes(64)),
        "in the file, found 64",
    ),
    "an offset that is no multiple": (
        listed(tensor_entry("a", "F32", (8,), 4), data=bytes(36)),
        "offset 4, no multiple of 32",
    ),
    "an offset past everything": (
        listed(tensor_entry("a", "F32", (8,), HUGE), data=bytes(32)),
        "leaves a hole before it",
    ),
    "tensors that overlap": (
        listed(ONE, tensor_entry("b", "F32", (8,), 0), data=bytes(64)),
        "'b', which overlaps another",
    ),
    "a hole between tensors": (
        listed(ONE, tensor_entry("b", "F32", (8,), 64), data=bytes(96)),
        "'b', which leaves a hole before it",
    ),
    "bytes behind the tensors": (listed(ONE, data=bytes(33)), "padding behind the tensors"),
}


@pytest.mark.parametrize(("content", "message"), LIES.values(), ids=LIES.keys())
def test_a_lie_is_refused_in_a_sentence(content: bytes, message: str) -> None:
    tracemalloc.start()
    try:
        with pytest.raises(SnapshotRefused, match=message) as caught:
            parse(content)
        assert tracemalloc.get_traced_memory()[1] < 4_000_000
    finally:
        tracemalloc.stop()
    sentence = str(caught.value)
    assert sentence.startswith("model.gguf is not a well-formed GGUF file: expected ")
    assert "\n" not in sentence and sentence.isprintable()
    assert len(sentence) < 400


def test_what_the_lies_are_made_from_is_well_formed() -> None:
    assert [tensor.name for tensor in parse(listed(ONE, data=bytes(32))).tensors] == ["a"]
    assert parse(array(STRING, 1, string("x"))).metadata["a"].count == 1
    assert parse(VALID).integer("llama.block_count") == 2


def test_a_header_that_never_ends_is_read_up_to_a_limit(tmp_path: Path) -> None:
    path = tmp_path / "model.gguf"
    count = MAX_HEADER_BYTES // 8 + 1
    with path.open("wb") as file:
        file.write(array(10, count))
        file.truncate(40 + 8 * count + 1_000_000_000)
    with pytest.raises(SnapshotRefused, match=f"within {MAX_HEADER_BYTES} bytes"):
        read_gguf(path, path.stat().st_size, "model.gguf")


def test_a_file_that_is_shorter_than_listed_is_refused() -> None:
    cut = HeaderBytes(io.BytesIO(VALID[:100]), len(VALID), "model.gguf")
    with pytest.raises(SnapshotRefused, match="the file's end"):
        parse_gguf(cut)


@pytest.mark.parametrize("count", range(0, len(VALID) - 32, 61))
def test_a_file_that_was_cut_off_is_refused(count: int) -> None:
    with pytest.raises(SnapshotRefused, match=r"model\.gguf is not a well-formed GGUF file"):
        parse(VALID[:count])


@settings(max_examples=150, deadline=None, derandomize=True, database=None)
@given(
    st.lists(
        st.tuples(
            st.integers(0, len(VALID) - 8),
            st.sampled_from(
                [0, 1, 8, 9, 31, 255, 2**16, 2**31, 2**32 - 1, 2**40, 2**63, 2**64 - 1]
            ),
            st.sampled_from([1, 2, 4, 8]),
        ),
        min_size=1,
        max_size=4,
    )
)
def test_numbers_changed_anywhere_are_read_or_refused(
    changes: list[tuple[int, int, int]],
) -> None:
    content = bytearray(VALID)
    for place, number, width in changes:
        content[place : place + width] = (number % 256**width).to_bytes(width, "little")
    _read_or_refused(bytes(content))


@settings(max_examples=100, deadline=None, derandomize=True, database=None)
@given(st.binary(max_size=300), st.integers(0, 5), st.integers(0, 5))
def test_any_bytes_behind_a_header_are_read_or_refused(
    rest: bytes, tensors: int, keys: int
) -> None:
    _read_or_refused(head(tensors, keys, rest))


@settings(max_examples=100, deadline=None, derandomize=True, database=None)
@given(
    st.dictionaries(
        st.text(st.characters(codec="utf-8", categories=("L", "N")), min_size=1, max_size=9),
        st.one_of(
            st.integers(0, 2**32 - 1).map(u32),
            st.booleans().map(lambda value: Typed(7, value)),
            st.text(max_size=9).map(lambda value: Typed(STRING, value)),
            st.lists(st.text(max_size=5), max_size=5).map(lambda v: Typed(ARRAY, v, STRING)),
            st.lists(st.integers(-9, 9), max_size=5).map(lambda v: Typed(ARRAY, v, 5)),
        ),
        max_size=5,
    ),
    st.lists(st.sampled_from([("F32", (3,)), ("F16", (2, 2)), ("Q8_0", (32, 2))]), max_size=4),
    st.sampled_from([2, 3]),
)
def test_what_was_written_is_read_back(
    metadata: dict[str, Typed], tensors: list[tuple[str, tuple[int, ...]]], version: int
) -> None:
    named = {f"t{n}": Weights(kind, shape) for n, (kind, shape) in enumerate(tensors)}
    header = parse(gguf_bytes(metadata, named, version=version))
    assert list(header.metadata) == list(metadata)
    assert [(tensor.name, tensor.shape) for tensor in header.tensors] == [
        (name, weights.shape) for name, weights in named.items()
    ]
    for key, typed in metadata.items():
        found = header.metadata[key]
        if typed.element == STRING:
            assert [item.decode() for item in found.texts()] == list(typed.value)
        elif typed.kind == ARRAY:
            assert list(found.numbers()) == list(typed.value)
        else:
            assert found.scalar() == typed.value


def test_a_hostile_vocabulary_breaks_no_fact(tmp_path: Path) -> None:
    broken = b"\xff" * 4
    metadata = {
        **METADATA,
        "general.architecture": u32(7),
        "tokenizer.ggml.eos_token_id": Typed(STRING, "</s>"),
        "tokenizer.ggml.token_type": Typed(ARRAY, ["x"], STRING),
        "general.file_type": u32(99),
    }
    content = gguf_bytes(metadata).replace(string("<pad>"), struct.pack("<Q", 5) + broken + b"a")
    (tmp_path / "model.gguf").write_bytes(content)
    lock = pin(tmp_path)
    assert (lock.facts.architecture, lock.facts.layers, lock.facts.eos_ids) == (None, None, ())
    assert lock.gguf is not None and lock.gguf.file_type == "99"


def _read_or_refused(content: bytes, read: Callable[[bytes], object] = parse) -> None:
    try:
        read(content)
    except SnapshotRefused as error:
        assert str(error).isprintable()


def test_the_tensors_of_the_valid_file_lie_where_they_were_put() -> None:
    for tensor in parse(VALID).tensors:
        assert VALID[tensor.begin : tensor.end] == TENSORS[tensor.name].data
