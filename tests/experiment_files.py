"""A small complete experiment for tests, to be written to a folder and then changed or broken."""

from __future__ import annotations

import shutil
from pathlib import Path

EXPERIMENT = """\
schema: reprollm/experiment/1
name: spelling
title: Spelling
model: {lock: models/tiny.lock.json}
engine: {family: transformers, dtype: float32, device: cpu, batch: {policy: strict, size: 8}}
data: {file: data/items.csv, id: id, source: source, reference: reference, stratum: stratum}
prompt: {template: prompts/prompt.jinja}
sampling:
  greedy: {temperature: 0, max_tokens: 8, stop: ["\\n"]}
  sampled: {temperature: 0.80, top_p: 0.95, max_tokens: 8, seeds: [1, 2]}
slices: 2
scores: [exact_match, character_error_rate]
"""
ITEMS = """\
id,source,reference,stratum
a,vnd er ſprach,und er sprach,s
b,"jhm, vnd jr","ihm, und ihr",j
c,seyn,sein,y
"""
TEMPLATE = "Alt: {{ source }}\nNeu:\n"
FEW_SHOT_TEMPLATE = (
    "{% for example in examples %}\nAlt: {{ example.source }}\nNeu: {{ example.reference }}\n"
    "{% endfor %}\nAlt: {{ source }}\nNeu:\n"
)
EXAMPLES = "id,source,reference,stratum\n" + "".join(
    f"e{number},alt{number},neu{number},s\n" for number in range(20)
)
ASSETS = Path(__file__).parent / "assets"


def write_experiment(folder: Path, lock: Path | None = None) -> Path:
    """Write the experiment into `folder` with a copy of `lock` or an empty one; return its file."""
    for name, text in {
        "experiment.yaml": EXPERIMENT,
        "data/items.csv": ITEMS,
        "data/examples.csv": EXAMPLES,
        "prompts/prompt.jinja": TEMPLATE,
        "prompts/few_shot.jinja": FEW_SHOT_TEMPLATE,
        "models/tiny.lock.json": "{}\n",
    }.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    if lock is not None:
        shutil.copy(lock, folder / "models" / "tiny.lock.json")
    return folder / "experiment.yaml"


def change(file: Path, old: str, new: str) -> None:
    """Replace one text in a file by another; the old one must be there."""
    text = file.read_text(encoding="utf-8")
    assert old in text, f"{old!r} is not in {file}"
    file.write_text(text.replace(old, new), encoding="utf-8")


def overlay(defect: str, folder: Path) -> None:
    """Copy the files of `tests/assets/<defect>` over those of the experiment in `folder`."""
    shutil.copytree(ASSETS / defect, folder, dirs_exist_ok=True)
