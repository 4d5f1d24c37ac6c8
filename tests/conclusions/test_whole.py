"""Two tiny real models, two prompts, from the experiment's file to verified claims."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from command import Run, runner
from reprollm.snapshot.lock import write_lock
from reprollm.snapshot.pin import pin
from tiny_models import make_llama

EXPERIMENT = """\
schema: reprollm/experiment/1
name: claims
title: Two tiny models answer with a letter
models:
  small: {lock: models/small.lock.json}
  other: {lock: models/other.lock.json}
engine: {family: transformers, dtype: float32, device: cpu, batch: {policy: strict, size: 8}}
data:
  {file: data/items.csv, id: id, source: source, reference: reference, document: document,
   split: split, annotators: {anna: anna, bernd: bernd}}
prompts:
  short: {template: prompts/short.jinja}
  long: {template: prompts/long.jinja}
sampling:
  greedy: {temperature: 0, max_tokens: 3}
repetitions: 2
scores: [accuracy, character_error_rate, f1]
comparisons:
  tests: 4
  comparisons:
    - name: prompts
      score: character_error_rate
      of: {model: small, prompt: short}
      against: {model: small, prompt: long}
    - name: models
      score: accuracy
      of: {model: small, prompt: short}
      against: {model: other, prompt: short}
      split: test
    - name: labels
      score: f1
      of: {model: small, prompt: long}
      against: {model: other, prompt: long}
    - name: letters
      score: character_error_rate
      aggregation: corpus
      of: {model: small, prompt: short}
      against: {model: small, prompt: long}
claims:
  - {name: never, says: The small model is always right., score: accuracy,
     of: {model: small, prompt: short}, at_least: 1}
  - {name: zero, says: It is hardly ever right., score: accuracy,
     of: {model: small, prompt: short}, is: 0, within: 0.2}
  - {name: better, says: The small model labels better., comparison: labels}
determinism: {class: bitwise}
"""
ITEMS = "id,source,reference,document,split,anna,bernd\n" + "".join(
    f"i{n},wort {n},{'ja' if n % 3 else 'nein'},d{n // 2},{'dev' if n < 2 else 'test'},"
    f"{'ja' if n % 3 else 'nein'},{'ja' if n % 2 else ''}\n"
    for n in range(8)
)


def write(folder: Path) -> None:
    home = folder / "experiments" / "claims"
    for name, text in {
        "experiment.yaml": EXPERIMENT,
        "data/items.csv": ITEMS,
        "prompts/short.jinja": "{{ source }}:",
        "prompts/long.jinja": "Ist es {{ source }}?\n",
    }.items():
        path = home / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    (home / "models").mkdir()
    for seed, name in enumerate(("small", "other")):
        pinned = pin(make_llama(folder / "weights" / name, seed=seed), name=name)
        write_lock(pinned, home / "models" / f"{name}.lock.json", replace=False)


@pytest.fixture
def reprollm(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Run:
    monkeypatch.setenv("REPROLLM_MODELS", str(tmp_path / "weights"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.chdir(tmp_path)
    write(tmp_path)
    run = runner(monkeypatch, capsys)

    def well(*arguments: str) -> object:
        answer = run(*arguments)
        assert answer.code == 0, answer.err
        return answer

    return well  # type: ignore[return-value]


def test_claims_are_judged_from_the_experiment_to_the_verification(reprollm: Run) -> None:
    reprollm("plan", "claims")
    reprollm("ledger", "commit", "ledger/claims")
    for model in ("small", "other"):
        reprollm("generate", "claims", "--model", model)
    reprollm("ledger", "commit", "ledger/claims")
    reprollm("score", "ledger/claims")
    reprollm("ledger", "commit", "ledger/claims")
    done = json.loads(reprollm("conclude", "ledger/claims", "--json").out)
    reprollm("ledger", "commit", "ledger/claims")

    found = [(each["kind"], each[each["kind"]]) for each in done["conclusions"]]
    names = ("prompts", "models", "labels", "letters")
    assert found[:4] == [("comparison", name) for name in names]
    assert ("comparison", "agreement/annotators") in found
    pairs = {each["comparison"]: each["evidence"] for each in done["conclusions"][:4]}
    assert pairs["prompts"]["of"]["cell"] == "short/greedy"
    # Both repetitions of greedy decoding are the same bytes, and count once.
    assert pairs["prompts"]["of"]["passes"] == {"asked": 2, "distinct": 1}
    assert (pairs["prompts"]["pairs"]["items"], pairs["prompts"]["pairs"]["clusters"]) == (8, 4)
    assert pairs["models"]["pairs"]["items"] == 6
    assert pairs["labels"]["test"]["tests"] == 4
    assert [pairs[name]["aggregation"] for name in names] == [
        "mean_of_ratios", "mean_of_ratios", "micro", "corpus"
    ]  # fmt: skip
    assert pairs["letters"]["effect"] != pairs["prompts"]["effect"]
    determinism = [
        each["evidence"] for each in done["conclusions"] if each.get("comparison") == "determinism"
    ]
    assert [each["verdict"] for each in determinism] == ["holds", "holds"]
    assert determinism[0]["compared"] == 16

    verified = json.loads(reprollm("verify", "ledger/claims", "--json").out)
    assert verified["problems"] == []
    claims = {each["name"]: each["verdict"] for each in verified["claims"]}
    assert (claims["never"], claims["zero"]) == ("fails", "holds")
    assert {each["recomputed"] for each in verified["claims"]} == {"same"}
    shown = reprollm(
        "compare", "ledger/claims", "--of", "model=small,prompt=short",
        "--against", "model=small,prompt=long",
    )  # fmt: skip
    assert "prompt.template_sha256" in shown.out
