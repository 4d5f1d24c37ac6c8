"""An experiment of two models, two prompts and sealed data, with all that can be declared of it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from contamination.whole import DATA, REFERENCE, VARIANTS
from reprollm.snapshot.lock import write_lock
from reprollm.snapshot.pin import pin
from tiny_models import make_llama, make_qwen3

NAME = "pair"
LEDGER = f"ledger/{NAME}"
MODELS = ("small", "large")
CELLS = ("short/greedy", "short/sampled", "long/greedy", "long/sampled")
ITEMS, REPETITIONS = 24, 2
REQUESTS = len(MODELS) * len(CELLS) * REPETITIONS * ITEMS
Stage = Callable[..., object]
EXPERIMENT = """\
schema: reprollm/experiment/1
name: pair
title: Two tiny models write old German in today's spelling
models:
  small: {lock: models/small.lock.json}
  large: {lock: models/large.lock.json}
engine: {family: transformers, dtype: float32, device: cpu, batch: {policy: strict, size: 32}}
data:
  {file: data/items.csv, seal: data/seal.json, id: id, source: source, reference: reference,
   stratum: stratum}
prompts:
  short: {template: prompts/short.jinja}
  long: {template: prompts/long.jinja}
sampling:
  greedy: {temperature: 0, max_tokens: 6}
  sampled: {temperature: 0.8, max_tokens: 6, seeds: [1]}
repetitions: 2
scores: [exact_match, character_error_rate]
comparisons:
  tests: 2
  comparisons:
    - name: models
      score: character_error_rate
      of: {model: large, prompt: short, sampling: greedy}
      against: {model: small, prompt: short, sampling: greedy}
    - name: prompts
      score: character_error_rate
      of: {model: small, prompt: long, sampling: greedy}
      against: {model: small, prompt: short, sampling: greedy}
claims:
  - name: useless
    says: The small model has at least as many errors as there are characters.
    score: character_error_rate
    aggregation: corpus
    of: {model: small, prompt: short, sampling: greedy}
    at_least: 1
  - name: large-better
    says: The large model has fewer errors than the small one.
    comparison: models
determinism: {class: bitwise}
contamination:
  family: {name: spelling, tests: 2}
  primary: sealed_twins
  text: prompts/text.jinja
  secrets: data/secrets.json
  sealed: {order: {permutations: 19, shards: 4, seed: 1}}
  screening: {reference: data/reference.csv, guard: {permutations: 39}}
  extraction: {prefix: 0.5, tokens: 8}
  scan:
    - {name: letters, corpus: [data/letters.txt], n: 5}
"""
PROMPTS = {
    "short": "{{ source }}\n",
    "long": "Schreibe in heutiger Rechtschreibung: {{ source }}\n",
    "text": "{{ source }} = {{ reference }}\n",
}
LETTERS = "Chronik: vnd er ſprach zu jhm eins 0, und er sprach zu ihm eins; Weiteres folgt.\n"


def run_all(folder: Path, run: Stage) -> Path:
    """Take the experiment from its data to committed findings in `folder`; return the ledger.

    Args:
        folder: the current folder.
        run: runs `reprollm` with the arguments it is given, and fails where that does.
    """
    write(folder, run)
    each = [("--model", name) for name in MODELS]
    commit = ("ledger", "commit", LEDGER)
    for stage in (
        ("plan", NAME),
        commit,
        *(("generate", NAME, *model) for model in each),
        *(("contamination", "measure", NAME, *model) for model in each),
        ("contamination", "scan", NAME, "--name", "letters"),
        commit,
        ("score", LEDGER),
        commit,
        ("conclude", LEDGER),
        commit,
        *(("contamination", "examine", NAME, *model) for model in each),
        commit,
    ):
        run(*stage)
    return folder / LEDGER


def write(folder: Path, run: Stage) -> None:
    """Write the experiment into `folder`, its data sealed and its models made and pinned."""
    home = folder / "experiments" / NAME
    for name in ("data", "prompts", "models"):
        (home / name).mkdir(parents=True)
    (home / "experiment.yaml").write_text(EXPERIMENT, encoding="utf-8")
    for name, text in PROMPTS.items():
        (home / "prompts" / f"{name}.jinja").write_text(text, encoding="utf-8")
    (home / "data" / "reference.csv").write_text(REFERENCE, encoding="utf-8")
    (home / "data" / "letters.txt").write_text(LETTERS, encoding="utf-8")
    (folder / "rows.csv").write_text(DATA, encoding="utf-8")
    (folder / "variants.csv").write_text(VARIANTS, encoding="utf-8")
    run(
        "dataset", "seal", "rows.csv", "-o", "sealed", "--variants", "variants.csv", "--order",
        "--canaries", "2", "--holdbacks", "5", "--secrets", "secrets.json",
    )  # fmt: skip
    for old, new in (
        ("sealed/rows.csv", "items.csv"),
        ("sealed/rows.seal.json", "seal.json"),
        ("secrets.json", "secrets.json"),
    ):
        (folder / old).rename(home / "data" / new)
    _pin(make_llama(home / "models" / "small"), "apache-2.0")
    _pin(make_qwen3(home / "models" / "large", hidden=128, seed=1, dtype="BF16"), "cc-by-nc-4.0")


def _pin(weights: Path, licence: str) -> None:
    (weights / "README.md").write_text(f"---\nlicense: {licence}\n---\n", encoding="utf-8")
    lock = weights.with_name(f"{weights.name}.lock.json")
    write_lock(pin(weights, name=weights.name), lock, replace=False)
