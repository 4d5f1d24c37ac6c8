"""The score stage: final answers in, one shard of score records and a table of item scores out.

Scores are computed from the committed ledger alone. The item scores go to `scores/<run16>.parquet`
in the ledger folder, an export; their digest stands in every score record, so that a recomputed
table can be held against the recorded one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from reprollm.canon import digest, dumps
from reprollm.ledger.read import Answer, Run, current_run, final_answers, plan_of
from reprollm.records.kinds import new
from reprollm.records.sealed import Sealed
from reprollm.records.shard import ShardReference, publish, read_records
from reprollm.records.time import utc_now
from reprollm.scores.aggregate import Aggregate, ItemScore, aggregate
from reprollm.scores.measures import measure
from reprollm.scores.table import write_item_scores


@dataclass(frozen=True)
class Scored:
    """The scores of one run and the shard that records them.

    Attributes:
        answers: the run's final answers.
        unscored: those of them without a reference, or with a withheld text.
        shard: None where nothing could be scored.
    """

    run: str
    answers: int
    unscored: int
    aggregates: list[Aggregate]
    shard: ShardReference | None


def score_current(ledger: Path) -> Scored:
    """Score the final answers of the run that a ledger stands for, and record the result once.

    Raises:
        InvalidInput: the ledger holds no run, or the plan asks for a score that does not exist.
    """
    run = current_run(ledger)
    answers = list(final_answers(ledger, run.run))
    items = item_scores(answers, plan_of(ledger, run).core["scores"])
    aggregates = aggregate(items)
    write_item_scores(ledger / "scores" / f"{run.run[:16]}.parquet", items)
    shard = _record(ledger, run, aggregates, table_digest(items)) if aggregates else None
    unscored = len(answers) - len({(item.request, item.item) for item in items})
    return Scored(run.run, len(answers), unscored, aggregates, shard)


def item_scores(answers: Sequence[Answer], names: Sequence[str]) -> list[ItemScore]:
    """Return one score for each answer that has a reference, for each named measure.

    An answer whose text is withheld has no score here.
    """
    measures = [(name, measure(name)) for name in names]
    return [
        ItemScore(
            request=answer.request,
            item=answer.item,
            stratum=answer.stratum,
            sampling=answer.sampling,
            seed=answer.seed,
            repetition=answer.repetition,
            score=name,
            ratio=ratio_of(answer.output, answer.reference),
            runaway=answer.finish == "length",
        )
        for name, ratio_of in measures
        for answer in answers
        if answer.output is not None and answer.reference is not None
    ]


def table_digest(items: Sequence[ItemScore]) -> str:
    """Return the digest of a table of item scores, independent of how the table is stored."""
    lines = sorted(
        dumps(
            {
                "request": item.request,
                "score": item.score,
                "numerator": item.ratio.numerator,
                "denominator": item.ratio.denominator,
                "runaway": item.runaway,
            }
        )
        for item in items
    )
    return digest("reprollm/scores/v1", *lines)


def _record(ledger: Path, run: Run, aggregates: Sequence[Aggregate], table: str) -> ShardReference:
    """Publish the score records of a run, or return the shard that holds them already."""
    group = f"score-{run.run[:16]}"
    for path in sorted((ledger / "shards" / group).glob("*.jsonl")):
        records = list(read_records(path))
        if records and all(record["table_sha256"] == table for record in records):
            return ShardReference(group, path.stem, len(records))
    created = utc_now()
    return publish(ledger, group, [_sealed(run, row, table, created) for row in aggregates])


def _sealed(run: Run, row: Aggregate, table: str, created: str) -> Sealed:
    record = new(
        "score",
        run=run.run,
        plan=run.plan,
        score=row.score,
        sampling=row.sampling,
        level=row.level,
        stratum=row.stratum,
        aggregation=row.aggregation,
        value=row.decimal(),
        n=row.n,
        undefined=row.undefined,
        runaway=row.runaway,
        table_sha256=table,
        created=created,
    )
    return Sealed(record)
