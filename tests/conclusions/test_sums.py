from __future__ import annotations

import pytest

from reprollm.conclusions.sums import sums_compared
from reprollm.errors import InvalidInput
from reprollm.experiment.concluding import compared_by
from reprollm.scores.measures import MEASURES


@pytest.mark.parametrize("score", MEASURES)
def test_an_experiment_may_declare_just_the_aggregations_that_arms_are_compared_by(
    score: str,
) -> None:
    measure, declared = MEASURES[score], compared_by(score)
    for name in {*(each.name for each in measure.aggregations), "none such"}:
        if name in declared:
            sums_compared(measure, name)
            continue
        with pytest.raises(InvalidInput, match="name one of these, or none"):
            sums_compared(measure, name)
    first = sums_compared(measure, None)
    assert declared[0] == ("mean_of_ratios" if first is None else first.name)
