"""The table of item scores, as Parquet for whoever works on with it."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from itertools import islice
from pathlib import Path

import pandera.pyarrow as frame
import pyarrow as pa
import pyarrow.parquet as pq

from reprollm.errors import StorageFailed
from reprollm.scores.judged import ItemScore
from reprollm.scores.parsers import STATUSES

_ROWS = 32_768
_COLUMNS = pa.schema(
    [
        ("index", pa.int64()),
        ("request", pa.string()),
        ("item", pa.string()),
        ("stratum", pa.string()),
        ("document", pa.string()),
        ("split", pa.string()),
        ("sampling", pa.string()),
        ("seed", pa.string()),
        ("repetition", pa.int64()),
        ("score", pa.string()),
        ("counts", pa.string()),
        ("value", pa.float64()),
        ("status", pa.string()),
        ("runaway", pa.bool_()),
        ("counted", pa.bool_()),
    ]
)


class ItemScores(frame.DataFrameModel):
    """One score of one final answer a row; `value` is null where the score is undefined."""

    index: int = frame.Field(ge=0)
    request: str
    item: str
    stratum: str = frame.Field(nullable=True)
    document: str = frame.Field(nullable=True)
    split: str = frame.Field(nullable=True)
    sampling: str
    seed: str = frame.Field(nullable=True)
    repetition: int = frame.Field(ge=0)
    score: str
    counts: str
    value: float = frame.Field(nullable=True)
    status: str = frame.Field(isin=STATUSES)
    runaway: bool
    counted: bool

    class Config:
        """No column beyond these."""

        strict = True


def item_score_table(items: Sequence[ItemScore]) -> pa.Table:
    """Return item scores as a validated Arrow table, one row an item and score."""
    columns = [
        pa.array([getattr(item, column.name) for item in items], column.type) for column in _COLUMNS
    ]
    return ItemScores.validate(pa.table(columns, schema=_COLUMNS))


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
