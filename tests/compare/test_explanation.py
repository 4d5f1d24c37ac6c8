from pathlib import Path
from typing import Any

import pytest

from reprollm.compare.causes import Cause
from reprollm.compare.explanation import explain, is_numeric
from reprollm.compare.levels import Level, Tokens
from reprollm.compare.runs import Comparison, Row, Side
from reprollm.compare.verdict import Outcome, Verdict, judge
from reprollm.ledger.read import RECORDED, UNATTESTED, Run

ONE = Tokens([5, 6, 7], [-0.5, -0.25, -1.0], [3.0, 2.0, 0.5])


def side(dtype: str = "bfloat16", attestation: str = RECORDED, **engine: Any) -> Side:
    run = Run(
        run="ab" * 32, plan="cd" * 32, experiment="tiny", planned=3, answered=3, attempts=1,
        started="2026-11-21", ended=None, reused=0, trust="owned", attestation=attestation,
    )  # fmt: skip
    facts = {"plan": {"engine": {"dtype": dtype}}, "engine": {"policy": "strict", **engine}}
    return Side(Path("ledger"), run, 0, 0, facts)


def row(item: str, second: Tokens, dtype: str = "bfloat16") -> Row:
    same = list(second.ids) == list(ONE.ids)
    return Row(item * 16, item, "greedy", "0", 0, judge(same, dtype, ONE, second))


def compared(*rows: Row, causes: tuple[Cause, ...] = (), **sides: Side) -> Comparison:
    first = sides.get("first", side())
    return Comparison(first, sides.get("second", side()), list(rows), 0, 0, 0.0, list(causes))


def flipped(margin: float, drift: float = 0.0) -> Tokens:
    return Tokens([5, 9, 7], [-0.5 - drift, -0.25, -1.0], [3.0, margin, 0.5])


def test_equal_bits_need_no_further_word() -> None:
    assert explain(compared(row("a", ONE), row("b", ONE))) == [
        "the runs together reach level L3: 2 at L3 (bit-identical)"
    ]


def test_the_lowest_level_is_that_of_the_whole() -> None:
    moved = Tokens(ONE.ids, [-0.5, -0.25, -1.0625], ONE.margins)
    found = compared(row("a", ONE), row("b", moved), causes=(Cause("torch", "2.13", "2.14"),))
    assert found.level is Level.TOLERANCE
    assert explain(found) == [
        "the runs together reach level L2: 1 at L3 (bit-identical), 1 at L2 (log-probabilities "
        "within a few units in the last place)",
        "most likely cause: torch, 2.13 in the first run and 2.14 in the second",
    ]


def test_a_near_tie_is_what_rounding_does() -> None:
    first, *rest = explain(compared(row("a", ONE), row("b", flipped(0.125))))
    assert first.startswith("the runs together reach level L0")
    assert rest == [
        "first differing tokens: step 1 at the earliest (item b), step 1 at the latest",
        "the best two tokens were 2 to 2 units in the last place of bfloat16 apart there, logits "
        "taken to lie between 8 and 16",
        "1 of 1 differ by what rounding does (at most 4 units): another processor, library, "
        "thread count or batch suffices",
        "nothing recorded around the runs differs",
    ]


def test_a_wide_margin_or_a_drift_before_it_speaks_for_something_else() -> None:
    found = explain(compared(row("a", flipped(1.5)), row("b", flipped(0.0, drift=2.0))))
    assert "2 of 2 differ by more than rounding does: look for other weights" in found[3]


@pytest.mark.parametrize(
    ("dtype", "second", "expected"),
    [
        ("bfloat16", flipped(0.25), True),
        ("bfloat16", flipped(0.26), False),
        ("bfloat16", flipped(0.0, drift=0.25), True),
        ("bfloat16", flipped(0.0, drift=0.26), False),
        ("float32", flipped(1e-4), True),
        ("float32", flipped(1e-3), False),
        ("native", flipped(0.0), None),
        ("bfloat16", Tokens([5, 9, 7], [], []), False),
    ],
)
def test_what_rounding_explains_depends_on_the_type(
    dtype: str, second: Tokens, expected: bool | None
) -> None:
    assert is_numeric(judge(False, dtype, ONE, second), dtype) is expected


def test_without_margins_nothing_is_said_of_them() -> None:
    bare = Tokens([5, 6, 7], [], [])
    verdict = judge(False, "float32", bare, Tokens([5, 9], [], []))
    found = explain(compared(Row("a" * 16, "a", "greedy", "0", 0, verdict)))
    assert found[2] == "no margin between the best two tokens was recorded there"
    assert is_numeric(verdict, "float32") is None


def test_fast_batches_are_named_where_nothing_else_differs() -> None:
    fast = side(policy="fast")
    found = explain(compared(row("a", flipped(0.0)), first=fast, second=fast))
    assert "under the fast batch policy an answer depends on which others" in found[-1]


def test_missing_requests_leave_no_level_for_the_whole() -> None:
    missing = Row("b" * 16, "b", "greedy", "0", 0, Verdict(Outcome.ONLY_FIRST))
    found = compared(row("a", ONE), missing)
    assert found.level is None
    assert "reach no level, as requests are missing: 1 at L3" in explain(found)[0]


def test_texts_alone_have_no_levels() -> None:
    theirs = side(attestation=UNATTESTED)
    same = Row("a" * 16, "a", "greedy", None, 0, Verdict(Outcome.SAME_TEXT))
    assert explain(compared(same, second=theirs)) == []
