"""What a merge was made of is read from mergekit's configuration or the model card."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest

from reprollm.canon import dumps
from reprollm.cli.model_weights import rows
from reprollm.errors import SnapshotRefused
from reprollm.records.kinds import new
from reprollm.snapshot import pin

SLERP = """\
slices:
  - sources:
      - model: org/first
        layer_range: [0, 2]
      - model: org/second
        layer_range: [0, 2]
merge_method: slerp
base_model: org/first
parameters:
  t:
    - filter: self_attn
      value: [0, 0.5, 1]
    - value: 0.5
dtype: bfloat16
"""
TIES = """\
models:
  - model: {model: {path: org/one, revision: abc}}
    parameters: {density: 0.5}
  - model: org/two
merge_method: ties
base_model: {model: {path: org/base}}
"""


def test_a_mergekit_configuration_is_read(llama: Path) -> None:
    (llama / "mergekit_config.yml").write_text(SLERP)
    lock = pin(llama)
    merge = lock.facts.merge
    assert merge is not None
    assert (merge.source, merge.method) == ("mergekit_config.yml", "slerp")
    assert (merge.models, merge.base) == (("org/first", "org/second"), "org/first")
    assert merge.sha256 == hashlib.sha256(SLERP.encode()).hexdigest()
    assert json.loads(merge.parameters or "")["parameters"]["t"][1] == {"value": 0.5}
    dumps(new("snapshot", **lock.to_record()))


def test_the_nested_spelling_with_revisions_is_read(llama: Path) -> None:
    (llama / "mergekit_config.yml").write_text(TIES)
    merge = pin(llama).facts.merge
    assert merge is not None
    assert (merge.models, merge.base) == (("org/one@abc", "org/two"), "org/base")


@pytest.mark.parametrize(
    "front",
    [
        "base_model:\n- org/a\n- org/b\ntags:\n- mergekit\n- merge\n",
        "base_model: [org/a, org/b]\nbase_model_relation: merge\n",
        "tags: [merge]\nbase_model:\n  - org/a\n  - org/b\n",
    ],
)
def test_a_model_card_that_says_merge_names_the_models(front: str, llama: Path) -> None:
    (llama / "README.md").write_text(f"---\n{front}---\n# Model\n")
    merge = pin(llama).facts.merge
    assert merge is not None
    assert (merge.source, merge.models, merge.method) == ("README.md", ("org/a", "org/b"), None)


@pytest.mark.parametrize(
    "front", ["base_model: org/a\ntags:\n- merge\n", "base_model:\n- org/a\n- org/b\n"]
)
def test_a_model_card_that_does_not_say_merge_is_none(front: str, llama: Path) -> None:
    (llama / "README.md").write_text(f"---\n{front}---\n# Model\n")
    assert pin(llama).facts.merge is None


@pytest.mark.parametrize(
    "text",
    [
        "- a list",
        "a: [",
        "a: &x [1]\nb: *x\n",
        "a: !!python/object/apply:os.system [ls]",
        "? [1, 2]\n: 3\n",
        "x" * 100_001,
        "[" * 5000,
    ],
)
def test_a_malformed_or_hostile_configuration_is_refused(text: str, llama: Path) -> None:
    (llama / "mergekit_config.yml").write_text(text)
    with pytest.raises(SnapshotRefused, match=r"mergekit_config\.yml"):
        pin(llama)


def test_the_merge_is_shown(llama: Path) -> None:
    (llama / "mergekit_config.yml").write_text(SLERP)
    shown = dict(rows(pin(llama)))
    assert shown["merged by"] == "slerp, says mergekit_config.yml"
    assert shown["merged from"] == "org/first, org/second"
