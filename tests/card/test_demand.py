"""Demands on the card: met, refused in a sentence, and never met by what is unknown."""

from __future__ import annotations

from pathlib import Path

import pytest

from card.conftest import MakeLock
from command import runner
from experiment_files import change, write_experiment
from reprollm.card import Demand, card_of, unmet
from reprollm.card.entries import Rating
from reprollm.card.rows import rows
from reprollm.errors import DemandUnmet
from reprollm.experiment.load import load
from reprollm.prompts.plan import read_sources
from reprollm.snapshot.lock import write_lock
from reprollm.snapshot.model import Model, Part, load_model

LLAMA = "meta-llama/Llama-3.1-8B-Instruct"


def test_a_permissive_licence_meets_the_demand(make_lock: MakeLock) -> None:
    card = card_of(make_lock(card="license: apache-2.0"))
    for wanted in ("permissive", "community", "research-only"):
        assert unmet(card, Demand(licence=wanted)) is None  # type: ignore[arg-type]


def test_a_model_that_is_open_throughout_meets_every_demand(make_lock: MakeLock) -> None:
    card = card_of(make_lock("EleutherAI/pythia-14m", kind="gpt_neox"))
    wanted: dict[str, Rating] = {"training_data": "open", "weights": "open", "paper": "partial"}
    demand = Demand(licence="permissive", openness=wanted, osaid=True)
    assert unmet(card, demand) is None
    sentence = unmet(card, Demand(openness={"paper": "open"}))
    assert sentence is not None
    assert "found partial (its rating of Pythia-Chat-Base-7B of 2026-03-13" in sentence
    shown = dict(rows(card))
    assert "package (2025-09-05)" in shown["partial"] + shown["open"] + shown["closed"]
    assert shown["OSAID"].startswith("meets: ")
    assert unmet(card, Demand(cutoff_before="2030-01")) is not None


def test_a_community_licence_is_refused_with_what_was_found_and_its_source(
    make_lock: MakeLock,
) -> None:
    card = card_of(make_lock(LLAMA))
    sentence = unmet(card, Demand(licence="permissive"))
    assert sentence is not None
    assert "expected a licence of class permissive" in sentence
    assert "found LicenseRef-llama-3.1 of class community" in sentence
    assert "MODEL_CARD.md" in sentence
    assert unmet(card, Demand(licence="community")) is None


@pytest.mark.parametrize(
    "demand",
    [
        Demand(licence="research-only"),
        Demand(openness={"training_data": "partial"}),
        Demand(osaid=True),
        Demand(cutoff_before="2099-01"),
    ],
)
def test_the_unknown_satisfies_nothing(demand: Demand, make_lock: MakeLock) -> None:
    assert unmet(card_of(make_lock()), demand) is not None


@pytest.mark.parametrize(
    "demand", [Demand(openness={"preprint": "open"}), Demand(cutoff_before="2024-01")]
)
def test_what_is_known_of_a_base_satisfies_nothing(demand: Demand, make_lock: MakeLock) -> None:
    assert unmet(card_of(make_lock(LLAMA)), demand) is None
    derived = card_of(make_lock("someone/tuned", f"base_model: {LLAMA}"))
    sentence = unmet(derived, demand)
    assert sentence is not None and "only of its base Llama 3.1" in sentence


def test_of_a_group_the_less_open_dimension_counts(make_lock: MakeLock) -> None:
    card = card_of(make_lock(LLAMA))
    assert unmet(card, Demand(openness={"base_model_weights": "partial"})) is None
    sentence = unmet(card, Demand(openness={"weights": "partial"}))
    assert sentence is not None and "found closed" in sentence


def test_later_tuning_data_count_for_the_cutoff(make_lock: MakeLock) -> None:
    card = card_of(make_lock("meta-llama/Llama-2-7b-hf"))
    assert unmet(card, Demand(cutoff_before="2023-08")) is None
    sentence = unmet(card, Demand(cutoff_before="2023-07"))
    assert sentence is not None and "2023-07 declared" in sentence


def test_the_definition_of_open_source_ai_is_a_demand(make_lock: MakeLock) -> None:
    sentence = unmet(card_of(make_lock("meta-llama/Llama-2-7b-hf")), Demand(osaid=True))
    assert sentence is not None and "found that it does not" in sentence


def experiment(require: str, lock_card: str, make_lock: MakeLock, folder: Path) -> Path:
    """Write an experiment that requires something of a model with such a card."""
    write_lock(make_lock(card=lock_card), folder / "x.lock.json", replace=True)
    file = write_experiment(folder / "experiment", folder / "x.lock.json")
    change(file, "slices: 2\n", f"slices: 2\nrequire: {require}\n")
    return file


@pytest.mark.parametrize(
    ("require", "part"),
    [
        ("{licence: permissive, openness: {training_data: open}}", "training data that the"),
        ("{cutoff_before: 2024-06}", "expected training data from before 2024-06"),
        ("{osaid: meets}", "Open Source AI Definition"),
        ("{licence: free}", "'permissive', 'community' or 'research-only'"),
        ("{openness: {data: open}}", "expected a dimension of openness"),
        ("{openness: {paper: closed}}", "'open' or 'partial'"),
        ("{cutoff_before: 2024}", "cutoff_before"),
        ("{license: permissive}", "did you mean 'licence'?"),
    ],
)
def test_a_model_that_does_not_meet_the_demands_is_not_planned(
    require: str,
    part: str,
    make_lock: MakeLock,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    file = experiment(require, "license: apache-2.0", make_lock, tmp_path)
    answer = runner(monkeypatch, capsys)("plan", str(file), "--dry-run")
    assert answer.code == 3
    assert part in answer.err
    assert answer.err.count("\n") == 1


def test_a_model_that_meets_the_demands_is_planned(make_lock: MakeLock, tmp_path: Path) -> None:
    described = load(experiment("{licence: permissive}", "license: mit", make_lock, tmp_path))
    sources = read_sources(described, load_model(described.lock, described.adapters))
    assert sources.experiment.config.require is not None


def test_every_part_of_a_model_must_meet_them(make_lock: MakeLock, tmp_path: Path) -> None:
    described = load(experiment("{licence: permissive}", "license: mit", make_lock, tmp_path))
    model = load_model(described.lock, described.adapters)
    other = Part("adapter", make_lock(card="license: llama3"), described.lock)
    with pytest.raises(DemandUnmet, match="LicenseRef-llama-3"):
        read_sources(described, Model(model.lock, (*model.parts, other)))
