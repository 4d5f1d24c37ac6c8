"""The way of a check: planned, committed, measured, committed, examined, committed, shown."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path

import numpy as np
import torch
from transformers import AutoModelForCausalLM, AutoTokenizer

from command import Run
from contamination.checked import (
    CHECKS,
    EXPERIMENT,
    LEDGER,
    files,
    material,
    measured,
    planned,
    records,
    well,
)
from experiment_files import change
from reprollm.contamination.material import Measured
from reprollm.withholding.withhold import parse_withholding, withheld_ledger


def test_from_plan_to_shown_findings(examined: Path, reprollm: Run) -> None:
    found = material()
    assert [(each.set, each.subject) for each in found.likelihoods] == [
        *(("suspect", f"i{number}") for number in range(6)),
        *(("reference", f"r{number}") for number in range(5)),
    ]
    assert [each.subject for each in found.continuations] == [f"i{number}" for number in range(6)]
    well(reprollm("contamination", "examine", "spelling", "--receipt", "examine.json"))
    before = files()
    well(reprollm("contamination", "examine", "spelling"))
    assert files() == before, "findings are published once"
    well(reprollm("ledger", "commit", str(LEDGER), "examine.json"))
    shown = well(reprollm("contamination", "show", str(LEDGER))).out
    assert "Screening: membership scores, which prove nothing" in shown
    listed = json.loads(well(reprollm("contamination", "show", str(LEDGER), "--json")).out)
    assert {record["run"] for record in listed} == {found.examination}
    methods = {record["finding"] for record in listed}
    assert {"contamination/guard", "contamination/screening_loss"} <= methods


def test_values_are_those_of_the_model_computed_directly(examined: Path, models: Path) -> None:
    model = AutoModelForCausalLM.from_pretrained(models / "llama", dtype=torch.float32)
    tokenizer = AutoTokenizer.from_pretrained(models / "llama")
    for each in material().likelihoods:
        assert each.text is not None and each.text_ids is not None
        ids = tokenizer(each.text, return_tensors="pt")["input_ids"]
        assert each.text_ids == tuple(ids[0].tolist())
        with torch.no_grad():
            logprobs = torch.log_softmax(model(ids).logits[0, :-1].double(), -1)
        chosen = logprobs.gather(-1, ids[0, 1:, None])[:, 0]
        means = (logprobs.exp() * logprobs).sum(-1)
        spread = ((logprobs.exp() * (logprobs - means[:, None]) ** 2).sum(-1)).sqrt()
        assert each.tokens == len(chosen) == len(each.text_ids) - 1
        for given, direct in (
            (each.logprobs, chosen),
            (each.means, means),
            (each.deviations, spread),
        ):
            assert given is not None
            assert np.allclose(given, direct.numpy(), atol=1e-5)


def test_text_is_the_template_of_an_item(examined: Path) -> None:
    first = material().likelihoods[0]
    assert first.text == "vnd er ſprach zu jhm 0 mal = und er sprach zu ihm 0 mal"
    assert first.bytes == len(first.text.encode())


def test_measuring_again_asks_nothing_and_writes_nothing(examined: Path, reprollm: Run) -> None:
    before = files()
    assert "11 of 11 texts are measured" in measured(reprollm).err
    assert files() == before


def test_slices_give_the_same_bits_as_the_whole(examined: Path, reprollm: Run) -> None:
    whole = values(material().likelihoods)
    shutil.rmtree(LEDGER)
    planned(reprollm)
    measured(reprollm, "--slice", "2/3")
    measured(reprollm)
    well(reprollm("ledger", "commit", str(LEDGER)))
    assert values(material().likelihoods) == whole
    assert len(records("likelihood")) == 11
    assert len(records("continuation")) == 6


def values(likelihoods: tuple[Measured, ...]) -> list[tuple[object, ...]]:
    return [(each.index, each.logprobs, each.means, each.deviations) for each in likelihoods]


def test_planning_again_publishes_nothing_twice(place: Path, reprollm: Run) -> None:
    well(reprollm("plan", "spelling", "--receipt", "plan.json"))
    before = files()
    named = [shard["group"] for shard in json.loads(Path("plan.json").read_bytes())["shards"]]
    assert [group.partition("-")[0] for group in named] == ["plan", "examination"]
    well(reprollm("plan", "spelling"))
    assert files() == before


def test_an_uncommitted_examination_is_not_measured(place: Path, reprollm: Run) -> None:
    well(reprollm("plan", "spelling"))
    answer = reprollm("contamination", "measure", "spelling")
    assert answer.code == 3
    assert "expected the examination in a checkpoint" in answer.err
    assert records("measurement") == []


def test_a_changed_reference_file_is_another_examination(place: Path, reprollm: Run) -> None:
    planned(reprollm)
    change(EXPERIMENT / "data" / "reference.csv", "r0,alſo", "r0,ſo")
    answer = reprollm("contamination", "measure", "spelling")
    assert answer.code == 3
    assert "found one from other files or settings" in answer.err
    planned(reprollm)
    assert len(records("examination")) == 2


def test_without_measurements_there_is_nothing_to_examine(place: Path, reprollm: Run) -> None:
    planned(reprollm)
    answer = reprollm("contamination", "examine", "spelling")
    assert answer.code == 3
    assert "expected all 11 texts" in answer.err


def test_an_experiment_without_checks_is_planned_as_before(place: Path, reprollm: Run) -> None:
    change(EXPERIMENT / "experiment.yaml", CHECKS, "")
    planned(reprollm)
    assert {path.name.partition("-")[0] for path in (LEDGER / "shards").iterdir()} == {"plan"}
    [plan] = records("plan")
    assert not {"contamination", "seal", "checks"} & set(plan["core"])  # type: ignore[call-overload]
    for command in ("measure", "examine"):
        answer = reprollm("contamination", command, "spelling")
        assert answer.code == 3
        assert "expected a section contamination" in answer.err


def test_a_reference_text_that_is_an_item_is_refused(place: Path, reprollm: Run) -> None:
    change(
        EXPERIMENT / "data" / "reference.csv",
        "alſo gieng ſie hin 2,also ging sie hin 2",
        "vnd er ſprach zu jhm 2 mal,und er sprach zu ihm 2 mal",
    )
    answer = reprollm("plan", "spelling")
    assert answer.code == 3
    assert "found the text of item 'i2' again as 'r2'" in answer.err


def test_what_tells_withheld_items_is_withheld_with_them(examined: Path) -> None:
    withholding = parse_withholding(
        ["source,reference:salt-secret"], "under copyright", allow_overlap=True
    )
    redaction = withheld_ledger(LEDGER, withholding, Path("public"))
    assert {"text", "text_ids", "logprobs", "means", "deviations"} <= redaction.withholding.fields
    left = b"".join(path.read_bytes() for path in Path("public/openings").rglob("*.jsonl"))
    assert "ſprach".encode() not in left
    fields = set(re.findall(rb'"field":"(\w+)"', left))
    assert fields == {b"output", b"output_ids"}, "continuations are outputs, and stay"
