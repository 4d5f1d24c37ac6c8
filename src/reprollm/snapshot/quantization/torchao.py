"""torchao: a tree of `_type` and `_data` that serializes torchao's own configuration objects.

Source: transformers' `TorchAoConfig` and torchao's `config_to_dict`. The type's name says the
scheme; granularity and group size lie in the tree.
"""

from __future__ import annotations

import re

from reprollm.snapshot.quantization.scheme import Reading
from reprollm.snapshot.quantization.values import Declared, inner, integer, text, texts

_WEIGHT = re.compile(r"u?(int[1-8])\Z")

_TYPES = {
    "Int8WeightOnlyConfig": ("int8", None),
    "Int8DynamicActivationInt8WeightConfig": ("int8", "int8"),
    "Int8StaticActivationInt8WeightConfig": ("int8", "int8"),
    "Int4WeightOnlyConfig": ("int4", None),
    "Int8DynamicActivationInt4WeightConfig": ("int4", "int8"),
    "Int4DynamicActivationInt4WeightConfig": ("int4", "int4"),
    "Float8WeightOnlyConfig": ("fp8_e4m3", None),
    "Float8DynamicActivationFloat8WeightConfig": ("fp8_e4m3", "fp8_e4m3"),
    "Float8StaticActivationFloat8WeightConfig": ("fp8_e4m3", "fp8_e4m3"),
    "Float8DynamicActivationInt4WeightConfig": ("int4", "fp8_e4m3"),
    "IntxWeightOnlyConfig": (None, None),
    "Int8DynamicActivationIntxWeightConfig": (None, "int8"),
}
_OLD_NAMES = {
    "int4_weight_only": "Int4WeightOnlyConfig",
    "int8_weight_only": "Int8WeightOnlyConfig",
    "int8_dynamic_activation_int8_weight": "Int8DynamicActivationInt8WeightConfig",
    "float8_weight_only": "Float8WeightOnlyConfig",
}


def torchao(declared: Declared) -> Reading:
    """Read the default configuration; `quant_type` is a tree, or in old files a name."""
    tree, data = _default(declared)
    scheme, activations = _TYPES.get(tree, (None, None))
    named = _WEIGHT.match(text(inner(data, "weight_dtype"), "_data") or "")
    if scheme is None and named:
        scheme = named.group(1)
    mapping = text(inner(data, "mapping_type"), "_data")
    return Reading(
        bits=_bits(scheme),
        group_size=_group_size(data),
        scheme=scheme,
        symmetric=None if mapping is None else mapping != "ASYMMETRIC",
        activations=activations,
        activation_bits=_bits(activations),
        activation_dynamic=None if activations is None else "Static" not in tree,
        excluded=texts(declared, "modules_to_not_convert"),
        tool="torchao",
    )


def _default(declared: Declared) -> tuple[str, Declared]:
    """Return name and values of the configuration that holds for all modules."""
    name = text(declared, "quant_type")
    if name is not None:
        return _OLD_NAMES.get(name, name), inner(declared, "quant_type_kwargs")
    tree = inner(declared, "quant_type", "default")
    return text(tree, "_type") or "", inner(tree, "_data")


def _group_size(data: Declared) -> int | None:
    size = integer(data, "group_size")
    granularity = inner(data, "granularity") or inner(data, "weight_granularity")
    if size is None:
        size = integer(inner(granularity, "_data"), "group_size")
    if size is None and text(granularity, "_type") in ("PerRow", "PerAxis"):
        return -1
    return size


def _bits(scheme: str | None) -> str | None:
    """Return the first digit of a scheme's name: `int4` has 4 bits, `fp8_e4m3` has 8."""
    return next((letter for letter in scheme or "" if letter.isdigit()), None)
