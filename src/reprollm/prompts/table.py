"""`requests.parquet`: a plan's requests as one table, in the order in which they are asked.

Its schema stands here once, checked by pandera on the way out and on the way in. The same rows give
the same bytes with the same pyarrow; nothing is identified by those bytes.
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from pathlib import Path

import narwhals.stable.v1 as nw
import pandera.pyarrow as pandera
import pyarrow as pa
import pyarrow.parquet as pq
from pandera.errors import SchemaError, SchemaErrors

from reprollm.errors import InvalidInput
from reprollm.prompts.requests import Planned
from reprollm.records.receipt import replace_file

ARROW_SCHEMA = pa.schema(
    [
        ("index", pa.int64()),
        ("request", pa.string()),
        ("item", pa.string()),
        ("stratum", pa.string()),
        ("sampling", pa.string()),
        ("settings", pa.string()),
        ("seed", pa.string()),
        ("repetition", pa.int32()),
        ("prompt", pa.string()),
        ("prompt_ids", pa.list_(pa.uint32())),
        ("source", pa.string()),
        ("reference", pa.string()),
        ("few_shot", pa.list_(pa.string())),
    ]
)


class RequestsTable(pandera.DataFrameModel):
    """One row a request; `settings` is canonical JSON, `few_shot` the ids of the examples."""

    index: nw.Int64 = pandera.Field(ge=0, unique=True)
    request: nw.String = pandera.Field(str_matches="^[0-9a-f]{64}$")
    item: nw.String = pandera.Field(str_length={"min_value": 1})
    stratum: nw.String = pandera.Field(nullable=True)
    sampling: nw.String = pandera.Field(str_length={"min_value": 1})
    settings: nw.String = pandera.Field(str_startswith="{")
    seed: nw.String = pandera.Field(str_matches="^[0-9]+$")
    repetition: nw.Int32 = pandera.Field(ge=0)
    prompt: nw.String = pandera.Field(str_length={"min_value": 1})
    prompt_ids: nw.List = pandera.Field(dtype_kwargs={"inner": nw.UInt32})
    source: nw.String = pandera.Field(nullable=True)
    reference: nw.String = pandera.Field(nullable=True)
    few_shot: nw.List = pandera.Field(dtype_kwargs={"inner": nw.String})

    class Config:
        """No other columns, no other order, and no conversion."""

        strict = True
        ordered = True
        coerce = False


def to_table(rows: Sequence[Planned]) -> pa.Table:
    """Return planned requests as a checked table."""
    columns = {
        "index": [row.index for row in rows],
        "request": [row.asked.request for row in rows],
        "item": [row.prompt.item for row in rows],
        "stratum": [row.prompt.stratum for row in rows],
        "sampling": [row.sampling for row in rows],
        "settings": [row.asked.settings.to_text() for row in rows],
        "seed": [row.asked.seed for row in rows],
        "repetition": [row.repetition for row in rows],
        "prompt": [row.prompt.text for row in rows],
        "prompt_ids": [row.prompt.ids for row in rows],
        "source": [row.prompt.source for row in rows],
        "reference": [row.prompt.reference for row in rows],
        "few_shot": [row.prompt.few_shot for row in rows],
    }
    return _checked(pa.table(columns, schema=ARROW_SCHEMA), "the planned requests")


def write_table(table: pa.Table, path: Path) -> None:
    """Write the table to `path` whole or not at all, replacing what is there.

    Raises:
        StorageFailed: the file system refused; `path` is as it was.
    """
    content = io.BytesIO()
    pq.write_table(table, content, compression="zstd", row_group_size=65536)
    replace_file(path, content.getvalue())


def read_table(path: Path) -> pa.Table:
    """Return the checked table in `path`.

    Raises:
        InvalidInput: the file is missing, is no Parquet, or has other columns or values.
    """
    try:
        table = pq.ParquetFile(path).read()
    except (OSError, pa.ArrowException) as error:
        problem = " ".join(str(error).split())
        raise InvalidInput(
            f"could not read the requests in {path}: {problem:.200}; run `reprollm plan` again"
        ) from None
    return _checked(table, str(path))


def _checked(table: pa.Table, name: str) -> pa.Table:
    try:
        return RequestsTable.validate(table)
    except (SchemaError, SchemaErrors) as error:
        problem = str(error).splitlines()[0]
        raise InvalidInput(
            f"expected the columns and values of requests.parquet in {name}, found: {problem:.300}"
        ) from None
