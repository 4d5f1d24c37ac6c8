from __future__ import annotations

from pathlib import Path

import pytest

from experiment_files import write_experiment
from reprollm.errors import ExperimentInvalid
from reprollm.experiment.load import load

PAIR = "{name: ab, score: exact_match, of: {sampling: greedy}, against: {sampling: sampled}}"
CLAIM = "{name: c, says: A sentence., score: exact_match, of: {sampling: greedy}, at_least: 0.1}"


def written(folder: Path, text: str) -> Path:
    file = write_experiment(folder / "spelling")
    with file.open("a", encoding="utf-8") as opened:
        opened.write(text)
    return file


def test_comparisons_and_claims_are_read(tmp_path: Path) -> None:
    text = (
        f"comparisons: {{tests: 3, comparisons: [{PAIR}]}}\n"
        f"claims: [{CLAIM}, {{name: b, says: Better., comparison: ab}}]\n"
        "determinism: {class: score, within: 0.01}\n"
    )
    config = load(written(tmp_path, text)).config
    assert config.comparisons is not None
    assert config.comparisons.comparisons[0].of.sampling == "greedy"
    assert [claim.name for claim in config.claims] == ["c", "b"]


def test_a_comparison_that_names_no_aggregation_stands_in_plans_as_it_always_did(
    tmp_path: Path,
) -> None:
    named = PAIR.replace("exact_match,", "exact_match, aggregation: mean_of_ratios,")
    for name, pair in (("plain", PAIR), ("named", named)):
        config = load(written(tmp_path / name, f"comparisons: {{comparisons: [{pair}]}}\n")).config
        (found,) = config.declared_scoring()["comparisons"]["comparisons"]
        assert ("aggregation" in found) == (name == "named")


@pytest.mark.parametrize(
    ("text", "named"),
    [
        (f"claims: [{CLAIM}, {CLAIM}]\n", "every claim to have its own name, found 'c'"),
        (f"comparisons: {{comparisons: [{PAIR}, {PAIR}]}}\n", "every comparison to have its own"),
        ("claims: [{name: b, says: Better., comparison: ab}]\n", "to name a comparison"),
        (
            f"comparisons: {{comparisons: [{PAIR}]}}\n"
            "claims: [{name: b, says: Better., comparison: abc}]\n",
            "did you mean 'ab'?",
        ),
        (f"claims: [{CLAIM.replace('exact_match', 'rouge_l')}]\n", "among scores"),
        (
            f"comparisons: {{tests: 1, comparisons: [{PAIR}, {PAIR.replace('ab,', 'ba,')}]}}\n",
            "at least 2 tests",
        ),
        (
            f"comparisons: {{comparisons: [{PAIR.replace('sampled', 'greedy')}]}}\n",
            "expected two arms in the comparison ab",
        ),
        (
            f"comparisons: {{comparisons: [{PAIR.replace('of:', 'aggregation: micro, of:')}]}}\n",
            "expected comparisons of exact_match by mean_of_ratios, found 'micro'",
        ),
    ],
)
def test_what_could_not_be_judged_is_refused(tmp_path: Path, text: str, named: str) -> None:
    with pytest.raises(ExperimentInvalid, match=r"expected") as refused:
        load(written(tmp_path, text))
    assert named in str(refused.value)
