"""One vocabulary for every method of quantization.

`scheme` names the numbers that weights are stored as: `int2` to `int8`, `nf4`, `fp4`, `fp8_e4m3`,
`fp8_e5m2`, `mxfp4`, `mxfp6`, `mxfp8`, `nvfp4`, `ternary`, `codebook` (vectors of a learned table:
AQLM, VPTQ, HIGGS), `trellis` (EXL3), `mixed` (several of these, then listed as groups).
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any, ClassVar

from reprollm.canon import Json

_STRICT: dict[str, object] = {"extra": "forbid", "strict": True}


@dataclass(frozen=True)
class WeightGroup:
    """Modules that share a scheme, where a declaration has several.

    Attributes:
        targets: the modules as the declaration names them (names, classes, patterns, GGUF types).
        scheme: see the module.
        bits: bits a weight as a decimal string, without scales.
        group_size: weights that share a scale; -1 for a whole channel.
        symmetric: whether zero is stored as zero, without zero points.
        activations: scheme of the activations where they are quantized too.
    """

    __pydantic_config__: ClassVar[dict[str, object]] = _STRICT

    targets: tuple[str, ...]
    scheme: str | None = None
    bits: str | None = None
    group_size: int | None = None
    symmetric: bool | None = None
    activations: str | None = None

    def to_record(self) -> dict[str, Json]:
        """Return what is said of the group as canonical JSON."""
        said = {name: value for name, value in vars(self).items() if value is not None}
        return {**said, "targets": list(self.targets)}


@dataclass(frozen=True)
class Reading:
    """What a reader of one method finds in a declaration; None where the declaration is silent.

    Attributes:
        bits: bits a weight as a decimal string (some methods average to a fraction).
        group_size: weights that share a scale; -1 for a whole channel.
        scheme: see the module.
        symmetric: whether zero is stored as zero, without zero points.
        activations: scheme of the activations where they are quantized too.
        activation_bits: their bits as a decimal string.
        activation_dynamic: whether their scales are computed while running.
        kv_cache: scheme of the keys' and values' cache.
        excluded: modules that stay as they are, as the declaration names them.
        tool: what quantized the weights.
        tool_version: its version.
        calibration: what is said of calibration data, as text or JSON text.
        groups: the schemes one by one, where there are several.
    """

    bits: str | None = None
    group_size: int | None = None
    scheme: str | None = None
    symmetric: bool | None = None
    activations: str | None = None
    activation_bits: str | None = None
    activation_dynamic: bool | None = None
    kv_cache: str | None = None
    excluded: tuple[str, ...] = ()
    tool: str | None = None
    tool_version: str | None = None
    calibration: str | None = None
    groups: tuple[WeightGroup, ...] = ()


@dataclass(frozen=True)
class Quantization:
    """A quantization as a snapshot declares it; the further fields are those of `Reading`.

    Attributes:
        source: the file that declares it.
        method: for example `gptq`, `awq`, `compressed-tensors`, `bitsandbytes`, `gguf`.
        bits: see `Reading`, as are all fields after `declared`.
        group_size: see `Reading`.
        declared: the whole declaration as JSON text with sorted keys.
    """

    __pydantic_config__: ClassVar[dict[str, object]] = _STRICT

    source: str
    method: str
    bits: str | None
    group_size: int | None
    declared: str
    scheme: str | None = None
    symmetric: bool | None = None
    activations: str | None = None
    activation_bits: str | None = None
    activation_dynamic: bool | None = None
    kv_cache: str | None = None
    excluded: tuple[str, ...] = ()
    tool: str | None = None
    tool_version: str | None = None
    calibration: str | None = None
    groups: tuple[WeightGroup, ...] = ()

    @classmethod
    def of(cls, source: str, method: str, declared: str, reading: Reading) -> Quantization:
        """Return what a reader found in the declaration of `source`."""
        found: dict[str, Any] = vars(reading)
        return cls(source=source, method=method, declared=declared, **found)

    @property
    def whole_bits(self) -> int | None:
        """The bits of every module, None where they are an average or differ."""
        one = self.bits is not None and self.bits.isdigit() and not self.groups
        return int(self.bits or 0) if one else None

    def to_record(self) -> dict[str, Json]:
        """Return the declaration as canonical JSON; later fields only where they say something."""
        record: dict[str, Json] = {
            "source": self.source,
            "method": self.method,
            "bits": self.bits,
            "group_size": self.group_size,
            "declared": self.declared,
        }
        for field in fields(self)[5:]:
            value = getattr(self, field.name)
            if value is not None and value != ():
                record[field.name] = _canonical(value)
        return record


def _canonical(value: Any) -> Json:
    if isinstance(value, tuple):
        return [item.to_record() if isinstance(item, WeightGroup) else str(item) for item in value]
    kept: Json = value
    return kept
