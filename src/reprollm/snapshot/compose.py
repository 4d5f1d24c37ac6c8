"""A base and adapters, in order and with their scales, as one snapshot.

The whole is described by a manifest like any other: the base's files below `base/`, those of each
adapter below `adapter-1/`, `adapter-2/`, …, and `adapters.json`, which no disk holds: the scales in
canonical form. So the ordered whole has a snapshot id by the same rule as a folder, another order
or scale gives another one, and whoever can check a manifest can check it.
"""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Sequence

from reprollm.canon import Json, digest, dumps
from reprollm.snapshot.derivation import Derivation, Parameter, Source
from reprollm.snapshot.lock import Lock
from reprollm.snapshot.manifest import File, snapshot_id

SCALES_FILE = "adapters.json"
TOOL, VERSION = "reprollm compose", "1"


def compose(base: Lock, adapters: Sequence[tuple[Lock, str]]) -> Lock:
    """Return the lock of a base with adapters, each with its scale as a decimal string.

    The tokenizer, chat template and facts are the base's; the weights digest covers base and
    adapters in their order, and the derivation names them.
    """
    locks = [adapter for adapter, _ in adapters]
    scales = [scale for _, scale in adapters]
    text = _scales_text(scales)
    ordered = composed_files(base.files, [lock.files for lock in locks], scales)
    parts = (base.weights, *(lock.weights for lock in locks))
    return dataclasses.replace(
        base,
        name="+".join([base.name, *(lock.name for lock in locks)]),
        snapshot=snapshot_id(ordered),
        weights=digest("reprollm/weights-composed/v1", *map(bytes.fromhex, parts), text),
        hub=None,
        files=ordered,
        derivation=Derivation(
            sources=(_source("base", base), *(_source("adapter", lock) for lock in locks)),
            tool=TOOL,
            tool_version=VERSION,
            parameters=tuple(
                Parameter(f"scale_{n}", scale) for n, (_, scale) in enumerate(adapters, 1)
            ),
        ),
    )


def _source(role: str, lock: Lock) -> Source:
    return Source(role, lock.name, lock.snapshot, lock.weights)


def composed_files(
    base: Sequence[File], adapters: Sequence[Sequence[File]], scales: Sequence[str]
) -> tuple[File, ...]:
    """Return the files of the whole, sorted by path, from those of its parts."""
    text = _scales_text(scales)
    files = [
        *_below("base", base),
        *(file for n, part in enumerate(adapters, 1) for file in _below(f"adapter-{n}", part)),
        File(SCALES_FILE, len(text), hashlib.sha256(text).hexdigest()),
    ]
    return tuple(sorted(files, key=lambda file: file.path))


def _scales_text(scales: Sequence[str]) -> bytes:
    value: dict[str, Json] = {"scales": list(scales)}
    return dumps(value)


def _below(folder: str, files: Sequence[File]) -> list[File]:
    return [dataclasses.replace(file, path=f"{folder}/{file.path}") for file in files]
