"""The score stage: final answers in, one shard of score records and a table of item scores out.

Scores are computed from the committed ledger alone, answer by answer. The item scores go to
`scores/<run16>.parquet` in the ledger folder, an export; the digest of each score's table stands in
that score's records, so that a recomputed table can be held against the recorded one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from reprollm.errors import InvalidInput
from reprollm.ledger.projection import opened
from reprollm.ledger.read import UNATTESTED, current_run, run_named
from reprollm.records.kinds import new
from reprollm.records.sealed import Sealed
from reprollm.records.shard import ShardReference, publish, read_records
from reprollm.records.time import utc_now
from reprollm.scores.aggregate import Aggregate
from reprollm.scores.answers import final_answers, subject
from reprollm.scores.measures import MEASURES
from reprollm.scores.summary import Summary
from reprollm.scores.table import write_item_scores

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection


@dataclass(frozen=True)
class Scored:
    """The scores of one run and the shard that records them.

    Attributes:
        answers: the run's final answers.
        unscored: those of them without a reference, or with a withheld text.
        shard: None where nothing could be scored.
        unattested: whether they are the answers of an import.
        trust: the weakest class of trust of the run's attempts; None of an import.
    """

    run: str
    answers: int
    unscored: int
    aggregates: list[Aggregate]
    shard: ShardReference | None
    unattested: bool = False
    trust: str | None = None


def score_current(ledger: Path, named: str | None = None, names: Sequence[str] = ()) -> Scored:
    """Score the final answers of the run that a ledger stands for, and record the result once.

    Args:
        ledger: the ledger folder.
        named: the beginning of the id of another run or import.
        names: the scores of an import; all that there are without any.

    Raises:
        InvalidInput: the ledger holds no run, or none of that name, or a score does not exist, or
            scores are named for a run, whose plan names them.
    """
    run = run_named(ledger, named) if named else current_run(ledger)
    if run.attestation != UNATTESTED and names:
        raise InvalidInput(
            f"expected no names of scores for run {run.run[:16]}, found {names[0]!r:.40}; its plan "
            "names them"
        )
    return score(ledger, run.run, names or tuple(MEASURES))


def score(ledger: Path, run: str, names: Sequence[str] | None = None) -> Scored:
    """Score one run or import of a committed ledger, and record the result once.

    Args:
        ledger: the ledger folder.
        run: run id, or the id of an import, hex.
        names: the scores of an import; a run has those that its plan names.

    Raises:
        InvalidInput: the ledger holds no such run or import, or a score does not exist.
        StorageFailed: the file system refused.
    """
    with opened(ledger) as connection:
        of = subject(connection, run)
        if of is None:
            raise InvalidInput(f"expected a run or import {run[:16]} in {ledger}, found none")
        summary = Summary(names or () if of.names is None else of.names)
        items = summary.take(final_answers(connection, of))
        write_item_scores(ledger / "scores" / f"{run[:16]}.parquet", items)
        trust = _trust(connection, run)
    rows = summary.rows()
    shard = _record(ledger, of.run, of.plan, rows) if rows else None
    unscored = summary.answers - summary.scored
    found = [row for row, _ in rows]
    return Scored(run, summary.answers, unscored, found, shard, of.imported, trust)


def _trust(connection: DuckDBPyConnection, run: str) -> str | None:
    found = connection.execute("SELECT trust FROM runs WHERE run = ?", [run]).fetchone()
    trust: str | None = found[0] if found else None
    return trust


def score_fields(run: str, plan: str, row: Aggregate, table: str) -> dict[str, Any]:
    """Return what a score record must say of one aggregate; only its time is its own.

    Args:
        run: run id, or the id of an import, hex.
        plan: plan id, or the id of the import again, hex.
        row: the aggregate.
        table: digest of the table of item scores of this score, hex.
    """
    return {
        "run": run,
        "plan": plan,
        "score": row.score,
        "sampling": row.sampling,
        "level": row.level,
        "stratum": row.stratum,
        "aggregation": row.aggregation,
        "value": row.decimal(),
        "n": row.n,
        "undefined": row.undefined,
        "runaway": row.runaway,
        "table_sha256": table,
    }


def _record(
    ledger: Path, run: str, plan: str, rows: Sequence[tuple[Aggregate, str]]
) -> ShardReference:
    """Publish the score records of a run, or return the shard that holds them already."""
    group = f"score-{run[:16]}"
    said = [score_fields(run, plan, row, table) for row, table in rows]
    for path in sorted((ledger / "shards" / group).glob("*.jsonl")):
        records = list(read_records(path))
        if [{name: record.get(name) for name in said[0]} for record in records] == said:
            return ShardReference(group, path.stem, len(records))
    created = utc_now()
    sealed = [Sealed(new("score", **fields, created=created)) for fields in said]
    return publish(ledger, group, sealed)
