"""The tensor types of a GGUF model as a histogram: what is stored, against what is declared.

`general.file_type` names a mixture (`Q4_K_M`) and not what a tensor is stored as; norms stay F32,
and some matrices get more bits than others. So the truth about a GGUF file's quantization is how
many weights it stores in which type.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from reprollm.canon import Json
from reprollm.snapshot.gguf import GgufHeader
from reprollm.snapshot.gguf_types import FILE_TYPES, TYPES_BY_NAME

PLAIN = frozenset({"F64", "F32", "F16", "BF16", "I8", "I16", "I32", "I64"})
"""Types that store each weight as it is, without blocks and scales."""


@dataclass(frozen=True)
class TypeShare:
    """How much of a model is stored in one tensor type.

    Attributes:
        type: ggml name, for example `Q4_K`.
        bits: bits a weight, scales included, as a decimal string (`4.5`).
        tensors: how many tensors.
        elements: how many weights.
    """

    __pydantic_config__: ClassVar[dict[str, object]] = {"extra": "forbid", "strict": True}

    type: str
    bits: str
    tensors: int
    elements: int

    def to_record(self) -> dict[str, Json]:
        """Return the share as canonical JSON."""
        return {
            "type": self.type,
            "bits": self.bits,
            "tensors": self.tensors,
            "elements": self.elements,
        }


@dataclass(frozen=True)
class GgufQuantization:
    """What a GGUF model says and shows of its quantization, for `reprollm.snapshot.quantization`.

    Attributes:
        declared: `general.file_type` by name (`Q4_K_M`), or None: the type of most tensors.
        version: `general.quantization_version`, or None.
        types: what the tensors are stored as, the largest share first.
        group_size: weights that share a scale in the largest quantized share; None without one.
        metadata: the `quantize.*` entries by key as text (importance matrix: file, data set,
            entries, chunks).
    """

    declared: str | None
    version: int | None
    types: tuple[TypeShare, ...]
    group_size: int | None
    metadata: Mapping[str, str]

    @property
    def quantized(self) -> tuple[TypeShare, ...]:
        """The shares that are stored in blocks with scales; empty for plain weights."""
        return tuple(share for share in self.types if share.type not in PLAIN)

    @property
    def bits_per_weight(self) -> float:
        """Average bits a weight over all tensors, scales included."""
        elements = sum(share.elements for share in self.types)
        return sum(share.elements * float(share.bits) for share in self.types) / elements


def gguf_quantization(header: GgufHeader) -> GgufQuantization:
    """Return the quantization of a GGUF model.

    Args:
        header: the whole model's (`reprollm.snapshot.gguf_split.join(...).header`).
    """
    number = header.integer("general.file_type")
    types = type_histogram(header)
    largest = next((share for share in types if share.type not in PLAIN), None)
    entries = {
        key: header.scalar(key) for key in sorted(header.metadata) if key.startswith("quantize.")
    }
    return GgufQuantization(
        declared=None if number is None else FILE_TYPES.get(number, str(number)),
        version=header.integer("general.quantization_version"),
        types=types,
        group_size=TYPES_BY_NAME[largest.type].weights if largest else None,
        metadata={key: str(value) for key, value in entries.items() if value is not None},
    )


def type_histogram(header: GgufHeader) -> tuple[TypeShare, ...]:
    """Return how much is stored in which type, the largest share first."""
    counts: dict[str, list[int]] = {}
    for tensor in header.tensors:
        count = counts.setdefault(tensor.type.name, [0, 0])
        count[0] += 1
        count[1] += tensor.elements
    shares = [
        TypeShare(name, TYPES_BY_NAME[name].bits, tensors, elements)
        for name, (tensors, elements) in counts.items()
    ]
    return tuple(sorted(shares, key=lambda share: (-share.elements, share.type)))
