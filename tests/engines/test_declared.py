import json
from copy import deepcopy
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from reprollm.engines.declared import (
    SCHEMA,
    companion,
    declared,
    evidence_of,
    machine_kind,
    measured_class,
    measurements_of,
    read_measurements,
)  # fmt: skip
from reprollm.errors import InvalidInput
from reprollm.experiment.engine import EngineSettings

SNAPSHOT = "ab" * 32
SETTINGS = EngineSettings("transformers", "float32", "cpu", "strict", 16)
ENGINE: dict[str, Any] = {
    "family": "transformers", "torch": "2.13.0", "threads": 1, "policy": "strict",
    "batch_size": 16, "context": 512, "probe": {"least_rows": 4}, "capability": "AVX2",
}  # fmt: skip
ENVIRONMENT: dict[str, Any] = {
    "machine": {
        "architecture": "x86_64",
        "processor": {"vendor": "a", "model": "1", "microcode": "0x1"},
        "cores": 8,
    },
    "accelerators": [{"name": "gpu", "uuid": "GPU-1", "driver": "580"}],
    "variables": [{"name": "MKL_CBWR", "value": "COMPATIBLE"}, {"name": "TZ", "value": "UTC"}],
}


def measurement(**changed: Any) -> dict[str, Any]:
    made = {
        "snapshot": SNAPSHOT,
        "class": measured_class(ENGINE),
        "policy": "strict",
        "machine": machine_kind(ENVIRONMENT),
        "batch_sizes": [1, 8, 32],
        "level": "L3",
    }
    return made | changed


def written(folder: Path, *measurements: dict[str, Any]) -> Path:
    file = companion(folder / "tiny.lock.json")
    file.write_text(json.dumps({"schema": SCHEMA, "measurements": list(measurements)}))
    return file


def lock_beside(file: Path) -> Path:
    return file.with_name(file.name.replace(".determinism.json", ".lock.json"))


def ask(file: Path, **changed: Any) -> dict[str, Any]:
    asked: dict[str, Any] = {
        "snapshot": SNAPSHOT, "settings": SETTINGS, "engine": ENGINE, "environment": ENVIRONMENT,
    }  # fmt: skip
    return declared(measurements_of(lock_beside(file)), **(asked | changed))


def test_what_was_measured_of_this_engine_on_such_a_machine_is_declared(tmp_path: Path) -> None:
    kept = measurement()
    assert ask(written(tmp_path, kept)) == {
        "level": "L3", "policy": "strict", "evidence": evidence_of(kept),
    }  # fmt: skip


def test_measurements_lie_beside_their_lock(tmp_path: Path) -> None:
    assert written(tmp_path) == tmp_path / "tiny.determinism.json"


@pytest.mark.parametrize(
    "changed",
    [
        {"snapshot": "cd" * 32},
        {"settings": replace(SETTINGS, batch_policy="fast")},
        {"settings": replace(SETTINGS, batch_size=33)},
        {"engine": ENGINE | {"torch": "2.14.0"}},
        {"engine": ENGINE | {"threads": 2}},
        {"engine": ENGINE | {"capability": "DEFAULT"}},
    ],
)
def test_nothing_is_declared_of_what_was_not_measured(tmp_path: Path, changed: Any) -> None:
    found = ask(written(tmp_path, measurement()), **changed)
    assert (found["level"], found["evidence"]) == (None, None)


@pytest.mark.parametrize(
    ("path", "value", "level"),
    [
        (("machine", "processor", "model"), "2", None),
        (("machine", "processor", "microcode"), "0x2", "L3"),
        (("machine", "cores"), 2, "L3"),
        (("accelerators", 0, "name"), "another gpu", None),
        (("accelerators", 0, "driver"), "590", None),
        (("accelerators", 0, "uuid"), "GPU-2", "L3"),
        (("variables", 0, "value"), "AVX2", None),
        (("variables", 1, "value"), "CET", "L3"),
    ],
)
def test_machines_are_of_one_kind_where_what_computes_is_the_same(
    tmp_path: Path, path: tuple[Any, ...], value: Any, level: str | None
) -> None:
    elsewhere = deepcopy(ENVIRONMENT)
    inner: Any = elsewhere
    for step in path[:-1]:
        inner = inner[step]
    inner[path[-1]] = value
    assert ask(written(tmp_path, measurement()), environment=elsewhere)["level"] == level


def test_batch_size_context_and_what_the_host_was_found_to_do_are_no_part_of_the_class(
    tmp_path: Path,
) -> None:
    engine = ENGINE | {"batch_size": 4, "context": 1024, "probe": {"least_rows": 8}}
    settings = replace(SETTINGS, batch_size=4)
    assert ask(written(tmp_path, measurement()), engine=engine, settings=settings)["level"] == "L3"


def test_the_last_fitting_measurement_counts(tmp_path: Path) -> None:
    file = written(
        tmp_path, measurement(), measurement(snapshot="cd" * 32), measurement(level="L1")
    )
    assert ask(file)["level"] == "L1"


def test_without_measurements_the_level_is_unknown(tmp_path: Path) -> None:
    nothing = {"level": None, "policy": "strict", "evidence": None}
    assert ask(tmp_path / "none.determinism.json") == ask(written(tmp_path)) == nothing


def test_a_level_may_have_been_measured_as_unknown(tmp_path: Path) -> None:
    found = ask(written(tmp_path, measurement(level=None)))
    assert (found["level"], found["evidence"] is None) == (None, False)


def test_a_changed_measurement_is_other_evidence() -> None:
    assert evidence_of(measurement()) != evidence_of(measurement(level="L2"))


@pytest.mark.parametrize(
    "content",
    [
        "",
        "[]",
        "{}",
        '{"schema": "reprollm/determinism/1"}',
        '{"schema": "reprollm/determinism/1", "measurements": {}}',
        '{"schema": "reprollm/determinism/1", "measurements": [3]}',
        '{"schema": "reprollm/determinism/2", "measurements": []}',
        json.dumps({"schema": SCHEMA, "measurements": [measurement(level="L9")]}),
        json.dumps({"schema": SCHEMA, "measurements": [measurement(level=0.5)]}),
        json.dumps({"schema": SCHEMA, "measurements": [measurement(batch_sizes=[])]}),
        json.dumps({"schema": SCHEMA, "measurements": [measurement(batch_sizes=["8"])]}),
        "[" * 100_000,
    ],
)
def test_a_file_that_holds_something_else_is_refused(tmp_path: Path, content: str) -> None:
    file = tmp_path / "x.determinism.json"
    file.write_text(content)
    with pytest.raises(InvalidInput, match="expected measurements of schema"):
        read_measurements(file)
