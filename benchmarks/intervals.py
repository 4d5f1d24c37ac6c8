"""How often the intervals of estimates cover the true value, simulated.

    python benchmarks/intervals.py [--quick] [--rounds N] [--json]

Each round draws answers whose true score is known, scores them as `reprollm score` does, and sees
whether the interval holds that score. The share of rounds in which it does is the coverage; it
comes with its own standard error, which is what the number of rounds leaves to chance.

| case | answers | true value |
| --- | --- | --- |
| wilson | right with probability 0.8, independent | exact match 0.8 |
| bootstrap | 5 to 30 characters, each wrong with probability 0.1 | character error rate 0.1 |
| bootstrap over documents | five of each document, right with a probability that is the document's own: Beta with mean 0.7 and an intraclass correlation of 0.3 | exact match 0.7 |
| documents ignored | the same, the documents not being named | exact match 0.7 |

The last case is no interval that is offered: it shows what becomes of one that takes the answers
about one document for independent.
"""  # noqa: E501

from __future__ import annotations

import argparse
import json
import math
import random
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass

from rich.console import Console

from reprollm.cli.terminal import table
from reprollm.scores.answers import Scorable
from reprollm.scores.items import Place
from reprollm.scores.passes import passes_of
from reprollm.scores.row import Row
from reprollm.scores.settings import Settings
from reprollm.scores.summary import Summary

LEVEL = 0.95
SIZES = (20, 50, 100, 400)
# So many clusters are dealt into groups; a round takes long, so there are fewer.
DEALT, FEWER = 3000, 5
_EACH = 5


@dataclass(frozen=True)
class Covered:
    """What came of one case at one size."""

    case: str
    n: int
    clusters: int
    rounds: int
    coverage: float
    error: float
    level: float = LEVEL


@dataclass(frozen=True)
class Sample:
    """Answers whose true score is known, and the documents of their items."""

    answers: list[Scorable]
    places: dict[str, Place]
    score: str
    aggregation: str
    truth: float


def independent(n: int, draw: random.Random) -> Sample:
    """Return answers that are right with probability 0.8."""
    answers = [_answer(i, "r" if draw.random() < 0.8 else "w", "r") for i in range(n)]
    return Sample(answers, {}, "exact_match", "mean_of_ratios", 0.8)


def of_characters(n: int, draw: random.Random) -> Sample:
    """Return answers in which each character is wrong with probability 0.1."""
    answers = []
    for i in range(n):
        length = draw.randint(5, 30)
        output = "".join("x" if draw.random() < 0.1 else "a" for _ in range(length))
        answers.append(_answer(i, output, "a" * length))
    return Sample(answers, {}, "character_error_rate", "corpus", 0.1)


def of_documents(n: int, draw: random.Random) -> Sample:
    """Return answers of which five are about one document, and as easy as it is."""
    answers: list[Scorable] = []
    places: dict[str, Place] = {}
    strength = 1 / 0.3 - 1
    for document in range(n // _EACH):
        right = draw.betavariate(0.7 * strength, 0.3 * strength)
        for _ in range(_EACH):
            i = len(answers)
            answers.append(_answer(i, "r" if draw.random() < right else "w", "r"))
            places[f"i{i}"] = Place(f"d{document}")
    return Sample(answers, places, "exact_match", "mean_of_ratios", 0.7)


def of_documents_unnamed(n: int, draw: random.Random) -> Sample:
    """Return the same without the documents."""
    known = of_documents(n, draw)
    return Sample(known.answers, {}, known.score, known.aggregation, known.truth)


CASES: dict[str, Callable[[int, random.Random], Sample]] = {
    "wilson": independent,
    "bootstrap": of_characters,
    "bootstrap over documents": of_documents,
    "documents ignored": of_documents_unnamed,
}


def estimate(sample: Sample, resamples: int = 999, seed: str = "1") -> Row:
    """Return the estimate of a sample's score over all answers."""
    settings = Settings((sample.score,), resamples=resamples, seed=seed)
    summary = Summary(settings, sample.places, passes_of(sample.answers))
    deque(summary.judged(sample.answers), maxlen=0)
    return next(row for row, _ in summary.rows() if row.aggregation == sample.aggregation)


def covered(case: str, n: int, rounds: int, resamples: int = 999) -> Covered:
    """Return how often the interval of a case covers the truth.

    An interval that is not made covers nothing.
    """
    draw = random.Random(f"{case} {n}")
    hits, clusters = 0, 0
    for number in range(rounds):
        sample = CASES[case](n, draw)
        row = estimate(sample, resamples, str(number))
        clusters = row.clusters
        if row.low is not None and row.high is not None:
            hits += float(row.low) <= sample.truth <= float(row.high)
    share = hits / rounds
    error = math.sqrt(max(share * (1 - share), 1 / rounds) / rounds)
    return Covered(case, n, clusters, rounds, share, error)


def _answer(index: int, output: str, reference: str) -> Scorable:
    return Scorable(
        index, "0" * 64, f"i{index}", None, "greedy", "0", 0, "stop", output, reference, True, True
    )


def _results(rounds: int) -> Iterator[Covered]:
    for case in CASES:
        for n in SIZES:
            yield covered(case, n, rounds)
    yield covered("bootstrap", DEALT, rounds // FEWER)


def main() -> None:
    """Run the simulation and print its table."""
    parser = argparse.ArgumentParser(description="Coverage of the intervals, simulated.")
    parser.add_argument("--quick", action="store_true", help="100 rounds")
    parser.add_argument("--rounds", type=int, default=1000)
    parser.add_argument("--json", action="store_true", help="print JSON lines")
    arguments = parser.parse_args()
    rounds = 100 if arguments.quick else arguments.rounds
    found = []
    for one in _results(rounds):
        found.append(one)
        if arguments.json:
            print(json.dumps(asdict(one)), flush=True)
    if not arguments.json:
        cells = [
            (one.case, str(one.n), str(one.clusters), f"{one.coverage:.3f}", f"{one.error:.3f}")
            for one in found
        ]
        columns = ("interval", ">n", ">clusters", ">coverage", ">standard error")
        title = f"Coverage of {LEVEL:.0%} intervals in {rounds} rounds ({DEALT}: {rounds // FEWER})"
        Console(width=100).print(table(title, columns, cells))


if __name__ == "__main__":
    main()
