from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from sklearn.metrics import cohen_kappa_score

from conclusions.made import answered, arm
from reprollm.conclusions.agreement import among_annotators, among_models, among_passes
from reprollm.conclusions.answers import Answered, Item, Standing

GOLD = {f"i{number}": label for number, label in enumerate("xyxyxxyyxy")}
ANNA = list("xyxyxxyyyy")
BERND = ["x", "y", "x", "", "y", "x", "y", "x", "y", "y"]


def run(cells: Sequence[Answered], model: str = "a", **items: Item) -> Standing:
    of = arm(model)
    return Standing(of.run, of.plan, {}, tuple(cells), items)


def annotated() -> dict[str, Item]:
    return {
        f"i{number}": Item(annotations={"anna": one, "bernd": other})
        for number, (one, other) in enumerate(zip(ANNA, BERND, strict=True))
    }


def test_annotators_reference_and_arms_are_compared_in_pairs() -> None:
    outputs = dict(zip(GOLD, "xxxyxxyyxx", strict=True))
    found: Any = among_annotators([run([answered(outputs, GOLD)], **annotated())])
    who = [(rater["who"], rater.get("name")) for rater in found["raters"]]
    assert who == [
        ("annotator", "anna"),
        ("annotator", "bernd"),
        ("reference", None),
        ("arm", None),
    ]
    by_place = {(pair["first"], pair["second"]): pair for pair in found["pairs"]}
    assert by_place.keys() == {(0, 1), (0, 2), (0, 3), (1, 2), (1, 3), (2, 3)}
    both = [(a, b) for a, b in zip(ANNA, BERND, strict=True) if b]
    expected = cohen_kappa_score(*zip(*both, strict=True))
    assert by_place[0, 1]["n"] == 9
    assert abs(float(by_place[0, 1]["kappa"]) - expected) < 1e-9
    expected = cohen_kappa_score(list(GOLD.values()), list(outputs.values()))
    assert abs(float(by_place[2, 3]["kappa"]) - expected) < 1e-9


def test_the_alpha_is_that_of_the_annotators_alone() -> None:
    import krippendorff

    codes = {"x": 1.0, "y": 2.0, "": float("nan")}
    found: Any = among_annotators([run([answered(GOLD, GOLD)], **annotated())])
    table = [[codes[label] for label in labels] for labels in (ANNA, BERND)]
    expected = krippendorff.alpha(reliability_data=table, level_of_measurement="nominal")
    assert abs(float(found["alpha"]) - expected) < 1e-9
    assert (found["items"], found["unanimous"]) == (9, 7)


def test_without_annotators_nothing_is_said_of_them() -> None:
    assert among_annotators([run([answered(GOLD, GOLD)])]) is None


def test_identical_passes_agree_and_are_counted_as_asked() -> None:
    cell = answered([GOLD, GOLD, {**GOLD, "i0": "y"}], GOLD)
    found: Any = among_passes(run([replace(cell, distinct=2)]))
    [said] = found["cells"]
    assert (said["asked"], said["distinct"]) == (3, 2)
    assert (said["items"], said["unanimous"]) == (10, 9)
    assert 0.8 < float(said["alpha"]) < 1


def test_a_single_pass_agrees_with_nothing() -> None:
    assert among_passes(run([answered(GOLD, GOLD)])) is None


def test_models_are_compared_on_the_cells_that_they_share() -> None:
    other = {**GOLD, "i1": "x", "i2": ""}
    runs = [run([answered(GOLD, GOLD)]), run([answered(other, GOLD, model="b")], "b")]
    found: Any = among_models(runs)
    [cell] = found["cells"]
    assert cell["models"] == ["a", "b"]
    expected = cohen_kappa_score(list(GOLD.values()), list(other.values()))
    assert abs(float(cell["pairs"][0]["kappa"]) - expected) < 1e-9
    assert cell["pairs"][0]["agree"] == 8
    assert among_models(runs[:1]) is None


def test_one_and_the_same_label_everywhere_has_no_kappa() -> None:
    same = dict.fromkeys(GOLD, "x")
    runs = [run([answered(same, GOLD)]), run([answered(same, GOLD, model="b")], "b")]
    found: Any = among_models(runs)
    assert found["cells"][0]["alpha"] is None
    assert found["cells"][0]["pairs"][0]["kappa"] is None
