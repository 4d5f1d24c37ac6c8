"""The level that a run declares: what was measured of its engine, on its kind of machine, before.

`reprollm determinism --declare` writes what it measured beside the lock, `x.determinism.json`
beside `x.lock.json`. A run takes its level from there if, and only if, snapshot, engine class,
batch policy and kind of machine are those that were measured, and its batches no larger; otherwise
its level is unknown. The digest of the measurement goes into the run's start record, so that the
evidence cannot be changed afterwards without being noticed.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from reprollm.canon import Json, digest, dumps
from reprollm.engines.engine_class import engine_class
from reprollm.errors import InvalidInput, NotCanonical
from reprollm.experiment.engine import EngineSettings

SCHEMA = "reprollm/determinism/1"
LEVELS = ("L0", "L1", "L2", "L3")

# The measurement itself varies the batch size; how much context is allotted follows from the
# longest request of a plan; and what an engine found out about its host is no part of its class.
_VARIED = frozenset({"batch_size", "slots", "context", "batched_tokens", "invariance"})
_NUMERIC = ("ATEN_", "CUBLAS", "DNNL_", "MKL_", "NCCL_", "NVIDIA_", "ONEDNN_", "VLLM_")
_NO_KIND = frozenset({"uuid", "memory", "vbios"})


def companion(lock_file: Path) -> Path:
    """Return where the measurements of a lock's model lie."""
    return lock_file.with_name(f"{lock_file.name.removesuffix('.lock.json')}.determinism.json")


def measured_class(engine: Mapping[str, Any]) -> str:
    """Return the engine's class (hex) without batch size and context: what a measurement is of."""
    return engine_class({name: value for name, value in engine.items() if name not in _VARIED})


def machine_kind(environment: Mapping[str, Any]) -> dict[str, Json]:
    """Return what machines must have in common to compute alike: processors and numeric variables.

    Args:
        environment: facts that `reprollm.environment.collect` gives.
    """
    machine = environment.get("machine") or {}
    processor = {
        name: value
        for name, value in (machine.get("processor") or {}).items()
        if name != "microcode"
    }
    accelerators = [
        {name: value for name, value in each.items() if name not in _NO_KIND}
        for each in environment.get("accelerators") or []
    ]
    variables = [
        each for each in environment.get("variables") or [] if each["name"].startswith(_NUMERIC)
    ]
    return {
        "architecture": machine.get("architecture"),
        "processor": processor,
        "accelerators": list[Json](accelerators),
        "variables": list[Json](variables),
    }


def evidence_of(measurement: Mapping[str, Any]) -> str:
    """Return the hex digest of one measurement."""
    return digest("reprollm/determinism/v1", dumps(dict(measurement)))


def declared(
    measurements: Sequence[Mapping[str, Any]],
    snapshot: str,
    settings: EngineSettings,
    engine: Mapping[str, Any],
    environment: Mapping[str, Any],
) -> dict[str, Json]:
    """Return what a run declares: `level`, `policy`, and `evidence`, the measurement's digest.

    `level` and `evidence` are None where nothing was measured that fits.

    Args:
        measurements: what was measured of engines on the model (`measurements_of`).
        snapshot: id of what is asked, hex.
        settings: those that the engine was opened with.
        engine: what the opened engine says of itself.
        environment: the facts of this environment.
    """
    policy = settings.batch_policy
    wanted = (snapshot, measured_class(engine), policy, machine_kind(environment))
    fitting = [
        each
        for each in measurements
        if key_of(each) == wanted and settings.batch_size <= max(each["batch_sizes"])
    ]
    if not fitting:
        return {"level": None, "policy": policy, "evidence": None}
    return {"level": fitting[-1]["level"], "policy": policy, "evidence": evidence_of(fitting[-1])}


def key_of(measurement: Mapping[str, Any]) -> tuple[Any, ...]:
    """Return what a measurement holds for: snapshot, engine class, policy, kind of machine."""
    return tuple(measurement[name] for name in ("snapshot", "class", "policy", "machine"))


def measurements_of(lock_file: Path) -> tuple[dict[str, Any], ...]:
    """Return what was measured of engines on a lock's model; nothing where no file says.

    Raises:
        InvalidInput: the file beside the lock is not what `reprollm determinism` writes.
    """
    file = companion(lock_file)
    return tuple(read_measurements(file)) if file.exists() else ()


def read_measurements(file: Path) -> list[dict[str, Any]]:
    """Return the measurements in a file.

    Raises:
        InvalidInput: it is not what `reprollm determinism` writes.
    """
    try:
        value = json.loads(file.read_bytes())
        found = value["measurements"] if value["schema"] == SCHEMA else None
        for each in found or ():
            key_of(each)
            evidence_of(each)
            max(each["batch_sizes"]) + 0
            if each["level"] is not None and each["level"] not in LEVELS:
                raise ValueError(each["level"])
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError, NotCanonical):
        found = None
    if not isinstance(found, list):
        raise InvalidInput(
            f"expected measurements of schema {SCHEMA!r} in {file}, found something else; remove "
            "the file, and measure again with: reprollm determinism LOCK --engine NAME --declare"
        )
    return found
