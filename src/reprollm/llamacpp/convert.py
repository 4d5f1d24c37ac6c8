"""A safetensors snapshot as a GGUF file: the same numbers, named and laid out for llama.cpp.

Reproducible: tensors in the order of their names, metadata in a fixed order, nothing of time or
place. Matrices are stored in the type that is asked for, everything else (norms) in F32. One tensor
is in memory at a time.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from reprollm.errors import InvalidInput, StorageFailed
from reprollm.llamacpp.families import (
    OTHER_WAY,
    Family,
    Values,
    family,
    gguf_package,
    names,
    swap_heads,
    swapped,
)
from reprollm.llamacpp.metadata import add_metadata
from reprollm.snapshot.gguf_types import TYPES_BY_NAME
from reprollm.snapshot.lock import Lock
from reprollm.snapshot.safetensors import Tensor, read_header

TYPES = ("f32", "f16", "bf16", "q8_0", "q5_1", "q5_0", "q4_1", "q4_0")
"""What matrices can be stored as; K-quants are made by llama.cpp's own `llama-quantize`."""


@dataclass(frozen=True)
class _Stored:
    """A tensor of the snapshot and what becomes of it."""

    path: Path
    tensor: Tensor
    name: str
    type: str
    heads: int | None


def convert(
    folder: Path,
    lock: Lock,
    target: Path,
    kind: str,
    advance: Callable[[int], object] = lambda count: None,
) -> None:
    """Write the snapshot in `folder` as the GGUF file `target`, which must not be there yet.

    Args:
        folder: the snapshot, checked against its lock.
        lock: its lock.
        target: the file to write.
        kind: what matrices are stored as, one of `TYPES`.
        advance: called with the number of bytes of the snapshot just converted.

    Raises:
        InvalidInput: a family, tokenizer or tensor that is not written here, or `target` exists.
        EngineUnavailable: the gguf package is not installed.
        StorageFailed: the file system refused.
    """
    gguf = gguf_package()
    config = _json(folder / "config.json")
    chosen = family(config)
    if target.exists():
        raise InvalidInput(f"expected no file at {target}, found one; name another with -o")
    writer = gguf.GGUFWriter(None, chosen.architecture)
    add_metadata(writer, folder, config, lock, kind)
    stored = _stored(folder, lock, config, chosen, kind)
    for item in stored:
        shape = item.tensor.shape
        writer.add_tensor_info(
            item.name, shape, np.dtype(np.float32), _size(item), _number(gguf, item.type)
        )
    _write(gguf, writer, stored, target, advance)


def _write(
    gguf: Any, writer: Any, stored: list[_Stored], target: Path, advance: Callable[[int], object]
) -> None:
    temporary = target.with_name(f".{target.name}.{os.getpid()}")
    try:
        writer.write_header_to_file(temporary)
        writer.write_kv_data_to_file()
        writer.write_ti_data_to_file()
        for item in stored:
            values = _values(item)
            if item.heads is not None:
                values = swapped(values, item.heads)
            writer.write_tensor_data(gguf.quants.quantize(values, _number(gguf, item.type)))
            advance(item.tensor.end - item.tensor.begin)
        writer.close()
        os.link(temporary, target)
    except OSError as error:
        raise StorageFailed(f"cannot write {target}: {error.strerror}") from error
    finally:
        temporary.unlink(missing_ok=True)


def _stored(
    folder: Path, lock: Lock, config: Mapping[str, Any], chosen: Family, kind: str
) -> list[_Stored]:
    """Return every tensor to write, sorted by its name in transformers."""
    layers, heads = int(config["num_hidden_layers"]), int(config["num_attention_heads"])
    kv_heads = int(config.get("num_key_value_heads") or heads)
    name_of = names(chosen.architecture, layers)
    stored = []
    for path, tensor in _tensors(folder, lock):
        if tensor.name == "lm_head.weight" and lock.facts.tied_embeddings:
            continue
        name = name_of(tensor.name)
        if name is None or tensor.dtype not in _READ:
            raise InvalidInput(
                f"expected tensors in {', '.join(_READ)} of names known to llama.cpp, found "
                f"{tensor.name!a} in {tensor.dtype}; {OTHER_WAY}"
            )
        swaps = swap_heads(tensor.name, heads, kv_heads) if chosen.swaps else None
        stored.append(_Stored(path, tensor, name, _type(tensor, kind), swaps))
    return stored


def _tensors(folder: Path, lock: Lock) -> Iterator[tuple[Path, Tensor]]:
    found = []
    for file in lock.files:
        if file.path.endswith(".safetensors"):
            path = folder / file.path
            found += [(path, tensor) for tensor in read_header(path, file.size, file.path)]
    yield from sorted(found, key=lambda pair: pair[1].name)


def _type(tensor: Tensor, kind: str) -> str:
    if len(tensor.shape) == 1:
        return "F32"
    name = kind.upper()
    weights = TYPES_BY_NAME[name].weights
    if tensor.shape[-1] % weights:
        raise InvalidInput(
            f"expected rows of a multiple of {weights} weights to store {tensor.name!a} as {kind}, "
            f"found {tensor.shape[-1]}; convert to f16 or bf16"
        )
    return name


def _number(gguf: Any, name: str) -> Any:
    return gguf.GGMLQuantizationType[name]


def _size(item: _Stored) -> int:
    kind = TYPES_BY_NAME[item.type]
    return item.tensor.elements // kind.weights * kind.size


_READ = {"F32": "<f4", "F16": "<f2", "BF16": "<u2"}


def _values(item: _Stored) -> Values:
    """Return a tensor's numbers in float32, which holds those of all three types exactly."""
    form = np.dtype(_READ[item.tensor.dtype])
    raw = np.fromfile(item.path, form, item.tensor.elements, offset=item.tensor.begin)
    if item.tensor.dtype == "BF16":
        raw = (raw.astype(np.uint32) << np.uint32(16)).view(np.float32)
    return raw.astype(np.float32).reshape(item.tensor.shape)


def _json(path: Path) -> dict[str, Any]:
    value = json.loads(path.read_text(encoding="utf-8"))
    return value if isinstance(value, dict) else {}
