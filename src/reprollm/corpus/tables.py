"""Reader of Parquet files: each row holds a document's text in one column."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from reprollm.corpus.parts import Damaged, Part, Tally

_ROWS = 1024


def read_parquet(path: Path, column: str, tally: Tally) -> Iterator[Part]:
    """Yield the texts of the rows, numbered from 1; a row without a text is counted as unreadable.

    Raises:
        Damaged: the file is no Parquet file, is broken, or lacks the column.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        file = pq.ParquetFile(path, memory_map=False)
        _demand(file, column)
        row = 0
        for batch in file.iter_batches(_ROWS, columns=[column], use_threads=False):
            values = batch.column(0)
            for name in column.split(".")[1:]:
                values = values.field(name)
            for text in values.to_pylist():
                row += 1
                if not isinstance(text, str):
                    tally.unreadable += 1
                    continue
                tally.documents += 1
                tally.characters += len(text)
                yield Part(row, text, last=True)
    except (pa.ArrowException, UnicodeDecodeError) as error:
        raise Damaged(f"it cannot be read as Parquet: {' '.join(str(error).split())}") from None
    except OSError as error:
        if error.errno is not None:
            raise
        raise Damaged(f"it cannot be read as Parquet: {' '.join(str(error).split())}") from None


def _demand(file: object, column: str) -> None:
    names = [field.path for field in file.schema]  # type: ignore[attr-defined]
    if column not in names:
        raise Damaged(
            f"it has no column {column!r:.60} (it has {', '.join(names)[:200]}); name one with "
            "--field"
        )
