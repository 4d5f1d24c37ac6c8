"""A GGUF header whose numbers llama.cpp takes: some others end the whole process that loads them.

llama.cpp checks shapes against the metadata and refuses what does not fit, but it asserts that some
numbers make sense, and a failed assertion is no error that could be caught. Those that were found
to do so (build of xllamacpp 2026.10) are refused here, before the file is handed over.
"""

from __future__ import annotations

import math
import struct
from pathlib import Path

from reprollm.errors import SnapshotRefused
from reprollm.snapshot.gguf import GgufHeader, read_gguf

MAX_LAYERS = 10_000
MAX_CONTEXT = 2**31 - 1
NORM = "_norm.weight"

_LIMITS = {"block_count": MAX_LAYERS, "context_length": MAX_CONTEXT}
_EPSILONS = ("attention.layer_norm_rms_epsilon", "attention.layer_norm_epsilon")


def loadable(file: Path) -> GgufHeader:
    """Return the header of a GGUF model's first file.

    Raises:
        SnapshotRefused: the file is malformed, or holds a number at which llama.cpp would abort.
    """
    header = read_gguf(file, file.stat().st_size, file.name)
    architecture = header.text("general.architecture")
    for key, most in _LIMITS.items():
        number = header.integer(f"{architecture}.{key}")
        if number is not None and not 0 < number <= most:
            raise _refused(file, f"{architecture}.{key} from 1 to {most}", str(number))
    for key in _EPSILONS:
        value = header.scalar(f"{architecture}.{key}")
        if isinstance(value, float) and value < 0:
            raise _refused(file, f"{architecture}.{key} of at least 0", str(value))
    for key, entry in header.metadata.items():
        if entry.kind in (6, 12):
            (found,) = struct.unpack("<f" if entry.kind == 6 else "<d", entry.raw)
            if not math.isfinite(found):
                raise _refused(file, f"a finite number for {key!a:.80}", str(found))
    _check_tokens(file, header)
    for tensor in header.tensors:
        if tensor.name.endswith(NORM) and tensor.type.name != "F32":
            raise _refused(file, f"{tensor.name!a} in F32", tensor.type.name)
    return header


def _check_tokens(file: Path, header: GgufHeader) -> None:
    listed = header.metadata.get("tokenizer.ggml.tokens")
    if listed is not None:
        distinct = len(set(listed.texts()))
        if distinct != listed.count:
            raise _refused(file, f"{listed.count} different tokens", str(distinct))


def _refused(file: Path, expected: str, found: str) -> SnapshotRefused:
    return SnapshotRefused(
        f"{file.name} is no model that llama.cpp can load: expected {expected}, found {found}; "
        "convert the model again"
    )
