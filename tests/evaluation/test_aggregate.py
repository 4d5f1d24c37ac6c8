from __future__ import annotations

from fractions import Fraction
from pathlib import Path

from evaluation.published_files import COLUMNS, write
from reprollm.evaluation.aggregate import Aggregate, Settings, aggregates
from reprollm.evaluation.evaluate import Asked, Evaluation, evaluate
from reprollm.evaluation.rates import RATES, as_they_are, rate
from reprollm.evaluation.source import Columns, Item
from reprollm.scores.row import decimal
from reprollm.scores.settings import Settings as Settings_
from scores.answers import answer, rows

CER, CUT = "character_error_rate", "character_error_reduction"


def items(texts: list[tuple[str, str, str]], system: str = "s") -> list[Item]:
    """Return items of (source, reference, output), each a document of its own."""
    return [
        Item(system, "f", place, place, str(place), None, None, reference, output, source, {})
        for place, (source, reference, output) in enumerate(texts, start=1)
    ]


def made(
    texts: list[tuple[str, str, str]], settings: Settings | None = None
) -> dict[tuple[str, str], Aggregate]:
    rows = [rate(item, RATES, as_they_are) for item in items(texts)]
    found = aggregates(rows, RATES, settings or Settings(resamples=99))
    return {(each.score, each.aggregation): each for each in found}


# Edits before and after of references of 10, 10 and 100 characters: 5 to 0, 2 to 1, 10 to 40.
DISAGREEING = [
    ("b" * 5 + "a" * 5, "a" * 10, "a" * 10),
    ("bb" + "a" * 8, "a" * 10, "b" + "a" * 9),
    ("b" * 10 + "a" * 90, "a" * 100, "b" * 40 + "a" * 60),
]


def test_aggregates_are_those_counted_by_hand() -> None:
    found = made(DISAGREEING)
    mean = (Fraction(5, 10) + Fraction(2, 10) + Fraction(10, 100)) / 3
    after = (Fraction(0) + Fraction(1, 10) + Fraction(40, 100)) / 3
    assert found["source_" + CER, "mean_of_ratios"].value == float(mean)
    assert found[CER, "corpus"].value == 41 / 120
    assert found[CER, "median_of_ratios"].value == 0.1
    assert found[CUT, "mean_of_ratios"].value == (1 + 0.5 - 3) / 3
    assert found[CUT, "median_of_ratios"].value == 0.5
    ratio = found[CUT, "ratio_of_means"].value
    assert ratio is not None and abs(ratio - float((mean - after) / mean)) < 1e-15
    assert found[CUT, "corpus"].value == (17 - 41) / 17


def test_rows_without_a_value_are_left_out_and_counted() -> None:
    found = made([*DISAGREEING, ("a", "a", "b"), ("a", "a", "a"), ("x", "", "y")])
    cut = found[CUT, "mean_of_ratios"]
    assert (cut.n, cut.undefined, cut.broken) == (6, 3, 1)
    assert cut.value == (1 + 0.5 - 3) / 3
    assert (found[CER, "mean_of_ratios"].n, found[CER, "mean_of_ratios"].undefined) == (6, 1)


def test_rows_without_a_reference_count_where_experiments_count_them() -> None:
    texts = [*DISAGREEING, ("a", "a", "b"), ("x", "", "y"), ("", "", "abc")]
    found, without = made(texts), made([*texts[:4]])
    answers = [
        answer(n, output, reference, source=source)
        for n, (source, reference, output) in enumerate(texts)
    ]
    names = ("source_" + CER, CER, CUT, "word_error_rate", "exact_match")
    settings = Settings_(names, resamples=99)
    compared = 0
    for row in rows(answers, settings):
        each = found[row.score, row.aggregation]
        assert decimal(each.value) == row.value, row.key
        assert each.undefined == row.undefined, row.key
        if row.score != "exact_match":
            assert each.value == without[row.score, row.aggregation].value
        if each.method == "bootstrap" and row.aggregation != "ratio_of_means":
            assert (decimal(each.low), decimal(each.high)) == (row.low, row.high), row.key
        compared += 1
    assert compared == 10


def test_intervals_hold_their_values_and_are_the_same_again() -> None:
    texts = [("ab" * 5, "aa" * 5, "a" * n + "b" * (10 - n)) for n in range(1, 11)] * 3
    first, again = made(texts), made(texts)
    assert first == again
    for (score, aggregation), each in first.items():
        if aggregation == "median_of_ratios" or score.startswith("source"):
            continue
        assert each.low is not None and each.high is not None and each.value is not None
        assert each.low <= each.value <= each.high, (score, aggregation)
    assert first["exact_match", "mean_of_ratios"].method == "wilson"


def test_documents_are_drawn_whole() -> None:
    texts = [("ab", "aa", "aa"), ("ab", "aa", "bb")] * 10
    alone = items(texts)
    rows = [rate(item, RATES, as_they_are) for item in alone]
    grouped = [
        rate(
            Item("s", "f", i.number, i.line, i.id, f"d{i.number % 2}", None, i.reference,
                 i.output, i.source, {}),
            RATES,
            as_they_are,
        )
        for i in alone
    ]  # fmt: skip
    single, whole = (
        {(e.score, e.aggregation): e for e in aggregates(each, RATES, Settings())}
        for each in (rows, grouped)
    )
    key = (CER, "mean_of_ratios")
    assert (single[key].clusters, whole[key].clusters) == (20, 2)
    assert whole[key].low == 0.0 and whole[key].high == 1.0
    assert single[key].low is not None and single[key].low > 0.0


def test_one_document_has_no_interval() -> None:
    each = made(DISAGREEING[:1])[CER, "mean_of_ratios"]
    assert (each.low, each.high, each.method) == (None, None, "none")


def evaluation(tmp_path: Path, **files: list[tuple[str, str, str]]) -> Evaluation:
    paths = [
        write(tmp_path / f"{name}.csv", rows, ("ocr", "truth", "made"))
        for name, rows in files.items()
    ]
    columns = Columns(reference="truth", outputs=("made",), source="ocr")
    return evaluate(paths, Asked(columns, intervals=Settings(resamples=99)))


def test_a_sign_that_depends_on_the_aggregation_is_told(tmp_path: Path) -> None:
    said = evaluation(tmp_path, bart=DISAGREEING).warnings
    assert (
        "made: the sign of the character error reduction depends on the aggregation: -50.0% by "
        "mean of ratios, +50.0% by median of ratios, +37.5% by ratio of means, -141.2% by corpus"
    ) in said


def test_a_ranking_that_depends_on_the_aggregation_is_told(tmp_path: Path) -> None:
    other = [(source, reference, "bb" + reference[2:]) for source, reference, _ in DISAGREEING]
    said = " ".join(evaluation(tmp_path, bart=DISAGREEING, llama=other).warnings)
    assert "the ranking by character error rate depends on the aggregation (best first)" in said
    assert "by median of ratios bart > llama" in said and "by corpus llama > bart" in said


def test_runaway_empty_and_broken_outputs_are_told(tmp_path: Path) -> None:
    rows = [("aa", "aa", ""), ("ab", "aa", "a" * 100), ("x", "", "x"), ("ab", "aa", "aa")]
    said = evaluation(tmp_path, bart=rows).warnings
    assert "made: 1 of 4 outputs run away and make 97% of all edits in characters" in said
    assert "made: 1 of 4 outputs are empty, and count as they are" in said
    assert any("1 of 4 rows have an empty reference" in each for each in said)
    assert any("1 of 2 rows without a value of the character error" in each for each in said)


def test_strata_have_aggregates_of_their_own(tmp_path: Path) -> None:
    columns = Columns(**{**vars(COLUMNS), "stratum": "Sample ID"})
    found = evaluate([write(tmp_path / "t.csv")], Asked(columns, scores=(CER,)))
    groups = {each.group: each.n for each in found.aggregates}
    assert groups == {None: 6, "a": 2, "b": 2, "c": 2}
