"""Data files and variants as `reprollm dataset` reads them: strictly, as an experiment does."""

from __future__ import annotations

from pathlib import Path

from reprollm.errors import DataInvalid
from reprollm.experiment.data import read_data
from reprollm.experiment.importers.delimited import Delimited
from reprollm.sealing.table import Format, Table
from reprollm.sealing.wish import Further


def read_table(path: Path, form: Format) -> Table:
    """Return the rows of a data file; raise `DataInvalid` where it is malformed."""
    _check_encoding(form.encoding)
    data = read_data(path, form.id, (form.id,), form.encoding, form.delimiter)
    return Table(data.columns, tuple(row.cells for row in data.rows))


def _check_encoding(name: str) -> None:
    from pydantic import TypeAdapter, ValidationError

    from reprollm.experiment.fields import Encoding

    try:
        TypeAdapter(Encoding).validate_python(name)
    except ValidationError:
        raise DataInvalid(
            f"expected an encoding such as utf-8 or cp1252, found {name!r:.80}"
        ) from None


def read_further(path: Path, table: Table, form: Format) -> Further:
    """Return the further variants in `path`: each row is one, of the item that its id names.

    Raises:
        DataInvalid: the file is malformed, has a column that the data lack or none besides the id,
            or an id that is no item's.
    """
    found = Delimited(form.encoding, form.delimiter).read(path)
    if form.id not in found.columns:
        raise DataInvalid(
            f"expected the column {form.id!r} in {path}, found {', '.join(found.columns)}; it says "
            "of which item each row is a variant"
        )
    columns = tuple(column for column in found.columns if column != form.id)
    unknown = next((column for column in columns if column not in table.columns), None)
    if unknown is not None or not columns:
        raise DataInvalid(
            f"expected columns of the data file in {path}, those that vary, found "
            f"{'none' if unknown is None else repr(unknown)}; the data have "
            f"{', '.join(table.columns)}"
        )
    items = {row[form.id] for row in table.rows}
    versions: dict[str, list[dict[str, str]]] = {}
    for row in found.rows:
        item = row.cells[form.id]
        if item not in items:
            raise DataInvalid(
                f"expected variants of items of the data file, found the id {item!r:.80} in line "
                f"{row.line} of {path}, which is none of them"
            )
        versions.setdefault(item, []).append(dict(row.cells))
    return Further(columns, versions)
