"""Parquet files: columns of texts, numbers and lists."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

from reprollm.errors import DataInvalid
from reprollm.experiment.importers.imported import Imported, Record, content_of

_SCALARS = (bool, int, float)


@dataclass(frozen=True)
class Parquet:
    """A table in a Parquet file.

    Attributes:
        columns: those that are read; all without any.
    """

    columns: tuple[str, ...] = ()

    endings: ClassVar[tuple[str, ...]] = ()

    def read(self, path: Path) -> Imported:
        """Return the rows; null is an empty text, what is nested is JSON, bytes are refused."""
        import pyarrow as pa
        import pyarrow.parquet as pq

        content = content_of(path)
        try:
            table = pq.read_table(pa.BufferReader(content), columns=list(self.columns) or None)
        except (pa.ArrowException, OSError) as error:
            said = str(error).splitlines()[0] if str(error) else "no reason given"
            raise DataInvalid(
                f"expected a Parquet file in {path}, found another or a damaged one ({said:.200})"
            ) from None
        missing = [name for name in self.columns if name not in table.column_names]
        if missing:
            raise DataInvalid(
                f"expected the column {missing[0]!r} in {path}, found "
                f"{', '.join(table.column_names)}"
            )
        rows = tuple(_rows(table, str(path)))
        if not rows:
            raise DataInvalid(f"expected at least one row in {path}, found none")
        return Imported(tuple(table.column_names), rows, hashlib.sha256(content).hexdigest())


def _rows(table: Any, file: str) -> Iterator[Record]:
    number = 0
    for batch in table.to_batches(max_chunksize=4096):
        for values in batch.to_pylist():
            number += 1
            cells = {name: _cell(value, name, number, file) for name, value in values.items()}
            yield Record(cells, file, number)


def _cell(value: Any, column: str, row: int, file: str) -> str:
    if value is None:
        return ""
    if isinstance(value, str):
        return value
    if isinstance(value, bytes):
        raise DataInvalid(
            f"expected texts, numbers or lists in the column {column!r} of {file}, found bytes in "
            f"row {row}; store texts as strings"
        )
    if isinstance(value, _SCALARS):
        return json.dumps(value)
    if isinstance(value, dict | list):
        return json.dumps(value, ensure_ascii=False, default=str)
    return str(value)
