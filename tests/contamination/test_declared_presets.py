from __future__ import annotations

from pathlib import Path

import pytest

from command import Run
from contamination.checked import CHECKS, EXPERIMENT, planned, records
from experiment_files import change


def declare(preset: str) -> None:
    scan = f"{{name: training, corpus: [corpus], preset: {preset}}}"
    change(EXPERIMENT / "experiment.yaml", CHECKS, f"contamination:\n  scan: [{scan}]\n")


@pytest.mark.parametrize("preset", ["gtp3", "llama2", "gpt3, tokenizer: data/items.csv"])
def test_a_preset_that_cannot_be_scanned_is_refused_by_the_plan(
    place: Path, reprollm: Run, preset: str
) -> None:
    declare(preset)
    answer = reprollm("plan", "spelling")
    assert (answer.code, preset[:4] in answer.err) == (3, True)
    assert records("examination") == []


def test_the_presets_definition_is_fixed_with_the_plan(place: Path, reprollm: Run) -> None:
    declare("gpt3")
    planned(reprollm)
    [head] = records("examination")
    [scan] = head["core"]["checks"]["scan"]
    assert scan["definition"] == {
        "version": "1",
        "tokens": "words",
        "n": 13,
        "documents": 10,
        "least": 8,
        "most": 13,
        "percentile": 5,
    }
