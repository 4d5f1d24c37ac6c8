"""Hostile and broken safetensors headers are refused; good ones read as the library reads them."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from safetensors import deserialize

from reprollm.errors import SnapshotRefused
from reprollm.snapshot.safetensors import BITS, parse_header, read_header
from tiny_models import make_llama, make_qwen3

GOOD = {"dtype": "U8", "shape": [4], "data_offsets": [0, 4]}


def parse(header: Any, size: int) -> Any:
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    return parse_header(text, size, "model.safetensors")


@pytest.mark.parametrize("length", [0, 1, 2**31, 2**63, 2**64 - 1, 100_000_001])
def test_a_lying_header_length_is_refused_without_reading_it(length: int, tmp_path: Path) -> None:
    file = tmp_path / "model.safetensors"
    file.write_bytes(length.to_bytes(8, "little") + b"{}")
    with pytest.raises(SnapshotRefused, match="a header of 2 to 100000000 bytes"):
        read_header(file, 10, file.name)


@pytest.mark.parametrize("size", [0, 1, 7, 8])
def test_a_file_too_short_for_a_header_is_refused(size: int, tmp_path: Path) -> None:
    file = tmp_path / "model.safetensors"
    file.write_bytes(bytes(size))
    with pytest.raises(SnapshotRefused, match=f"in a file of {size} bytes"):
        read_header(file, size, file.name)


@pytest.mark.parametrize(
    ("header", "size", "says"),
    [
        (b" {}", 0, "begins with"),
        (b"[]", 0, "begins with"),
        (b'{"a":', 0, "UTF-8 JSON"),
        (b'{"\xff": 1}', 0, "UTF-8 JSON"),
        (b'{"a":' * 50_000 + b"1" + b"}" * 50_000, 0, "UTF-8 JSON|dtype, shape"),
        (b'{"a":%s,"a":%s}' % ((json.dumps(GOOD).encode(),) * 2), 4, "twice"),
        ({"__metadata__": {"format": 1}}, 0, "__metadata__"),
        ({"__metadata__": []}, 0, "__metadata__"),
        ({"a": []}, 0, "dtype, shape and data_offsets"),
        ({"a": {**GOOD, "code": "x"}}, 4, "dtype, shape and data_offsets"),
        ({"a": {**GOOD, "dtype": "PICKLE"}}, 4, "known dtype"),
        ({"a": {**GOOD, "dtype": ["U8"]}}, 4, "known dtype"),
        ({"a": {**GOOD, "shape": [-4]}}, 4, "natural numbers"),
        ({"a": {**GOOD, "shape": [4.0]}}, 4, "natural numbers"),
        ({"a": {**GOOD, "shape": [True, 4]}}, 4, "natural numbers"),
        ({"a": {**GOOD, "shape": 4}}, 4, "natural numbers"),
        ({"a": {**GOOD, "shape": [1] * 65}}, 4, "natural numbers"),
        ({"a": {**GOOD, "shape": [2**64]}}, 4, "natural numbers"),
        ({"a": {**GOOD, "shape": [2**40, 2**40]}}, 4, "bits"),
        ({"a": {**GOOD, "shape": [5]}}, 4, "40 bits"),
        ({"a": {**GOOD, "shape": [4, 2]}}, 4, "64 bits"),
        ({"a": {"dtype": "F4", "shape": [3], "data_offsets": [0, 2]}}, 2, "12 bits"),
        ({"a": {**GOOD, "data_offsets": [0]}}, 4, "natural numbers"),
        ({"a": {**GOOD, "data_offsets": [4, 0]}}, 4, "bits"),
        ({"a": {**GOOD, "data_offsets": [-4, 0]}}, 4, "natural numbers"),
        ({"a": GOOD, "b": GOOD}, 4, "overlaps"),
        ({"a": GOOD, "b": {**GOOD, "data_offsets": [2, 6]}}, 6, "overlaps"),
        ({"a": GOOD, "b": {**GOOD, "data_offsets": [6, 10]}}, 10, "hole"),
        ({"a": {**GOOD, "data_offsets": [2, 6]}}, 6, "hole"),
        ({"a": GOOD}, 3, "fill the 3 bytes"),
        ({"a": GOOD}, 5, "fill the 5 bytes"),
        (b'{"\\ud800": %s}' % json.dumps(GOOD).encode(), 4, "Unicode"),
    ],
)
def test_a_header_that_breaks_the_format_is_refused(header: Any, size: int, says: str) -> None:
    with pytest.raises(SnapshotRefused, match=says) as refused:
        parse(header, size)
    assert "model.safetensors" in str(refused.value)
    assert len(str(refused.value)) < 600


def test_a_truncated_weight_file_is_refused_by_name(llama: Path) -> None:
    file = llama / "model.safetensors"
    content = file.read_bytes()[:-1]
    file.write_bytes(content)
    with pytest.raises(SnapshotRefused, match=r"model\.safetensors.*fill"):
        read_header(file, len(content), file.name)


@pytest.mark.parametrize("shape", [[], [0], [0, 7], [3, 0, 2]])
def test_scalars_and_empty_tensors_are_read(shape: list[int]) -> None:
    size = math.prod(shape)
    (tensor,) = parse({"a": {"dtype": "U8", "shape": shape, "data_offsets": [0, size]}}, size)
    assert (tensor.shape, tensor.elements) == (tuple(shape), size)


@pytest.mark.parametrize("make", [make_llama, make_qwen3])
def test_headers_are_read_as_the_safetensors_library_reads_them(make: Any, tmp_path: Path) -> None:
    content = (make(tmp_path, dtype="BF16") / "model.safetensors").read_bytes()
    ours = read_header(tmp_path / "model.safetensors", len(content), "model.safetensors")
    theirs = {name: entry for name, entry in deserialize(content)}
    assert {tensor.name for tensor in ours} == theirs.keys()
    for tensor in ours:
        entry = theirs[tensor.name]
        assert (tensor.dtype, list(tensor.shape)) == (entry["dtype"], entry["shape"])
        assert content[tensor.begin : tensor.end] == bytes(entry["data"])


@given(
    st.lists(
        st.tuples(st.sampled_from(sorted(BITS)), st.lists(st.integers(0, 4), max_size=3)),
        max_size=5,
    ),
    st.integers(-1, 1),
)
def test_whatever_we_accept_the_library_accepts_too(
    tensors: list[tuple[str, list[int]]], off: int
) -> None:
    header: dict[str, Any] = {}
    end = 0
    for number, (dtype, shape) in enumerate(tensors):
        size = math.prod(shape) * BITS[dtype] // 8
        offsets = [end, end + size]
        header[str(number)] = {"dtype": dtype, "shape": shape, "data_offsets": offsets}
        end += size
    text = json.dumps(header).encode()
    try:
        ours = parse_header(text, max(0, end + off), "x")
    except SnapshotRefused:
        return
    content = len(text).to_bytes(8, "little") + text + bytes(max(0, end + off))
    assert len(deserialize(content)) == len(ours)
