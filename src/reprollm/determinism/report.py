"""Measurements as files: the report of one call, and what is kept beside a lock for runs."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from reprollm import __version__
from reprollm.determinism.measure import Measured
from reprollm.engines.declared import SCHEMA, companion, key_of, read_measurements
from reprollm.errors import InvalidInput


def report(measured: Sequence[Measured], refused: Sequence[tuple[str, str]] = ()) -> dict[str, Any]:
    """Return a report as plain JSON.

    Args:
        measured: one for each dtype and policy.
        refused: what could not be measured, and why.
    """
    return {
        "schema": SCHEMA,
        "reprollm": __version__,
        "measurements": [each.to_json() for each in measured],
        "refused": [{"what": what, "why": why} for what, why in refused],
    }


def write_report(path: Path, value: dict[str, Any]) -> None:
    """Write a report, whole or not at all.

    Raises:
        InvalidInput: the folder is not there.
    """
    if not path.parent.is_dir():
        raise InvalidInput(f"expected the folder of {path} to exist, found none; make it first")
    text = json.dumps(value, indent=1, sort_keys=True, ensure_ascii=False) + "\n"
    part = path.with_name(f".{path.name}.{os.getpid()}")
    part.write_text(text, encoding="utf-8")
    part.replace(path)


def declare(lock_file: Path, measured: Sequence[Measured]) -> Path:
    """Keep measurements beside a lock and return their file.

    Earlier ones of the same snapshot, engine class, policy and kind of machine are replaced.

    Raises:
        InvalidInput: the file there holds something else.
    """
    path = companion(lock_file)
    new = [each.to_json() for each in measured]
    keys = [key_of(each) for each in new]
    kept = [each for each in _kept(path) if key_of(each) not in keys]
    write_report(path, {"schema": SCHEMA, "reprollm": __version__, "measurements": [*kept, *new]})
    return path


def _kept(path: Path) -> list[dict[str, Any]]:
    return read_measurements(path) if path.exists() else []
