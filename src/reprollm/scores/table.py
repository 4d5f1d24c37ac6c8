"""The table of item scores, as Parquet for whoever works on with it."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

import pandera.pyarrow as frame
import pyarrow as pa
import pyarrow.parquet as pq

from reprollm.errors import StorageFailed
from reprollm.scores.aggregate import ItemScore

_ROWS = 32_768
_COLUMNS = pa.schema(
    [
        ("index", pa.int64()),
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

    index: int = frame.Field(ge=0)
    request: str
    item: str
    stratum: str = frame.Field(nullable=True)
    sampling: str
    seed: str = frame.Field(nullable=True)
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


def write_item_scores(path: Path, items: Iterable[ItemScore]) -> None:
    """Write the table to `path` as the items come, replacing an older one whole.

    Raises:
        StorageFailed: the file system refused; an older table is as it was.
    """
    temporary = path.with_name(f".tmp-{os.getpid()}-{path.name}")
    remaining = iter(items)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            with pq.ParquetWriter(temporary, _COLUMNS, compression="zstd") as writer:
                while rows := list(islice(remaining, _ROWS)):
                    writer.write_table(item_score_table(rows))
            temporary.replace(path)
        finally:
            temporary.unlink(missing_ok=True)
    except OSError as error:
        raise StorageFailed(
            f"could not write {path}: {error.strerror or error}; make room or allow writing and "
            "score again"
        ) from error


def _row(item: ItemScore) -> dict[str, Any]:
    return {
        "index": item.index,
        "request": item.request,
        "item": item.item,
        "stratum": item.stratum,
        "sampling": item.sampling,
        "seed": item.seed,
        "repetition": item.repetition,
        "score": item.score,
        "numerator": item.ratio.numerator,
        "denominator": item.ratio.denominator,
        "value": item.ratio.value,
        "runaway": item.runaway,
    }
