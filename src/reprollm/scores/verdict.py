"""What came of recomputing the scores of a log, and the sentences that judges share."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from reprollm.errors import ScoreMismatch
from reprollm.ledger.report import Problem

Said: TypeAlias = dict[str, Any]
OnAnswers: TypeAlias = Callable[[int], None]
SAME, WRONG, NOT_RECOMPUTED = "same", "WRONG", "not recomputed"
_SHOWN = 3


@dataclass(frozen=True)
class ScoredRun:
    """The summary of one run or import, as recorded and as recomputed.

    Attributes:
        run: run id, or the id of an import, hex.
        position: place of the first of its records in the log.
        verdict: `same` where the recorded rows are those that the answers give, `WRONG` where they
            are not, `not recomputed` where nobody can tell here.
        rows: the recorded rows.
    """

    run: str
    position: int
    verdict: str
    rows: tuple[Said, ...]


@dataclass(frozen=True)
class Judged:
    """One recorded summary as judged.

    Attributes:
        scored: the summary and its verdict.
        answers: number of answers that were scored for it.
        problems: what is not as the answers give it.
        unchecked: sentences that name what could not be recomputed, and why.
    """

    scored: ScoredRun
    answers: int
    problems: tuple[Problem, ...]
    unchecked: tuple[str, ...]


@dataclass(frozen=True)
class Group:
    """The records of one kind in one shard about one run, in log order."""

    run: str
    position: int
    records: list[Said]

    def judged(self, answers: int, problems: Sequence[str], unchecked: Sequence[str]) -> Judged:
        """Return the verdict that problems, or what could not be checked, make."""
        verdict = WRONG if problems else NOT_RECOMPUTED if unchecked else SAME
        return Judged(
            ScoredRun(self.run, self.position, verdict, tuple(self.records)),
            answers,
            tuple(Problem(ScoreMismatch.__name__, sentence) for sentence in problems),
            tuple(unchecked),
        )


Key: TypeAlias = tuple[Any, ...]


def differences(
    records: Sequence[Said],
    expected: dict[Key, Said],
    names: Sequence[str],
    words: Callable[[Key], str],
) -> Iterator[str]:
    """Yield in words what records say otherwise than the rows that the answers give.

    Args:
        records: as recorded.
        expected: what a record must say, by the values of `names`.
        names: the fields that tell rows apart.
        words: a row in words.
    """
    seen: set[Key] = set()
    for record in records:
        key = tuple(record[name] for name in names)
        if key in seen:
            yield f"{words(key)} is recorded twice"
        elif key not in expected:
            yield f"{words(key)} is recorded, the answers give no such row"
        else:
            yield from _fields(words(key), record, expected[key])
        seen.add(key)
    for key in expected:
        if key not in seen:
            yield f"{words(key)} is not recorded, the answers give {expected[key]['value']}"


def _fields(row: str, record: Said, expected: Said) -> Iterator[str]:
    wrong = [name for name, value in expected.items() if record[name] != value]
    if wrong:
        said = ", ".join(f"{name} {record[name]}" for name in wrong)
        right = ", ".join(f"{name} {expected[name]}" for name in wrong)
        yield f"{row}: expected {right} from the answers, found {said}"


def untenable(
    records: Sequence[Said],
    names: Sequence[str],
    plan: str,
    scores: Sequence[str] | None,
    answers: int,
) -> Iterator[str]:
    """Yield in words what is wrong with records whatever the withheld texts are.

    Args:
        records: as recorded.
        names: the fields that tell rows apart.
        plan: the run's plan, or the id of the import.
        scores: those that the plan asks for; None where it asks for none.
        answers: final answers that the log holds.
    """
    if len({tuple(record[name] for name in names) for record in records}) < len(records):
        yield "a row is recorded twice"
    for name, right in (("plan", {plan}), ("score", set(scores or ()) or None)):
        found = {record[name] for record in records}
        if right is not None and not found <= right:
            yield f"expected {name} {', '.join(sorted(right))}, found {', '.join(sorted(found))}"
    most = max(record["n"] for record in records)
    if most > answers:
        yield f"a row counts {most} answers, the log holds {answers}"


def shown(where: str, differing: Sequence[str]) -> str:
    """Return the first differences as one sentence."""
    more = f" (and {len(differing) - _SHOWN} more)" if len(differing) > _SHOWN else ""
    return f"{where}: {'; '.join(differing[:_SHOWN])}{more}"
