"""Every test is dealt out once, and what is named as long or shared is there."""

from __future__ import annotations

from pathlib import Path

from distribution import LONGEST, TOGETHER, by_length, scope

TESTS = Path(__file__).parent


def test_what_is_named_exists() -> None:
    assert [name for name in (*LONGEST, *TOGETHER) if not (TESTS / name).exists()] == []
    assert {scope(f"tests/{name}/test_x.py".replace(".py/test_x", "")) for name in LONGEST} == set(
        LONGEST
    )


def test_a_folder_that_shares_is_one_piece_and_other_files_are_one_each() -> None:
    assert scope("tests/attacks/test_bytes.py::test_a[x::y]") == "attacks"
    assert scope("tests/faults/test_kills.py::test_b") == "faults/test_kills.py"


def test_the_longest_come_first_and_the_others_stay_in_order() -> None:
    named = by_length(["a", LONGEST[1], "b", LONGEST[0]])
    assert named == [LONGEST[0], LONGEST[1], "a", "b"]
