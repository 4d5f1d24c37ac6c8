"""Which of a score's numbers a report puts first."""

from __future__ import annotations

import pytest

from reprollm.report.estimates import Estimate, headlines


def estimate(score: str, aggregation: str) -> Estimate:
    names = Estimate.__dataclass_fields__
    values = dict.fromkeys(names) | {
        "run": "r", "cell": "greedy", "score": score, "aggregation": aggregation, "level": "all",
    }  # fmt: skip
    return Estimate(**{name: values[name] for name in names})


@pytest.mark.parametrize(
    ("score", "first"),
    [
        ("entity_f1_strict", "corpus"),
        ("bleu", "corpus"),
        ("character_error_rate", "mean_of_ratios"),
        ("cohens_kappa", "corpus"),
    ],
)
def test_a_report_gives_scores_by_the_aggregation_that_tables_give(score: str, first: str) -> None:
    both = [estimate(score, name) for name in ("mean_of_ratios", "corpus")]
    assert [one.aggregation for one in headlines(both)] == [first]
