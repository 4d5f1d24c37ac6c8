"""A strict reader of GGUF headers, our own because it stands at a border.

The format (`docs/gguf.md` of ggml, versions 2 and 3, little-endian): magic, version, number of
tensors, number of metadata entries; the entries as key, type and value; the tensors' names, shapes,
types and offsets; then, from the next multiple of the alignment, the tensors' bytes, each tensor at
a multiple of the alignment. Tensors follow one another with nothing but padding between, as
llama.cpp itself demands, so that the bytes hashed for a tensor are those that are loaded and no
other bytes lie in the file. Numbers are bounded before anything is allocated for them.
"""

from __future__ import annotations

import math
import struct
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

from reprollm.snapshot.gguf_bytes import HeaderBytes
from reprollm.snapshot.gguf_types import ARRAY, BOOL, SCALARS, STRING, TENSOR_TYPES, TensorType

MAGIC = b"GGUF"
VERSIONS = (2, 3)
ALIGNMENT = 32
MAX_KEYS = 65_536
MAX_KEY_BYTES = 65_535
MAX_TENSORS = 100_000
MAX_TENSOR_NAME_BYTES = 63
MAX_DIMENSIONS = 4
MAX_STRING_BYTES = 16 * 1024 * 1024
MAX_STRINGS = 4_000_000
MAX_ELEMENTS = 2**53 - 1

Scalar: TypeAlias = "int | float | bool | str"


@dataclass(frozen=True)
class Value:
    """A metadata value as the file holds it.

    Attributes:
        kind: number of its type.
        element: number of its elements' type where it is an array, else None.
        count: how many elements an array has, else 1.
        raw: its bytes: a scalar's, a string's text, or an array's elements.
    """

    kind: int
    element: int | None
    count: int
    raw: bytes

    def encoded(self) -> bytes:
        """Return type and bytes, the same for equal values: what is hashed."""
        element = 0 if self.element is None else self.element
        return struct.pack("<IIQ", self.kind, element, self.count) + self.raw

    def scalar(self) -> Scalar | None:
        """Return the value of a number, truth value or text; None for an array or no UTF-8."""
        if self.kind == STRING:
            try:
                return self.raw.decode("utf-8")
            except UnicodeDecodeError:
                return None
        if self.kind == ARRAY:
            return None
        value: Scalar = struct.unpack(SCALARS[self.kind], self.raw)[0]
        return value

    def texts(self) -> Iterator[bytes]:
        """Yield the strings of an array of strings; nothing for any other value."""
        if self.element != STRING:
            return
        position = 0
        for _ in range(self.count):
            (length,) = struct.unpack_from("<Q", self.raw, position)
            position += 8 + length
            yield self.raw[position - length : position]

    def numbers(self) -> tuple[int | float | bool, ...]:
        """Return the elements of an array of numbers; nothing for any other value."""
        if self.element is None or self.element == STRING:
            return ()
        return struct.unpack(f"<{self.count}{SCALARS[self.element][1]}", self.raw)


@dataclass(frozen=True)
class GgufTensor:
    """A tensor of a GGUF file.

    Attributes:
        name: as the file spells it.
        type: its ggml type.
        shape: as the file lists it, the fastest varying dimension first.
        begin, end: where its bytes lie, from the start of the file.
    """

    name: str
    type: TensorType
    shape: tuple[int, ...]
    begin: int
    end: int

    @property
    def elements(self) -> int:
        """How many weights the tensor holds."""
        return math.prod(self.shape)


@dataclass(frozen=True)
class GgufHeader:
    """What stands before a GGUF file's weights, and where these lie.

    Attributes:
        metadata: values by key, in the order of the file.
        tensors: in the order of their bytes.
    """

    metadata: Mapping[str, Value]
    tensors: tuple[GgufTensor, ...]

    def text(self, key: str) -> str | None:
        """Return a text of the metadata, None where there is none of this name."""
        value = self.scalar(key)
        return value if isinstance(value, str) else None

    def integer(self, key: str) -> int | None:
        """Return a whole number of the metadata, None where there is none of this name."""
        value = self.scalar(key)
        return value if type(value) is int else None

    def flag(self, key: str) -> bool | None:
        """Return a truth value of the metadata, None where there is none of this name."""
        value = self.scalar(key)
        return value if isinstance(value, bool) else None

    def scalar(self, key: str) -> Scalar | None:
        """Return a number, truth value or text of the metadata, None for anything else."""
        value = self.metadata.get(key)
        return None if value is None else value.scalar()


def read_gguf(path: Path, size: int, name: str) -> GgufHeader:
    """Return the header of a GGUF file.

    Args:
        path: the file.
        size: its length in bytes as listed.
        name: its path in the snapshot, for messages.

    Raises:
        SnapshotRefused: the file breaks a rule of the format, or is larger than any that is read.
    """
    with path.open("rb") as file:
        return parse_gguf(HeaderBytes(file, size, name))


def parse_gguf(source: HeaderBytes) -> GgufHeader:
    """Return the header that `source` begins with; see `read_gguf`."""
    size = source.left
    magic = source.take(len(MAGIC), "a GGUF file's magic") if size >= len(MAGIC) else b""
    if magic != MAGIC:
        source.refuse(f"it to begin with {MAGIC!r}", repr(magic))
    version = source.number("<I", "the version")
    if version not in VERSIONS:
        swapped = int.from_bytes(version.to_bytes(4, "little"), "big")
        source.refuse(
            "version 2 or 3, little-endian",
            f"a big-endian file of version {swapped}" if swapped in VERSIONS else str(version),
        )
    tensors = source.number("<Q", "the number of tensors")
    keys = source.number("<Q", "the number of metadata entries")
    _bound(source, "tensors", tensors, MAX_TENSORS)
    _bound(source, "metadata entries", keys, MAX_KEYS)
    metadata = _metadata(source, keys)
    alignment = _alignment(source, metadata)
    listed = [_tensor(source) for _ in range(tensors)]
    start = -(-source.position // alignment) * alignment
    return GgufHeader(metadata, _placed(source, listed, start, alignment, size))


def _bound(source: HeaderBytes, what: str, number: int, most: int) -> None:
    if number > most:
        source.refuse(f"at most {most} {what}", str(number))


def _metadata(source: HeaderBytes, count: int) -> dict[str, Value]:
    metadata: dict[str, Value] = {}
    strings = 0
    for _ in range(count):
        key = source.text(MAX_KEY_BYTES, "a metadata key")
        if not key or not key.isprintable():
            source.refuse("metadata keys of visible characters", ascii(key)[:60])
        if key in metadata:
            source.refuse("every metadata key once", f"{key!a} twice")
        value = _value(source, key)
        strings += value.count if value.element == STRING else 1
        if strings > MAX_STRINGS:
            source.refuse(f"at most {MAX_STRINGS} strings", f"more, at {key!a}")
        metadata[key] = value
    return metadata


def _value(source: HeaderBytes, key: str) -> Value:
    what = f"the value of {key!a:.80}"
    kind = source.number("<I", what)
    if kind == STRING:
        length = source.number("<Q", what)
        if length > MAX_STRING_BYTES:
            source.refuse(f"{what} of at most {MAX_STRING_BYTES} bytes", f"one of {length}")
        return Value(kind, None, 1, source.take(length, what))
    if kind == ARRAY:
        return _array(source, what)
    if kind not in SCALARS:
        source.refuse(f"a known type for {what}", f"type {kind}")
    raw = source.take(struct.calcsize(SCALARS[kind]), what)
    _check_flags(source, kind, raw, what)
    return Value(kind, None, 1, raw)


def _array(source: HeaderBytes, what: str) -> Value:
    element = source.number("<I", what)
    count = source.number("<Q", what)
    if element == STRING:
        if count > min(MAX_STRINGS, source.left // 8):
            source.refuse(f"at most {MAX_STRINGS} strings for {what}", f"{count}")
        return Value(ARRAY, element, count, source.strings(count, what))
    if element not in SCALARS:
        source.refuse(
            f"texts or numbers for {what}",
            "arrays within an array" if element == ARRAY else f"type {element}",
        )
    size = struct.calcsize(SCALARS[element])
    if count > source.left // size:
        source.refuse(f"{what} within the file", f"{count} elements of {size} bytes")
    raw = source.take(count * size, what)
    _check_flags(source, element, raw, what)
    return Value(ARRAY, element, count, raw)


def _check_flags(source: HeaderBytes, kind: int, raw: bytes, what: str) -> None:
    if kind == BOOL and raw.strip(b"\0\1"):
        source.refuse(f"0 or 1 for {what}", "another byte")


def _alignment(source: HeaderBytes, metadata: Mapping[str, Value]) -> int:
    value = metadata.get("general.alignment")
    if value is None:
        return ALIGNMENT
    alignment = value.scalar()
    if value.kind != 4 or type(alignment) is not int or not _is_alignment(alignment):
        source.refuse(
            "general.alignment to be a power of two from 8 to 65536 (uint32)", f"{alignment!a:.40}"
        )
    return alignment


def _is_alignment(number: int) -> bool:
    return 8 <= number <= 65_536 and number & (number - 1) == 0


def _tensor(source: HeaderBytes) -> GgufTensor:
    """Return a tensor as listed; `begin` counts from the start of the tensors' bytes."""
    name = source.text(MAX_TENSOR_NAME_BYTES, "a tensor's name")
    what = f"tensor {name!a}"
    if not name or not name.isprintable():
        source.refuse("tensor names of visible characters", ascii(name))
    dimensions = source.number("<I", what)
    if not 1 <= dimensions <= MAX_DIMENSIONS:
        source.refuse(f"1 to {MAX_DIMENSIONS} dimensions for {what}", str(dimensions))
    shape = tuple(source.number("<Q", what) for _ in range(dimensions))
    number = source.number("<I", what)
    offset = source.number("<Q", what)
    kind = TENSOR_TYPES.get(number)
    if kind is None:
        source.refuse(f"a known type for {what}", f"type {number}")
    elements = math.prod(shape)
    if not 0 < elements <= MAX_ELEMENTS or min(shape) <= 0:
        source.refuse(f"1 to {MAX_ELEMENTS} weights in {what}", f"shape {shape!s:.80}")
    if shape[0] % kind.weights:
        source.refuse(
            f"rows of whole blocks of {kind.weights} in {what} ({kind.name})",
            f"rows of {shape[0]}",
        )
    return GgufTensor(name, kind, shape, offset, offset + elements // kind.weights * kind.size)


def _placed(
    source: HeaderBytes, listed: list[GgufTensor], start: int, alignment: int, size: int
) -> tuple[GgufTensor, ...]:
    """Return the tensors by place; refuse names twice, gaps, overlaps and bytes of no tensor."""
    names: set[str] = set()
    expected = 0
    placed = []
    for tensor in sorted(listed, key=lambda tensor: tensor.begin):
        if tensor.name in names:
            source.refuse("every tensor once", f"{tensor.name!a} twice")
        names.add(tensor.name)
        if tensor.begin != expected:
            what = "overlaps another" if tensor.begin < expected else "leaves a hole before it"
            if tensor.begin % alignment:
                what = f"lies at offset {tensor.begin}, no multiple of {alignment}"
            source.refuse("tensors that follow one another", f"{tensor.name!a}, which {what}")
        expected = -(-tensor.end // alignment) * alignment
        if start + tensor.end > size:
            source.refuse(
                f"the {tensor.end - tensor.begin} bytes of tensor {tensor.name!a} in the file",
                f"{max(0, size - start - tensor.begin)}",
            )
        placed.append(
            GgufTensor(
                tensor.name, tensor.type, tensor.shape, start + tensor.begin, start + tensor.end
            )
        )
    if size > start + expected:
        source.refuse("nothing but padding behind the tensors", f"{size - start - expected} bytes")
    return tuple(placed)
