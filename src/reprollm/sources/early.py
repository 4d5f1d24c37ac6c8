"""Refusals that need only the small files, before gigabytes of weights are fetched."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from reprollm.errors import SnapshotRefused
from reprollm.snapshot.code import refuse_remote_code
from reprollm.snapshot.shards import INDEX_ENDING
from reprollm.sources.listing import Choice


def refuse_early(folder: Path, choice: Choice, exclude: Sequence[str]) -> None:
    """Raise `SnapshotRefused` for a model that would be refused when it is pinned.

    Args:
        folder: where the small files lie.
        choice: all files that are fetched.
        exclude: the patterns that the user left out, for example `*.py`.
    """
    small = [file.path for file in choice.taken if not file.is_weights]

    def read_json(path: str) -> dict[str, Any] | None:
        return _object(folder / path, path)

    refuse_remote_code(read_json, small, exclude)
    for path in small:
        if path.endswith(INDEX_ENDING):
            _check_names(path, _object(folder / path, path), choice)


def _object(file: Path, path: str) -> dict[str, Any]:
    try:
        value = json.loads(file.read_bytes())
    except (ValueError, RecursionError) as error:
        raise SnapshotRefused(f"expected JSON in {path}, found {error}") from None
    if not isinstance(value, dict):
        raise SnapshotRefused(f"expected a JSON object in {path}, found {type(value).__name__}")
    return value


def _check_names(path: str, index: dict[str, Any], choice: Choice) -> None:
    """Refuse an index that names files which are not fetched, or leaves fetched ones out."""
    folder, _, _ = path.rpartition("/")
    prefix = f"{folder}/" if folder else ""
    weight_map = index.get("weight_map")
    names = set(weight_map.values()) if isinstance(weight_map, dict) else set()
    beside = {
        file.path
        for file in choice.taken
        if file.path.endswith(".safetensors") and file.path.rpartition("/")[0] == folder
    }
    strange = sorted(beside ^ {prefix + str(name) for name in names})
    if strange:
        raise SnapshotRefused(
            f"{path} does not agree with the files that are fetched: found a difference at "
            f"{strange[0]!a}; leave files that do not belong to the model out with --exclude (the "
            "index too, where it is not needed)"
        )
