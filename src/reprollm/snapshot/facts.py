"""What a snapshot is, read from its own files and never from a name.

Sources: `config.json` (architecture, sizes, declared dtype and quantization; both the spellings of
transformers 4 and 5), `generation_config.json` (defaults that a library would apply unasked, end
tokens), the safetensors headers (dtypes and sizes as stored), the tokenizer's configuration (chat
templates) and the licence file. What a file does not say is None; what it declares about
quantization is a claim, beside which the dtypes of the stored tensors stand.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, TypeAlias

from reprollm.canon import Json
from reprollm.errors import SnapshotRefused
from reprollm.snapshot.adapter import CONFIG_FILE, Adapter, read_adapter
from reprollm.snapshot.merge import Merge
from reprollm.snapshot.quantization import (
    Check,
    Quantization,
    examine,
    examine_dtype,
    read_declarations,
    read_stored,
)
from reprollm.snapshot.safetensors import BITS, Tensor
from reprollm.snapshot.shape import MOST_LAYERS, MOST_SIZE, Shape, read_shape

ReadJson: TypeAlias = "Callable[[str], dict[str, Any] | None]"
STRICT: dict[str, object] = {"extra": "forbid", "strict": True}


@dataclass(frozen=True)
class TensorShare:
    """How much of the weights is stored in one dtype (safetensors spelling)."""

    __pydantic_config__: ClassVar[dict[str, object]] = STRICT

    dtype: str
    tensors: int
    elements: int


@dataclass(frozen=True)
class Setting:
    """A default of `generation_config.json`; `value` is JSON text, since it may be a float."""

    __pydantic_config__: ClassVar[dict[str, object]] = STRICT

    name: str
    value: str


@dataclass(frozen=True)
class ChatTemplate:
    """A chat template by name (`default` for the only one) and the SHA-256 of its UTF-8 text."""

    __pydantic_config__: ClassVar[dict[str, object]] = STRICT

    name: str
    sha256: str


@dataclass(frozen=True)
class Facts:
    """What the files say of the model; sizes in elements unless the name says bytes.

    `parameters` counts stored elements: packed quantized weights count as the integers they are
    packed in, and tied embeddings once. `logical_parameters` counts the numbers that they stand
    for, None where nothing is packed or the shapes do not tell. `effective_bits` are the bits a
    quantized weight takes with all its scales, or the bits of a plain model's matrices; see
    `reprollm.snapshot.quantization`.
    """

    __pydantic_config__: ClassVar[dict[str, object]] = STRICT

    architecture: str | None = None
    model_type: str | None = None
    declared_dtype: str | None = None
    tensor_dtypes: tuple[TensorShare, ...] = ()
    parameters: int = 0
    weight_bytes: int = 0
    layers: int | None = None
    hidden_size: int | None = None
    heads: int | None = None
    kv_heads: int | None = None
    head_dim: int | None = None
    vocab_size: int | None = None
    context_length: int | None = None
    tied_embeddings: bool | None = None
    eos_ids: tuple[int, ...] = ()
    bos_id: int | None = None
    pad_id: int | None = None
    quantization: Quantization | None = None
    generation_defaults: tuple[Setting, ...] = ()
    chat_templates: tuple[ChatTemplate, ...] = ()
    quantization_checks: tuple[Check, ...] = ()
    effective_bits: str | None = None
    logical_parameters: int | None = None
    adapter: Adapter | None = None
    merge: Merge | None = None
    shape: Shape | None = None

    @property
    def chat_template(self) -> str | None:
        """SHA-256 of the default chat template's text, hex, or None."""
        named = {template.name: template.sha256 for template in self.chat_templates}
        return named.get("default")

    def to_record(self) -> dict[str, Json]:
        """Return the facts as canonical JSON for a `snapshot` record.

        What earlier releases did not know stands there only where it says something.
        """
        later: dict[str, Json] = {
            "quantization_checks": [check.to_record() for check in self.quantization_checks],
            "effective_bits": self.effective_bits,
            "logical_parameters": self.logical_parameters,
            "adapter": self.adapter.to_record() if self.adapter else None,
            "merge": self.merge.to_record() if self.merge else None,
            "shape": self.shape.to_record() if self.shape else None,
        }
        return self._first_record() | {name: value for name, value in later.items() if value}

    def _first_record(self) -> dict[str, Json]:
        return {
            "architecture": self.architecture,
            "model_type": self.model_type,
            "declared_dtype": self.declared_dtype,
            "tensor_dtypes": [
                {"dtype": share.dtype, "tensors": share.tensors, "elements": share.elements}
                for share in self.tensor_dtypes
            ],
            "parameters": self.parameters,
            "weight_bytes": self.weight_bytes,
            "layers": self.layers,
            "hidden_size": self.hidden_size,
            "heads": self.heads,
            "kv_heads": self.kv_heads,
            "head_dim": self.head_dim,
            "vocab_size": self.vocab_size,
            "context_length": self.context_length,
            "tied_embeddings": self.tied_embeddings,
            "eos_ids": list(self.eos_ids),
            "bos_id": self.bos_id,
            "pad_id": self.pad_id,
            "quantization": self.quantization.to_record() if self.quantization else None,
            "generation_defaults": [
                {"name": setting.name, "value": setting.value}
                for setting in self.generation_defaults
            ],
            "chat_templates": [
                {"name": template.name, "sha256": template.sha256}
                for template in self.chat_templates
            ],
        }


def read_facts(read_json: ReadJson, templates: Mapping[str, str], tensors: list[Tensor]) -> Facts:
    """Return the facts of a snapshot.

    Args:
        read_json: returns a file's JSON object by its path in the snapshot, None where it is not.
        templates: chat templates by name, see `reprollm.snapshot.chat`.
        tensors: the tensors of all safetensors files.

    Raises:
        SnapshotRefused: a file says what cannot be, such as a negative number of layers.
    """
    config = read_json("config.json") or {}
    generation = read_json("generation_config.json") or {}
    text = config.get("text_config")
    values = {**config, **text} if isinstance(text, dict) else config
    declared = read_declarations(read_json, config)
    stored = read_stored(tensors, declared[0].whole_bits if declared else None)
    dtype = _text(values.get("dtype") or values.get("torch_dtype"))
    tokens = values | {key: value for key, value in generation.items() if value is not None}
    hidden = _size(values, "hidden_size", "n_embd", "d_model", "dim")
    heads = _size(values, "num_attention_heads", "n_head", "n_heads", "num_heads")
    kv_heads = _size(values, "num_key_value_heads", "n_head_kv", "num_kv_heads")
    return Facts(
        architecture=_first_text(config.get("architectures")),
        model_type=_text(config.get("model_type")),
        declared_dtype=dtype,
        tensor_dtypes=_shares(tensors),
        parameters=sum(tensor.elements for tensor in tensors),
        weight_bytes=sum(tensor.end - tensor.begin for tensor in tensors),
        layers=_size(values, "num_hidden_layers", "n_layer", "n_layers", "num_layers"),
        hidden_size=hidden,
        heads=heads,
        kv_heads=kv_heads or (1 if values.get("multi_query") is True else heads),
        head_dim=_size(values, "head_dim") or (hidden // heads if hidden and heads else None),
        vocab_size=_size(values, "vocab_size"),
        context_length=_size(
            values, "max_position_embeddings", "n_positions", "n_ctx", "max_seq_len", "seq_length"
        ),
        tied_embeddings=_flag(values.get("tie_word_embeddings")),
        eos_ids=_ids(tokens.get("eos_token_id")),
        bos_id=_one_id(tokens.get("bos_token_id")),
        pad_id=_one_id(tokens.get("pad_token_id")),
        quantization=declared[0] if declared else None,
        generation_defaults=tuple(
            Setting(name, json.dumps(value, sort_keys=True, ensure_ascii=False))
            for name, value in sorted(generation.items())
            if name not in ("transformers_version", "_from_model_config")
        ),
        chat_templates=tuple(
            ChatTemplate(name, hashlib.sha256(template.encode("utf-8")).hexdigest())
            for name, template in sorted(templates.items())
        ),
        quantization_checks=(*examine(declared, stored), *examine_dtype(dtype, stored)),
        effective_bits=stored.effective_bits,
        logical_parameters=stored.parameters if stored.modules else None,
        adapter=read_adapter(read_json(CONFIG_FILE)),
        shape=read_shape(values),
    )


def _shares(tensors: Iterable[Tensor]) -> tuple[TensorShare, ...]:
    counts = {dtype: [0, 0] for dtype in BITS}
    for tensor in tensors:
        counts[tensor.dtype][0] += 1
        counts[tensor.dtype][1] += tensor.elements
    return tuple(
        TensorShare(dtype, number, elements)
        for dtype, (number, elements) in sorted(counts.items())
        if number
    )


def _size(values: Mapping[str, Any], *names: str) -> int | None:
    for name in names:
        value = values.get(name)
        if value is None:
            continue
        most = MOST_LAYERS if "layer" in name else MOST_SIZE - 1
        if type(value) is not int or not 0 < value <= most:
            raise SnapshotRefused(
                f"expected a number from 1 to {most} for {name} in config.json, found {value!a:.40}"
            )
        return value
    return None


def _ids(value: Any) -> tuple[int, ...]:
    if value is None:
        return ()
    ids = value if isinstance(value, list) else [value]
    if not all(type(item) is int and 0 <= item < 2**32 for item in ids):
        raise SnapshotRefused(f"expected token ids for eos_token_id, found {value!a:.60}")
    return tuple(sorted(set(ids)))


def _one_id(value: Any) -> int | None:
    return value if type(value) is int and 0 <= value < 2**32 else None


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) else None


def _first_text(value: Any) -> str | None:
    return _text(value[0]) if isinstance(value, list) and value else None


def _flag(value: Any) -> bool | None:
    return value if isinstance(value, bool) else None
