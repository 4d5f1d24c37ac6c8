"""The conclude stage: a committed ledger in, one shard of comparisons and claims out.

Everything is computed from the log before its last checkpoint, so that whoever has the log computes
it again. The same conclusions are published once, however often they are drawn.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from reprollm.canon import Json
from reprollm.conclusions.conclude import CLAIM, Conclusion, Material, conclusions
from reprollm.conclusions.reading import read
from reprollm.environment import code_digest
from reprollm.errors import InvalidInput, ReprollmError
from reprollm.ledger.projection import opened
from reprollm.records.kinds import new
from reprollm.records.sealed import Sealed
from reprollm.records.shard import ShardReference, publish, read_records
from reprollm.records.time import utc_now

_OWN = ("checkpoint", "code", "created")


@dataclass(frozen=True)
class Concluded:
    """What was concluded.

    Attributes:
        found: the conclusions in the order of their records.
        size: number of records from which they follow.
        root: RFC 6962 root over these, hex.
        shard: the shard that holds them; None where nothing was declared.
    """

    found: tuple[Conclusion, ...]
    size: int
    root: str
    shard: ShardReference | None


def conclude(ledger: Path) -> Concluded:
    """Draw the conclusions that a ledger's experiment declares, and record them once.

    Raises:
        InvalidInput: the ledger holds no run, or not the arms that are declared, or a text that is
            needed is withheld.
        StorageFailed: the file system refused.
    """
    with opened(ledger) as connection:
        row = connection.execute(_LAST).fetchone()
        if row is None:
            raise InvalidInput(
                f"expected a checkpoint in {ledger}, found none; run: reprollm ledger commit"
            )
        size, root = row
        reading = read(connection, size)
        if reading.material is None:
            raise InvalidInput(f"expected a run in {ledger}, found none; run the experiment first")
        found = _drawn(reading.material, ledger)
    if reading.withheld and found:
        raise InvalidInput(
            f"expected all texts of {ledger} to conclude from, found "
            f"{', '.join(sorted(reading.withheld))} withheld; conclude before they are withheld"
        )
    shard = _record(ledger, reading.material.runs[0].run, found, {"size": size, "root": root})
    return Concluded(found, size, root, shard)


def _drawn(material: Material, ledger: Path) -> tuple[Conclusion, ...]:
    """Return the conclusions, or refuse declarations that no experiment can have put there."""
    try:
        return tuple(conclusions(material))
    except ReprollmError:
        raise
    except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError) as error:
        raise InvalidInput(
            f"expected declarations of an experiment in the plan of {ledger}, found some that "
            f"cannot be concluded from ({error!a:.120}); plan the experiment again"
        ) from None


def fields_of(conclusion: Conclusion) -> dict[str, Json]:
    """Return what a record must say of one conclusion; where and when it was drawn is its own."""
    fields: dict[str, Json] = {
        "run": conclusion.run,
        "plan": conclusion.plan,
        conclusion.kind: conclusion.name,
        "evidence": conclusion.evidence,
    }
    if conclusion.kind == CLAIM:
        fields["verdict"] = conclusion.verdict
    return fields


def _record(
    ledger: Path, run: str, found: Sequence[Conclusion], checkpoint: dict[str, Json]
) -> ShardReference | None:
    """Publish the conclusions, or return the last shard if it says the same."""
    if not found:
        return None
    group = f"conclude-{run[:16]}"
    said = [(each.kind, fields_of(each)) for each in found]
    last, records = _last(ledger, group)
    if last is not None and [_said(record) for record in records] == said:
        return ShardReference(group, last.stem, len(records))
    own = {"checkpoint": checkpoint, "code": code_digest("conclude"), "created": utc_now()}
    return publish(ledger, group, [Sealed(new(kind, **fields, **own)) for kind, fields in said])


def _last(ledger: Path, group: str) -> tuple[Path | None, list[dict[str, Any]]]:
    """Return the shard of a group that was concluded last, with its records."""
    shards = [
        (path, list(read_records(path)))
        for path in sorted((ledger / "shards" / group).glob("*.jsonl"))
    ]
    return max(shards, key=lambda shard: _when(shard[1]), default=(None, []))


def _when(records: Sequence[dict[str, Any]]) -> tuple[int, str]:
    return records[0]["checkpoint"]["size"], records[0]["created"]


def _said(record: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    left_out = ("schema", "kind", *_OWN)
    return record["kind"], {name: each for name, each in record.items() if name not in left_out}


_LAST = "SELECT size, root FROM checkpoint ORDER BY size DESC LIMIT 1"
