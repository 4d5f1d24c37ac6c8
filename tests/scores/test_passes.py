from collections import deque

from reprollm.scores.passes import passes_of
from reprollm.scores.settings import Settings
from reprollm.scores.summary import Summary
from scores.answers import answer, one, rows

EXACT = Settings(("exact_match",))


def asked(outputs_by_pass, **facts):
    """Return repetitions of a few items, one list of outputs each."""
    return [
        answer(10 * repetition + item, output, "r",
               item=f"i{item}", repetition=repetition, **facts)
        for repetition, outputs in enumerate(outputs_by_pass)
        for item, output in enumerate(outputs)
    ]  # fmt: skip


def test_passes_that_repeat_an_earlier_one_byte_for_byte_are_counted_once():
    found = one(rows(asked([["r", "w"], ["r", "w"], ["r", "r"]]), EXACT), level="all")
    assert (found.asked, found.distinct, found.n, found.items) == (3, 2, 4, 2)
    assert found.value == "0.750000"
    assert found.warnings == ("identical-passes",)


def test_one_differing_byte_makes_a_pass_of_its_own():
    found = one(rows(asked([["r", "w"], ["r", "w "]]), EXACT), level="all")
    assert (found.asked, found.distinct, found.n, found.warnings) == (2, 2, 4, ())


def test_a_pass_over_fewer_items_is_none_of_the_same():
    answers = asked([["r", "w"], ["r"]])
    assert passes_of(answers).folded == frozenset()


def test_the_same_answers_to_other_items_are_no_repetition():
    answers = [
        answer(0, "r", "r", item="a"),
        answer(1, "w", "r", item="b"),
        answer(2, "r", "r", item="b", repetition=1),
        answer(3, "w", "r", item="a", repetition=1),
    ]
    assert passes_of(answers).folded == frozenset()


def test_cells_are_never_folded_into_each_other():
    answers = asked([["r", "w"]]) + asked([["r", "w"]], sampling="warm")
    found = rows(answers, EXACT)
    assert [(row.sampling, row.asked, row.distinct) for row in found] == [
        ("greedy", 1, 1),
        ("warm", 1, 1),
    ]


def test_a_seed_makes_a_pass_as_a_repetition_does():
    answers = [answer(n, "r", "r", item="a", seed=str(n)) for n in range(3)]
    found = one(rows(answers, EXACT), level="all")
    assert (found.asked, found.distinct, found.n) == (3, 1, 1)


def test_an_answer_without_a_reference_tells_passes_apart():
    answers = [
        answer(0, "r", "r", item="a"),
        answer(1, "x", None, item="b"),
        answer(2, "r", "r", item="a", repetition=1),
        answer(3, "y", None, item="b", repetition=1),
    ]
    assert passes_of(answers).folded == frozenset()


def test_digests_cover_folded_answers_too():
    def digest(answers):
        summary = Summary(EXACT, {}, passes_of(answers))
        deque(summary.judged(answers), maxlen=0)
        return summary.rows()[0][1]

    assert digest(asked([["r"], ["r"]])) != digest(asked([["r"]]))
