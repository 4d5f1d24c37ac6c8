"""An experiment on a base with adapters, from its plan to its verified ledger."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from importlib.resources import files
from pathlib import Path

import pytest

from command import runner
from reprollm.canon import loads_object
from reprollm.records.shard import read_lines
from reprollm.snapshot import pin
from reprollm.snapshot.lock import write_lock
from tiny_adapters import make_lora
from tiny_models import make_llama

EXPERIMENT = """\
schema: reprollm/experiment/1
name: adapted
title: A tiny model with two adapters
model: {{lock: models/base.lock.json, adapters: [{adapters}]}}
engine:
  family: transformers
  dtype: float32
  device: cpu
  batch: {{policy: fast, size: 4}}
  {quantization}
data: {{file: data/items.csv, id: id, source: source}}
prompt: {{template: prompts/ask.jinja}}
sampling:
  greedy: {{temperature: 0, max_tokens: 4}}
slices: 1
"""
ONE = "{{lock: models/a1.lock.json, scale: {}}}"


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return an experiment's folder with a pinned base and two pinned adapters."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.chdir(tmp_path)
    experiment = tmp_path / "experiments" / "adapted"
    models = experiment / "models"
    make_llama(models / "base")
    for seed in (1, 2):
        make_lora(models / f"a{seed}", seed=seed)
    for name in ("base", "a1", "a2"):
        base = pin(models / "base") if name == "a1" else None
        write_lock(pin(models / name, base=base), models / f"{name}.lock.json", replace=False)
    for name, text in (("data/items.csv", "id,source\n1,vnd\n2,der\n"), ("prompts/ask.jinja", "")):
        (experiment / name).parent.mkdir()
        (experiment / name).write_text(text or "{{ source }}\n", encoding="utf-8")
    return experiment


def describe(place: Path, adapters: str, quantization: str = "") -> None:
    text = EXPERIMENT.format(adapters=adapters, quantization=quantization)
    (place / "experiment.yaml").write_text(text, encoding="utf-8")


def records(kind: str) -> list[dict[str, object]]:
    found = []
    for path in sorted(Path("ledger/adapted/shards").rglob("*.jsonl")):
        found += [loads_object(line) for line in read_lines(path)]
    return [record for record in found if record["kind"] == kind]


def test_a_run_with_adapters_is_recorded_and_verified(
    place: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    reprollm = runner(monkeypatch, capsys)
    describe(place, f"{ONE.format('0.5')}, {{lock: models/a2.lock.json}}")
    for command in (
        ("plan", "adapted"),
        ("ledger", "commit", "ledger/adapted"),
        ("generate", "adapted", "--slice", "1/1"),
        ("ledger", "commit", "ledger/adapted"),
        ("ledger", "verify", "ledger/adapted"),
    ):
        answer = reprollm(*command)
        assert answer.code == 0, (command, answer)
    [snapshot] = records("snapshot")
    assert snapshot["name"] == "base+a1+a2"
    [derivation] = records("derivation")
    assert derivation["snapshot"] == snapshot["snapshot"]
    assert derivation["parameters"] == {"scale_1": "0.5", "scale_2": "1"}
    [start] = records("start")
    assert [each["scale"] for each in start["engine"]["adapters"]] == ["0.5", "1"]  # type: ignore[index]
    assert start["engine"]["adapters"][0]["base"].startswith("agrees: ")  # type: ignore[index]
    assert len(records("generation")) == 2
    assert reprollm("publish", "adapted", "-o", "adapted.zip").code == 0
    assert reprollm("verify", "adapted.zip").code == 0
    assert standalone("adapted.zip") == (0, True)
    changed_adapter("adapted.zip", "changed.zip")
    assert reprollm("verify", "changed.zip").code == 10
    assert standalone("changed.zip")[0] == 10
    again = reprollm(
        "rerun", "ledger/adapted", "-o", "again", "--lock", f"{place}/models/base.lock.json"
    )
    assert again.code == 0, again


def standalone(bundle: str) -> tuple[int, bool]:
    """Return exit code of the stand-alone verifier, and whether it found the model's lock."""
    program = files("reprollm.review").joinpath("verify.py")
    done = subprocess.run(
        [sys.executable, "-I", "-S", str(program), bundle], capture_output=True, text=True
    )
    return done.returncode, "the list of the model's files" in " ".join(done.stdout.split())


def changed_adapter(bundle: str, other: str) -> None:
    """Write a bundle in which the lock of one adapter stands for the other's."""
    with zipfile.ZipFile(bundle) as source, zipfile.ZipFile(other, "w") as target:
        for name in source.namelist():
            read = name.replace("a1.lock.json", "a2.lock.json")
            target.writestr(name, source.read(read if name.startswith("experiment/") else name))


def test_another_scale_or_order_or_quantization_asks_other_requests(
    place: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    reprollm = runner(monkeypatch, capsys)
    two = "{lock: models/a2.lock.json}"
    asked = [
        ("", ""),
        (ONE.format(1), ""),
        (ONE.format("0.5"), ""),
        (f"{ONE.format(1)}, {two}", ""),
        (f"{two}, {ONE.format(1)}", ""),
        (ONE.format(1), "quantization: bitsandbytes-nf4"),
    ]
    for adapters, quantization in asked:
        describe(place, adapters, quantization)
        assert reprollm("plan", "adapted").code == 0
    requests = [record["request"] for record in records("request")]
    assert len(set(requests)) == len(requests) == 2 * len(asked)


def test_what_transformers_does_not_apply_is_refused_before_anything_is_planned(
    place: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    reprollm = runner(monkeypatch, capsys)
    for line, message in (
        ("quantization: q4_k_m", "expected a quantization that transformers applies"),
        ("kv_cache: fp8", "expected no kv_cache"),
    ):
        describe(place, "", line)
        answer = reprollm("plan", "adapted")
        assert answer.code != 0
        assert message in answer.err
