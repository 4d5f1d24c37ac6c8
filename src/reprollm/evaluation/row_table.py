"""The rows' rates as CSV: each as the fraction that was counted, and as a float that reads back.

Floats are written as the shortest decimal that is the same float again (`repr`), names and
ids on one line, characters that act instead of showing as escapes, and with an apostrophe in front
of what a spreadsheet would take for a formula.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence

from reprollm.evaluation.rates import Rated
from reprollm.tables.plain import guarded

_PLACE = ("system", "file", "row", "line", "id", "document", "stratum")


def rows_csv(
    rows: Sequence[Rated], names: Sequence[str], others: Mapping[str, Sequence[str]] | None = None
) -> str:
    """Return a header and a line a row (RFC 4180), with an empty cell where there is no value.

    Args:
        rows: with their rates.
        names: the rates to write.
        others: further columns by name, a cell a row.
    """
    more = others or {}
    out = io.StringIO(newline="")
    table = csv.writer(out, lineterminator="\n")
    rates = (part for name in names for part in (name, f"{name}_fraction"))
    table.writerow([*_PLACE, *rates, *more])
    for place_of, row in enumerate(rows):
        item = row.item
        document = "" if item.document is None else item.document
        place = [item.system, item.file, item.number, item.line, item.id, document, item.stratum]
        cells = [guarded(each) if isinstance(each, str) else each for each in place]
        for name in names:
            ratio = row.ratios[name]
            cells += ["" if ratio.value is None else repr(ratio.value), str(ratio)]
        table.writerow([*cells, *(column[place_of] for column in more.values())])
    return out.getvalue()
