"""Two arms side by side, item by item: of two ledgers, or of two cells of one.

Requests of different models or templates share no id, so nothing of them is reproduced or not. What
can be said is how their scores differ over the same items, where their answers part, and what else
differs between them: the manifests of their models, their engines, machines and prompts. It is
computed from whole ledgers and recorded nowhere; what an experiment declares is (`conclude`).
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from reprollm.canon import Json
from reprollm.compare.causes import Cause, causes
from reprollm.compare.runs import facts_of
from reprollm.conclusions.answers import Answered, Arm, Standing
from reprollm.conclusions.arms import arm_meant
from reprollm.conclusions.pair import Compared, Exchanges, Intervals, compare, evidence, family
from reprollm.conclusions.pairing import Part
from reprollm.conclusions.parted import Parted, parted
from reprollm.conclusions.reading import standing_of
from reprollm.errors import InvalidInput
from reprollm.ledger.projection import opened
from reprollm.ledger.read import UNATTESTED, Run, current_runs, final_answers
from reprollm.scores.answers import END_OF_LOG
from reprollm.scores.measures import measure
from reprollm.scores.parsers import parser

# Sections of a plan that say what is made of the answers, or list all cells at once.
_NOT_OF_AN_ARM = (
    "answer", "claims", "comparisons", "determinism", "experiment_sha256", "intervals", "model",
    "prompts", "sampling", "scores", "title",
)  # fmt: skip


@dataclass(frozen=True)
class Side:
    """One arm: its ledger, its run, its name there, and what its plan was made from."""

    ledger: Path
    run: Run
    arm: Arm
    core: Mapping[str, Any]


@dataclass(frozen=True)
class Beside:
    """Two arms side by side.

    Attributes:
        scores: the evidence of a comparison on each score that both plans name.
        same: answers with the same text.
        parted: answers with different texts, in the first arm's order.
        alone: answers of one arm without a counterpart in the other.
        causes: facts that differ, most likely first.
        withheld: what is not opened, in words.
    """

    of: Side
    against: Side
    scores: tuple[dict[str, Json], ...]
    same: int
    parted: tuple[Parted, ...]
    alone: int
    causes: tuple[Cause, ...]
    withheld: tuple[str, ...]


def sides_of(ledger: Path, runs: Iterable[Run] | None = None) -> list[Side]:
    """Return the arms of a ledger: those of all runs that it stands for, or of some runs.

    Raises:
        InvalidInput: the ledger holds no run of its own.
    """
    found = []
    with opened(ledger) as connection:
        for run in current_runs(ledger) if runs is None else runs:
            if run.attestation == UNATTESTED:
                continue
            standing = standing_of(connection, run.run, END_OF_LOG, set(), ())
            found += [Side(ledger, run, arm, standing.core) for arm in standing.arms]
    if not found:
        raise InvalidInput(
            f"expected a run that was recorded in {ledger}, found none; imports are compared by "
            "their texts alone"
        )
    return found


def side_meant(sides: Sequence[Side], wanted: Mapping[str, str], where: str) -> Side:
    """Return the side whose arm is meant; raise `InvalidInput` unless it is just one."""
    arm = arm_meant((side.arm for side in sides), wanted, where)
    return next(side for side in sides if side.arm == arm)


def alike(first: Sequence[Side], second: Sequence[Side]) -> list[tuple[Side, Side]]:
    """Return the arms of two runs that belong together: of the same cell, or each the only one."""
    if len(first) == len(second) == 1:
        return [(first[0], second[0])]
    by_cell = {side.arm.cell: side for side in second}
    return [(side, by_cell[side.arm.cell]) for side in first if side.arm.cell in by_cell]


def beside(of: Side, against: Side) -> Beside:
    """Return two arms side by side."""
    # Held open over the comparison, whose parts then need not each open the files afresh.
    with opened(of.ledger), opened(against.ledger):
        return _beside(of, against)


def _beside(of: Side, against: Side) -> Beside:
    common = [name for name in of.core.get("scores", []) if name in against.core.get("scores", [])]
    withheld: set[str] = set()
    first, one = _answered(of, common, withheld)
    _, other = _answered(against, common, withheld)
    made, exchanges = Intervals.from_core(of.core), Exchanges()
    found = [
        compare(one, other, measure(name), first.items, Part(), made, exchanges) for name in common
    ]
    said = parted(
        (each for each in final_answers(of.ledger, of.run.run) if each.sampling == of.arm.cell),
        (
            each
            for each in final_answers(against.ledger, against.run.run)
            if each.sampling == against.arm.cell
        ),
        by_tokens=of.core.get("tokenizer") == against.core.get("tokenizer"),
    )
    return Beside(
        of=of,
        against=against,
        scores=tuple(_evidence(found, first)),
        same=said.same,
        parted=said.parted,
        alone=said.alone,
        causes=tuple(causes(_facts(of), _facts(against))),
        withheld=tuple(sorted(withheld)),
    )


def _answered(side: Side, names: Sequence[str], withheld: set[str]) -> tuple[Standing, Answered]:
    with opened(side.ledger) as connection:
        standing = standing_of(connection, side.run.run, END_OF_LOG, withheld, names)
    return standing, next(cell for cell in standing.cells if cell.arm == side.arm)


def _evidence(found: Sequence[Compared], of: Standing) -> Iterable[dict[str, Json]]:
    by = parser(of.core.get("answer")).version
    for each, adjusted in zip(found, family(found, None), strict=True):
        yield evidence(each, by, adjusted, len(found))


def _facts(side: Side) -> dict[str, Any]:
    """Return what surrounds an arm: its model's manifest, its prompt and sampling, its run."""
    facts = facts_of(side.ledger, side.run)
    core = facts["plan"]
    prompts = {each["name"]: each for each in core.get("prompts", [])}
    samplings = {each["name"]: each for each in core.get("sampling", [])}
    return {
        **facts,
        "plan": {name: value for name, value in core.items() if name not in _NOT_OF_AN_ARM},
        "prompt": _unnamed(prompts.get(side.arm.prompt)),
        "sampling": _unnamed(samplings.get(side.arm.sampling)),
        "manifest": _manifest(side.ledger, str(core.get("snapshot", ""))),
    }


def _manifest(ledger: Path, snapshot: str) -> dict[str, Any]:
    """Return what the log says of a snapshot's files: quantization, dtype, architecture."""
    with opened(ledger) as connection:
        row = connection.execute(_SNAPSHOT, [snapshot]).fetchone()
    return {} if row is None else dict(json.loads(row[0]))


def _unnamed(section: Mapping[str, Any] | None) -> dict[str, Any]:
    return {name: value for name, value in (section or {}).items() if name != "name"}


_SNAPSHOT = """
    SELECT canon->'$.facts' FROM log WHERE kind = 'snapshot' AND (canon->>'$.snapshot') = ?
    ORDER BY "position" LIMIT 1
"""
