from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import pytest

from reprollm.conclusions.compared import compared
from reprollm.conclusions.conclude import Conclusion
from reprollm.conclusions.stage import fields_of

RUN, PLAN = "a" * 64, "b" * 64
PAIR = Conclusion("comparison", "ab", RUN, PLAN, {"kind": "pair", "test": {"p": "0.5"}})
VALUE = Conclusion("claim", "near", RUN, PLAN, {"kind": "value", "value": "0.5"}, "fails")
BETTER = Conclusion("claim", "better", RUN, PLAN, {"kind": "comparison"}, "holds")
EXPECTED = (PAIR, VALUE, BETTER)
Records = list[dict[str, Any]]


def recorded() -> Records:
    return copy.deepcopy([{"kind": each.kind, **fields_of(each)} for each in EXPECTED])


def change_the_verdict(records: Records) -> None:
    records[1]["verdict"] = "holds"


def change_a_number(records: Records) -> None:
    records[0]["evidence"]["test"]["p"] = "0.001"


def add_a_number(records: Records) -> None:
    records[0]["evidence"]["p"] = "0.001"


def change_the_plan(records: Records) -> None:
    records[0]["plan"] = "c" * 64


def change_the_run(records: Records) -> None:
    records[0]["run"] = "c" * 64


def leave_one_out(records: Records) -> None:
    del records[1]


def add_one(records: Records) -> None:
    records.append({**records[1], "claim": "another"})


def say_one_twice(records: Records) -> None:
    records.append(records[1])


def change_the_order(records: Records) -> None:
    records.reverse()


def test_what_is_expected_is_the_same() -> None:
    found = compared(recorded(), EXPECTED, withheld=())
    assert found.verdicts == ("same",) * 3
    assert found.wrong == ()


@pytest.mark.parametrize(
    ("change", "named"),
    [
        (change_the_verdict, "the claim near: expected fails, found holds"),
        (change_a_number, 'the comparison ab: expected test {"p": "0.5"}, found {"p": "0.001"}'),
        (add_a_number, "the comparison ab: expected p null"),
        (change_the_plan, "the comparison ab: expected plan bbbb"),
        (change_the_run, "none is declared"),
        (leave_one_out, "expected just the conclusions ab, near, better, found ab, better"),
        (add_one, "the claim another of run aaaa"),
        (say_one_twice, "found ab, near, better, near"),
        (change_the_order, "found better, near, ab"),
    ],
)
def test_whatever_differs_is_named(change: Callable[[Records], None], named: str) -> None:
    records = recorded()
    change(records)
    assert named in " ".join(compared(records, EXPECTED, withheld=()).wrong)


def test_what_needs_withheld_texts_is_not_called_wrong() -> None:
    records = recorded()
    change_a_number(records)
    records[2]["verdict"] = "fails"
    found = compared(records, EXPECTED, withheld={"answers or references"})
    assert found.verdicts == ("not recomputed", "same", "not recomputed")
    assert found.wrong == ()


def test_a_claim_on_a_value_needs_no_text() -> None:
    records = recorded()
    change_the_verdict(records)
    assert compared(records, EXPECTED, withheld={"answers or references"}).verdicts[1] == "WRONG"


def test_withheld_annotations_leave_open_what_annotators_agree_on() -> None:
    agreed = {**recorded()[0], "comparison": "agreement/annotators"}
    records = [agreed, *recorded()]
    assert compared(records, EXPECTED, withheld={"annotations"}).verdicts[0] == "not recomputed"
    assert "agreement/annotators" in " ".join(compared(records, EXPECTED, withheld=()).wrong)
