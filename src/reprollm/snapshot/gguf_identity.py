"""What identifies a GGUF model besides its files: its metadata, its tokenizer, its tensor types.

A file's digest changes when it is split, merged or written again by another program, although
nothing that could change an answer did. Metadata is hashed sorted by key, each value with its type
as the file holds it, without the `split.*` keys. The tokenizer's digest covers the `tokenizer.*`
keys without the chat template, so that files of one model share it however they are quantized.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import ClassVar

from reprollm.canon import Json, digest
from reprollm.snapshot.gguf import GgufHeader, Value
from reprollm.snapshot.gguf_quantization import TypeShare, type_histogram
from reprollm.snapshot.gguf_split import GgufModel
from reprollm.snapshot.gguf_types import FILE_TYPES

TEMPLATE_PREFIX = "tokenizer.chat_template"


@dataclass(frozen=True)
class Gguf:
    """A GGUF model.

    Attributes:
        metadata: digest over the metadata, hex.
        files: how many files it is split into.
        file_type: `general.file_type` as declared: what most tensors are, never all; or None.
        quantization_version: `general.quantization_version`, or None.
        types: the tensor types that really occur, with tensors and weights.
        imatrix: what the file says of the importance matrix that it was quantized with, by key.
    """

    __pydantic_config__: ClassVar[dict[str, object]] = {"extra": "forbid", "strict": True}

    metadata: str
    files: int
    file_type: str | None
    quantization_version: int | None
    types: tuple[TypeShare, ...]
    imatrix: tuple[tuple[str, str], ...]

    def to_record(self) -> dict[str, Json]:
        """Return the fields as canonical JSON for a `snapshot` record."""
        return {
            "metadata": self.metadata,
            "files": self.files,
            "file_type": self.file_type,
            "quantization_version": self.quantization_version,
            "types": [share.to_record() for share in self.types],
            "imatrix": [{"key": key, "value": value} for key, value in self.imatrix],
        }


def describe(model: GgufModel) -> Gguf:
    """Return what a lock says of a GGUF model."""
    header = model.header
    number = header.integer("general.file_type")
    return Gguf(
        metadata=metadata_digest(header.metadata),
        files=len(model.files),
        file_type=None if number is None else FILE_TYPES.get(number, str(number)),
        quantization_version=header.integer("general.quantization_version"),
        types=type_histogram(header),
        imatrix=tuple(_imatrix(header)),
    )


def metadata_digest(metadata: Mapping[str, Value]) -> str:
    """Return the hex digest over metadata entries, the same in whichever order they stand."""
    return digest("reprollm/gguf-metadata/v1", *_parts(metadata.items()))


def gguf_tokenizer_digest(metadata: Mapping[str, Value]) -> str:
    """Return the hex digest over the entries that turn text into token ids and back."""
    chosen = [
        (key, value)
        for key, value in metadata.items()
        if key.startswith("tokenizer.") and not key.startswith(TEMPLATE_PREFIX)
    ]
    return digest("reprollm/gguf-tokenizer/v1", *_parts(chosen))


def chat_templates(header: GgufHeader) -> dict[str, str]:
    """Return the chat templates' texts by name; `default` is the one without a name."""
    templates = {}
    for key in header.metadata:
        text = header.text(key)
        if key == TEMPLATE_PREFIX and text is not None:
            templates["default"] = text
        elif key.startswith(f"{TEMPLATE_PREFIX}.") and text is not None:
            templates[key.removeprefix(f"{TEMPLATE_PREFIX}.")] = text
    return templates


def _parts(entries: Iterable[tuple[str, Value]]) -> Iterable[bytes]:
    for key, value in sorted(entries, key=lambda entry: entry[0]):
        yield key.encode("utf-8")
        yield value.encoded()


def _imatrix(header: GgufHeader) -> Iterable[tuple[str, str]]:
    for key in sorted(header.metadata):
        value = header.scalar(key)
        if key.startswith("quantize.imatrix.") and value is not None:
            yield key, str(value)
