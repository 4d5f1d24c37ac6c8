from __future__ import annotations

import pytest

from conclusions.made import arm
from reprollm.conclusions.arms import arm_meant
from reprollm.errors import InvalidInput

ARMS = [
    arm(model, cell) for model in "ab" for cell in ("short/greedy", "short/warm", "long/greedy")
]


def test_an_arm_is_the_cell_that_all_its_names_fit() -> None:
    found = arm_meant(ARMS, {"model": "b", "prompt": "long"}, "a test")
    assert (found.model, found.cell) == ("b", "long/greedy")
    assert (found.prompt, found.sampling) == ("long", "greedy")


def test_what_there_is_just_one_of_needs_no_name() -> None:
    assert arm_meant([arm()], {"model": None, "prompt": None, "sampling": None}, "a test") == arm()


def test_a_cell_of_a_single_prompt_has_none() -> None:
    assert arm("a", "greedy").prompt is None


@pytest.mark.parametrize("wanted", [{}, {"model": "a"}, {"model": "c"}, {"prompt": "long"}])
def test_none_and_several_are_refused_with_what_there_is(wanted: dict[str, str]) -> None:
    with pytest.raises(InvalidInput, match=r"the arm of x to mean one arm.*model a, prompt short"):
        arm_meant(ARMS, wanted, "the arm of x")
