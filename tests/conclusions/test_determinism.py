from __future__ import annotations

from typing import Any

import pytest

from reprollm.conclusions.determinism import (
    Generated,
    Kept,
    Planned,
    Repeated,
    Said,
    count,
    evidence,
    repeated,
)

RUN, OTHER = "a" * 64, "b" * 64


def planned(index: int, request: str, item: str = "i", greedy: bool = True) -> Planned:
    return Planned(index, request, item, "greedy", "0", greedy)


def generated(position: int, request: str, run: str = RUN, reused: bool = False) -> Generated:
    return Generated(position, run, request, reused)


def found(plan: list[Planned], answers: list[Generated]) -> list[Repeated]:
    return list(repeated(RUN, plan, answers))


def test_a_request_that_is_asked_again_in_its_run_repeats_its_first_answer() -> None:
    answers = [generated(5, "q"), generated(9, "q"), generated(12, "q")]
    assert found([planned(0, "q")], answers) == [
        Repeated("replicates", 0, 5, 0, 9), Repeated("replicates", 0, 5, 0, 12),
    ]  # fmt: skip


def test_another_run_of_the_plan_repeats_it_once() -> None:
    answers = [generated(5, "q"), generated(8, "q", OTHER), generated(9, "q", OTHER)]
    assert found([planned(0, "q")], answers) == [Repeated("reruns", 0, 5, 0, 8)]


def test_repetitions_at_temperature_zero_repeat_the_first_of_them() -> None:
    plan = [planned(0, "q"), planned(1, "r"), planned(2, "s"), planned(3, "t", "j")]
    answers = [generated(9 - index, request) for index, request in enumerate("qrst")]
    assert found(plan, answers) == [
        Repeated("repetitions", 0, 9, 1, 8), Repeated("repetitions", 0, 9, 2, 7),
    ]  # fmt: skip


def test_answers_that_were_drawn_are_not_expected_to_repeat() -> None:
    plan = [planned(0, "q", greedy=False), planned(1, "r", greedy=False)]
    assert found(plan, [generated(5, "q"), generated(6, "r")]) == []


def test_answers_that_were_taken_over_repeat_nothing() -> None:
    answers = [generated(5, "q"), generated(8, "q", OTHER, reused=True)]
    assert found([planned(0, "q")], answers) == []
    answers = [generated(5, "q", reused=True), generated(8, "q", OTHER)]
    assert found([planned(0, "q")], answers) == []


SAID = Said(b"1234", "stop", b"abcd", b"efgh", (10**9,))


def kept(other: Said, within: str | None = None) -> Kept:
    return count([("reruns", SAID, other)], within)["reruns"]


@pytest.mark.parametrize(
    ("other", "bitwise", "tokens"),
    [
        (SAID, 1, 1),
        (Said(b"1234", "stop", b"abcx", b"efgh"), 0, 1),
        (Said(b"1234", "stop", b"abcd", b"efgx"), 0, 1),
        (Said(b"1234", "stop", b"abcd", b""), 1, 1),
        (Said(b"1234", "length", b"abcd", b"efgh"), 0, 0),
        (Said(b"1235", "stop", b"abcd", b"efgh"), 0, 0),
    ],
)
def test_classes_are_kept_by_bits_and_by_tokens(other: Said, bitwise: int, tokens: int) -> None:
    counted = kept(other)
    assert (counted.kept["bitwise"], counted.kept["tokens"]) == (bitwise, tokens)
    assert (counted.compared["bitwise"], counted.compared["tokens"]) == (1, 1)


def test_bits_that_an_engine_does_not_give_are_not_compared() -> None:
    counted = kept(Said(b"1234", "stop", b"", b""))
    assert (counted.compared["bitwise"], counted.compared["tokens"]) == (0, 1)


@pytest.mark.parametrize(
    ("values", "keeps"),
    [((10**9 - 10**6,), 1), ((10**9 - 10**6 - 1,), 0), ((None,), 0)],
)
def test_scores_may_lie_apart_by_the_declared_distance(
    values: tuple[int | None, ...], keeps: int
) -> None:
    counted = kept(Said(b"9", "stop", b"", b"", values), "0.001")
    assert (counted.compared["score"], counted.kept["score"]) == (1, keeps)


@pytest.mark.parametrize(
    ("compared", "keeps", "verdict", "rate"),
    [(0, 0, "not measured", None), (3, 3, "holds", "1"), (4, 3, "fails", "0.75")],
)
def test_a_class_holds_where_every_repetition_keeps_it(
    compared: int, keeps: int, verdict: str, rate: str | None
) -> None:
    counted = count([], None)
    counted["reruns"].compared["tokens"] = compared
    counted["reruns"].kept["tokens"] = keeps
    said: Any = evidence({"class": "tokens", "within": None}, counted)
    assert (said["verdict"], said["rate"]) == (verdict, rate)
