"""The table of item scores, as Parquet for whoever works on with it."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pandera.pyarrow as frame
import pyarrow as pa
import pyarrow.parquet as pq

from reprollm.scores.aggregate import ItemScore

_COLUMNS = pa.schema(
    [
        ("request", pa.string()),
        ("item", pa.string()),
        ("stratum", pa.string()),
        ("sampling", pa.string()),
        ("seed", pa.string()),
        ("repetition", pa.int64()),
        ("score", pa.string()),
        ("numerator", pa.int64()),
        ("denominator", pa.int64()),
        ("value", pa.float64()),
        ("runaway", pa.bool_()),
    ]
)


class ItemScores(frame.DataFrameModel):
    """One score of one final answer a row; `value` is null where the score is undefined."""

    request: str
    item: str
    stratum: str = frame.Field(nullable=True)
    sampling: str
    seed: str
    repetition: int = frame.Field(ge=0)
    score: str
    numerator: int = frame.Field(ge=0)
    denominator: int = frame.Field(ge=0)
    value: float = frame.Field(nullable=True, ge=0)
    runaway: bool

    class Config:
        """No column beyond these."""

        strict = True


def item_score_table(items: Sequence[ItemScore]) -> pa.Table:
    """Return item scores as a validated Arrow table, one row an item and score."""
    return ItemScores.validate(pa.Table.from_pylist([_row(item) for item in items], _COLUMNS))


def write_item_scores(path: Path, items: Sequence[ItemScore]) -> None:
    """Write the table to `path`, replacing an older one whole."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".tmp-{os.getpid()}-{path.name}")
    pq.write_table(item_score_table(items), temporary, compression="zstd")
    temporary.replace(path)


def _row(item: ItemScore) -> dict[str, Any]:
    row = asdict(item)
    ratio = row.pop("ratio")
    return {**row, **ratio, "value": item.ratio.value}
