"""The score stage: final answers in, one shard of estimate records and a table of item scores out.

Scores are computed from the committed ledger alone, answer by answer. The item scores go to
`scores/<run16>.parquet` in the ledger folder, an export; the digest of each score's table stands in
that score's records, so that a recomputed table can be held against the recorded one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from reprollm.environment.code import code_digest
from reprollm.errors import InvalidInput
from reprollm.ledger.projection import opened
from reprollm.ledger.read import UNATTESTED, Run, current_runs, run_named
from reprollm.records.kinds import new
from reprollm.records.sealed import Sealed
from reprollm.records.shard import ShardReference, publish, read_records
from reprollm.records.time import utc_now
from reprollm.scores.answers import Scorable, final_answers, subject
from reprollm.scores.items import places_of
from reprollm.scores.passes import passes_in
from reprollm.scores.row import Row
from reprollm.scores.settings import settings_of
from reprollm.scores.summary import Summary, estimate_fields
from reprollm.scores.table import write_item_scores

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

# What an import is scored by where nobody says by what.
OF_IMPORTS = ("exact_match", "character_error_rate")
_OWN = ("checkpoint", "code", "created")


@dataclass(frozen=True)
class Scored:
    """The scores of one run and the shard that records them.

    Attributes:
        run: run id, or the id of an import, hex.
        answers: the run's final answers.
        unscored: those of them without a reference, or with a withheld text.
        rows: the estimates.
        shard: None where nothing could be scored.
        unattested: whether they are the answers of an import.
        trust: the weakest class of trust of the run's attempts; None of an import.
        model: the name under which the experiment asked this model, where it asked several.
    """

    run: str
    answers: int
    unscored: int
    rows: tuple[Row, ...]
    shard: ShardReference | None
    unattested: bool = False
    trust: str | None = None
    model: str | None = None


def runs_to_score(ledger: Path, named: str | None = None, names: Sequence[str] = ()) -> list[Run]:
    """Return the runs that a ledger stands for, or the one run or import that is named.

    Args:
        ledger: the ledger folder.
        named: the beginning of the id of a run or import.
        names: the scores that were asked for.

    Raises:
        InvalidInput: the ledger holds no run, or none of that name, or scores are named for a run,
            whose plan names them, or scores of mentions, which no import has.
    """
    runs = [run_named(ledger, named)] if named else current_runs(ledger)
    for run in runs:
        if run.attestation != UNATTESTED and names:
            raise InvalidInput(
                f"expected no names of scores for run {run.run[:16]}, found {names[0]!r:.40}; its "
                "plan names them"
            )
    _expect_of_texts(names)
    return runs


def _expect_of_texts(names: Sequence[str]) -> None:
    """Raise `InvalidInput` for a score of mentions: the answers of imports are texts."""
    from reprollm.experiment.scoring import check_parser

    try:
        check_parser(names, "text")
    except ValueError as error:
        raise InvalidInput(f"{error}, which is how answers of imports are read") from None


def score(
    ledger: Path,
    run: str,
    names: Sequence[str] = (),
    on_answers: Callable[[int], object] = lambda answers: None,
) -> Scored:
    """Score one run or import of a committed ledger, and record the result once.

    Args:
        ledger: the ledger folder.
        run: run id, or the id of an import, hex.
        names: the scores of an import; a run has those that its plan names.
        on_answers: called with the number of answers after each.

    Raises:
        InvalidInput: the ledger holds no such run or import, or a score does not exist.
        StorageFailed: the file system refused.
    """
    with opened(ledger) as connection:
        of = subject(connection, run)
        if of is None:
            raise InvalidInput(f"expected a run or import {run[:16]} in {ledger}, found none")
        places = places_of(connection, of.plan)
        passes = passes_in(connection, of)
        summary = Summary(settings_of(of, names or OF_IMPORTS), places, passes)
        answers = _told(final_answers(connection, of), on_answers)
        write_item_scores(ledger / "scores" / f"{run[:16]}.parquet", summary.take(answers))
        trust, checkpoint = _trust(connection, run), _checkpoint(connection)
    rows = summary.rows()
    said = [estimate_fields(of.run, of.plan, row, table, checkpoint) for row, table in rows]
    return Scored(
        run,
        summary.answers,
        summary.answers - summary.scored,
        tuple(row for row, _ in rows),
        _record(ledger, of.run, said) if said else None,
        of.imported,
        trust,
        str(of.core["model"]) if "model" in of.core else None,
    )


def _told(answers: Iterator[Scorable], on_answers: Callable[[int], object]) -> Iterator[Scorable]:
    for answer in answers:
        on_answers(1)
        yield answer


def _trust(connection: DuckDBPyConnection, run: str) -> str | None:
    found = connection.execute("SELECT trust FROM runs WHERE run = ?", [run]).fetchone()
    trust: str | None = found[0] if found else None
    return trust


def _checkpoint(connection: DuckDBPyConnection) -> dict[str, Any]:
    """Return what the log held when it was read: its newest checkpoint."""
    found = connection.execute("SELECT size, root FROM checkpoint ORDER BY size DESC").fetchone()
    assert found is not None, "a ledger with a run has a checkpoint"
    return {"root": found[1], "size": found[0]}


def _record(ledger: Path, run: str, said: Sequence[dict[str, Any]]) -> ShardReference:
    """Publish the estimates of a run, or return the shard that holds them already."""
    group = f"score-{run[:16]}"
    for path in sorted((ledger / "shards" / group).glob("*.jsonl")):
        records = list(read_records(path))
        if [_lasting(record, said[0]) for record in records] == [
            _lasting(fields, said[0]) for fields in said
        ]:
            return ShardReference(group, path.stem, len(records))
    own = {"code": code_digest("score"), "created": utc_now()}
    return publish(ledger, group, [Sealed(new("estimate", **fields, **own)) for fields in said])


def _lasting(record: dict[str, Any], names: dict[str, Any]) -> dict[str, Any]:
    """Return what a record says of the answers, whenever it was made and by which code."""
    return {name: record.get(name) for name in names if name not in _OWN}
