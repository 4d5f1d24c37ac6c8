"""GGUF files made byte by byte, so that tests can also make those that lie."""

from __future__ import annotations

import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

NUMBERS = {"F32": 0, "F16": 1, "Q4_0": 2, "Q8_0": 8, "Q4_K": 12, "BF16": 30}
SIZES = {"F32": (1, 4), "F16": (1, 2), "Q4_0": (32, 18), "Q8_0": (32, 34), "Q4_K": (256, 144)}

U32, I32, F32, BOOL, STRING, ARRAY, U64 = 4, 5, 6, 7, 8, 9, 10
_FORMS = {0: "<B", 2: "<H", U32: "<I", I32: "<i", F32: "<f", BOOL: "<?", U64: "<Q"}


@dataclass(frozen=True)
class Typed:
    """A metadata value with its type; of an array with that of its elements."""

    kind: int
    value: Any
    element: int | None = None


def u32(value: int) -> Typed:
    return Typed(U32, value)


def text(value: str) -> Typed:
    return Typed(STRING, value)


def texts(*values: str) -> Typed:
    return Typed(ARRAY, values, STRING)


def numbers(*values: int) -> Typed:
    return Typed(ARRAY, values, I32)


@dataclass(frozen=True)
class Weights:
    """A tensor: its type, shape (fastest dimension first) and bytes; zeros where not given."""

    kind: str
    shape: tuple[int, ...]
    content: bytes | None = None

    @property
    def data(self) -> bytes:
        if self.content is not None:
            return self.content
        weights, size = SIZES[self.kind]
        count = 1
        for length in self.shape:
            count *= length
        return bytes(count // weights * size)


METADATA: Mapping[str, Typed] = {
    "general.architecture": text("llama"),
    "general.file_type": u32(15),
    "general.quantization_version": u32(2),
    "llama.block_count": u32(2),
    "llama.context_length": u32(512),
    "llama.embedding_length": u32(64),
    "llama.attention.head_count": u32(2),
    "llama.attention.head_count_kv": u32(1),
    "tokenizer.ggml.model": text("gpt2"),
    "tokenizer.ggml.tokens": texts("<pad>", "<s>", "</s>", "a", "b", "<|eot_id|>"),
    "tokenizer.ggml.token_type": numbers(3, 3, 3, 1, 1, 3),
    "tokenizer.ggml.bos_token_id": u32(1),
    "tokenizer.ggml.eos_token_id": u32(2),
    "tokenizer.ggml.padding_token_id": u32(0),
    "tokenizer.chat_template": text("{{ messages }}"),
}

TENSORS: Mapping[str, Weights] = {
    "token_embd.weight": Weights("Q8_0", (64, 6), bytes(range(204)) * 2),
    "blk.0.attn_q.weight": Weights("Q4_0", (64, 64)),
    "output_norm.weight": Weights("F32", (64,), struct.pack("<64f", *range(64))),
}


def gguf_bytes(
    metadata: Mapping[str, Typed] = METADATA,
    tensors: Mapping[str, Weights] = TENSORS,
    *,
    version: int = 3,
    alignment: int = 32,
) -> bytes:
    """Return a file: header, metadata, tensor list, padding, the tensors' bytes with padding."""
    listed, data = [], b""
    for name, weights in tensors.items():
        listed.append(tensor_entry(name, weights.kind, weights.shape, len(data)))
        data += padded(weights.data, alignment)
    head = b"GGUF" + struct.pack("<IQQ", version, len(tensors), len(metadata))
    head += b"".join(string(key) + value_bytes(value) for key, value in metadata.items())
    return padded(head + b"".join(listed), alignment) + data


def tensor_entry(
    name: str, kind: str | int, shape: Sequence[int], offset: int, dimensions: int | None = None
) -> bytes:
    number = NUMBERS[kind] if isinstance(kind, str) else kind
    count = len(shape) if dimensions is None else dimensions
    return (
        string(name)
        + struct.pack("<I", count)
        + struct.pack(f"<{len(shape)}Q", *shape)
        + struct.pack("<IQ", number, offset)
    )


def value_bytes(value: Typed) -> bytes:
    return struct.pack("<I", value.kind) + _payload(value.kind, value)


def _payload(kind: int, value: Typed) -> bytes:
    if kind == STRING:
        return string(value.value)
    if kind != ARRAY:
        return struct.pack(_FORMS[kind], value.value)
    assert value.element is not None
    items = (_payload(value.element, Typed(value.element, item)) for item in value.value)
    return struct.pack("<IQ", value.element, len(value.value)) + b"".join(items)


def string(value: str) -> bytes:
    content = value.encode("utf-8")
    return struct.pack("<Q", len(content)) + content


def padded(content: bytes, alignment: int = 32) -> bytes:
    return content + bytes(-len(content) % alignment)


def write_split(
    folder: Path,
    parts: Sequence[Sequence[str]],
    *,
    stem: str = "model",
    tensors: Mapping[str, Weights] = TENSORS,
    changes: Mapping[int, Mapping[str, Typed]] | None = None,
) -> list[Path]:
    """Write a split model: which tensors lie in which part; metadata stands in the first.

    `changes` replaces metadata of single parts.
    """
    folder.mkdir(parents=True, exist_ok=True)
    paths = []
    for number, names in enumerate(parts):
        own = {
            "split.no": Typed(2, number),
            "split.count": Typed(2, len(parts)),
            "split.tensors.count": Typed(I32, sum(map(len, parts))),
        }
        metadata = {**(METADATA if number == 0 else {}), **own, **(changes or {}).get(number, {})}
        path = folder / f"{stem}-{number + 1:05d}-of-{len(parts):05d}.gguf"
        path.write_bytes(gguf_bytes(metadata, {name: tensors[name] for name in names}))
        paths.append(path)
    return paths
