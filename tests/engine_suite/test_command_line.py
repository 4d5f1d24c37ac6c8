"""A whole experiment with the engine: planned, committed, answered, verified, in processes."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from engine_suite.conftest import Place

ITEMS = 3
EXPERIMENT = """\
schema: reprollm/experiment/1
name: tiny
title: A tiny random model reads a few words
model: {{lock: {lock}}}
engine: {engine}
data: {{file: data/items.csv, id: id, source: source}}
prompt: {{template: prompts/ask.jinja}}
sampling:
  greedy: {{temperature: 0, max_tokens: 6}}
  {sampled}
slices: 1
"""
SAMPLED = "sampled: {temperature: 0.8, top_p: 0.95, max_tokens: 6, seeds: [1, 2]}"


@pytest.fixture
def experiment(tmp_path: Path, place: Place) -> Path:
    """An experiment beside whose lock the model lies."""
    folder = tmp_path / "experiment"
    for name in ("data", "prompts", "models"):
        (folder / name).mkdir(parents=True)
    settings = place.settings("strict", 4).to_json()
    engine = {name: settings[name] for name in ("family", "dtype", "device")}
    engine["batch"] = {"policy": "strict", "size": 4}
    server = settings.get("server")
    if isinstance(server, dict):
        engine["server"] = {key: value for key, value in server.items() if value is not None}
    (folder / "models" / "tiny.lock.json").write_bytes(place.lock_file.read_bytes())
    text = EXPERIMENT.format(
        lock="models/tiny.lock.json",
        engine=json.dumps(engine),
        sampled=SAMPLED if place.entry.draws else "",
    )
    (folder / "experiment.yaml").write_text(text, encoding="utf-8")
    (folder / "prompts" / "ask.jinja").write_text("{{ source }}", encoding="utf-8")
    rows = [f"i{number},vnd er sprach {number}\n" for number in range(ITEMS)]
    (folder / "data" / "items.csv").write_text("id,source\n" + "".join(rows), encoding="utf-8")
    return folder


def reprollm(folder: Path, *arguments: str) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "reprollm", *arguments],
        cwd=folder,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-4000:]
    return done.stdout


def test_an_experiment_is_planned_answered_and_verified(
    experiment: Path, tmp_path: Path, place: Place
) -> None:
    ledger = tmp_path / "ledger"
    reprollm(tmp_path, "plan", str(experiment), "--ledger", str(ledger))
    reprollm(tmp_path, "ledger", "commit", str(ledger))
    reprollm(tmp_path, "generate", str(experiment), "--ledger", str(ledger))
    reprollm(tmp_path, "ledger", "commit", str(ledger))
    reprollm(tmp_path, "ledger", "verify", str(ledger))
    query = "SELECT count(*) AS answers FROM generations"
    asked = reprollm(tmp_path, "ledger", "query", str(ledger), query, "--format", "csv")
    assert asked.split() == ["answers", str((3 if place.entry.draws else 1) * ITEMS)]
