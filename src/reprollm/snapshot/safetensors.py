"""A strict reader of safetensors headers, our own because it stands at a border.

The format (safetensors documentation, "Format"): 8 bytes little-endian length of the header, the
header as UTF-8 JSON beginning with `{`, then the tensors' bytes. The header maps names to dtype,
shape and [begin, end) relative to the end of the header; the spans cover the rest of the file
without overlap or hole; `__metadata__` maps text to text; the header is at most 100 MB.
Everything that does not hold is refused, so that the bytes hashed for a tensor are the bytes that
any reader of the format loads.
"""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

from reprollm.errors import SnapshotRefused

MAX_HEADER_BYTES = 100_000_000
MAX_DIMENSION = 2**53 - 1
MAX_RANK = 64
MAX_TENSORS = 250_000
"""In one file; the largest models have some hundred thousand in all, over a hundred files."""

BITS = {
    "BOOL": 8,
    "F4": 4,
    "F6_E2M3": 6,
    "F6_E3M2": 6,
    "U8": 8,
    "I8": 8,
    "F8_E5M2": 8,
    "F8_E4M3": 8,
    "F8_E8M0": 8,
    "F8_E4M3FNUZ": 8,
    "F8_E5M2FNUZ": 8,
    "I16": 16,
    "U16": 16,
    "F16": 16,
    "BF16": 16,
    "I32": 32,
    "U32": 32,
    "F32": 32,
    "C64": 64,
    "F64": 64,
    "I64": 64,
    "U64": 64,
}


@dataclass(frozen=True)
class Tensor:
    """Where a tensor's bytes lie: `begin` and `end` count from the start of the file."""

    name: str
    dtype: str
    shape: tuple[int, ...]
    begin: int
    end: int

    @property
    def elements(self) -> int:
        """How many numbers the tensor holds."""
        return math.prod(self.shape)


def read_header(path: Path, size: int, name: str) -> list[Tensor]:
    """Return the tensors of a safetensors file in the order of their bytes.

    Args:
        path: the file.
        size: its length in bytes as listed.
        name: its path in the snapshot, for messages.

    Raises:
        SnapshotRefused: the header breaks a rule of the format.
    """
    with path.open("rb") as file:
        length = int.from_bytes(file.read(8), "little") if size >= 8 else 0
        if size < 8 or not 2 <= length <= min(size - 8, MAX_HEADER_BYTES):
            _refuse(
                name,
                f"a header of 2 to {MAX_HEADER_BYTES} bytes that fits the file",
                f"one of {length} bytes in a file of {size} bytes",
            )
        header = file.read(length)
    return parse_header(header, size - 8 - length, name)


def parse_header(header: bytes, data_bytes: int, name: str) -> list[Tensor]:
    """Return the tensors that a header describes; see `read_header`.

    Args:
        header: the JSON text.
        data_bytes: how many bytes follow it in the file.
        name: the file, for messages.
    """
    entries = _parse(header, name)
    _check_metadata(entries.pop("__metadata__", {}), name)
    start = 8 + len(header)
    tensors = [_tensor(name, key, entry, start) for key, entry in entries.items()]
    tensors.sort(key=lambda tensor: (tensor.begin, tensor.end))
    expected = start
    for tensor in tensors:
        if tensor.begin != expected:
            what = "overlaps another" if tensor.begin < expected else "leaves a hole before it"
            _refuse(name, "tensors that follow one another", f"{tensor.name!a} {what}")
        expected = tensor.end
    if expected != start + data_bytes:
        _refuse(
            name,
            f"tensors that fill the {data_bytes} bytes after the header",
            f"tensors of {expected - start} bytes",
        )
    return tensors


def _parse(header: bytes, name: str) -> dict[str, Any]:
    if not header.startswith(b"{"):
        _refuse(name, "a header that begins with '{'", repr(header[:20]))
    if header.count(b"{") > MAX_TENSORS + 2:
        _refuse(name, f"at most {MAX_TENSORS} tensors in a file", "more")
    try:
        value = json.loads(header.decode("utf-8"), object_pairs_hook=_unique)
    except (ValueError, RecursionError, MemoryError) as error:
        _refuse(name, "a header of UTF-8 JSON with unique names", f"{error!s:.200}")
    if not isinstance(value, dict):
        _refuse(name, "a JSON object as header", type(value).__name__)
    return value


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    value: dict[str, Any] = {}
    for key, item in pairs:
        if key in value:
            raise ValueError(f"the name {key!a} twice")
        value[key] = item
    return value


def _check_metadata(value: Any, name: str) -> None:
    if not isinstance(value, dict) or not all(isinstance(item, str) for item in value.values()):
        _refuse(name, "__metadata__ that maps text to text", f"{value!a:.80}")


def _tensor(name: str, key: str, entry: Any, start: int) -> Tensor:
    if not isinstance(entry, dict) or entry.keys() != {"dtype", "shape", "data_offsets"}:
        _refuse(name, f"dtype, shape and data_offsets for {key!a}", f"{entry!a:.80}")
    if any("\ud800" <= character <= "\udfff" for character in key):
        _refuse(name, "tensor names in Unicode", repr(key))
    dtype, shape, offsets = entry["dtype"], entry["shape"], entry["data_offsets"]
    if not isinstance(dtype, str) or dtype not in BITS:
        _refuse(name, f"a known dtype for {key!a}", f"{dtype!a:.40}")
    if not _naturals(shape) or not _naturals(offsets) or len(offsets) != 2:
        _refuse(name, f"shape and offsets of {key!a} as natural numbers", f"{entry!a:.120}")
    begin, end = offsets
    bits = math.prod(shape) * BITS[dtype]
    if bits % 8 or end - begin != bits // 8:
        _refuse(
            name,
            f"{bits} bits for {key!a} of shape {shape} and dtype {dtype}",
            f"{(end - begin) * 8} bits",
        )
    return Tensor(key, dtype, tuple(shape), start + begin, start + end)


def _naturals(value: Any) -> bool:
    return (
        isinstance(value, list)
        and len(value) <= MAX_RANK
        and all(type(item) is int and 0 <= item <= MAX_DIMENSION for item in value)
    )


def _refuse(name: str, expected: str, found: str) -> NoReturn:
    raise SnapshotRefused(
        f"{name} is not a well-formed safetensors file: expected {expected}, found {found}; "
        "download or export the file again"
    )
