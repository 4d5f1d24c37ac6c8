"""Whether something that is to be published shows a text that is withheld.

The withheld texts themselves say what to look for; `shingles` says when one text repeats another,
`spellings` in how many ways a file can hold a text. Nothing here prints what it finds: a leak is
named by its place and by the field whose text is shown.
"""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from reprollm.withholding.spellings import readings
from reprollm.withholding.withheld_texts import SEVERAL, WithheldTexts

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from reprollm.bundles.members import Member

_LEDGER = "ledger/"
_PARQUET = ".parquet"
UNREADABLE = (
    "cannot be read as text, so nobody can say that it shows nothing withheld; leave it out or "
    "write it in UTF-8"
)


@dataclass(frozen=True)
class Leak:
    """One place that shows withheld text, or cannot be read: a member's path, and a sentence."""

    path: str
    what: str


def leaks(
    members: Iterable[Member], texts: WithheldTexts, *, encodings: Sequence[str] = ()
) -> list[Leak]:
    """Return what in the members of a bundle shows withheld texts, in their order.

    Members below `ledger/` are not read here: `withheld_ledger` looked at every record and opening.
    The others tell what records tell, in words of the package's own, among which a short answer may
    stand by accident; so of short texts only those of `SEVERAL` words and more are looked for.

    Args:
        members: files of the bundle; not those that ship with the package, which are public.
        texts: the withheld texts.
        encodings: encodings besides UTF-8 and UTF-16 in which the members may be written.
    """
    found = []
    for member in members:
        if fields := texts.shown_in([member.path]):
            shown = ", ".join(fields)
            found.append(Leak(member.path, f"its name shows withheld text ({shown}); rename it"))
        if member.path.startswith(_LEDGER):
            continue
        if what := leak_in(member, texts, encodings, least=SEVERAL):
            found.append(Leak(member.path, what))
    return found


def leak_in(
    member: Member, texts: WithheldTexts, encodings: Sequence[str] = (), *, least: int
) -> str | None:
    """Return what is wrong with the content of one member, or None."""
    content = member.read()
    if member.path.endswith(_PARQUET):
        shown = _shown_by_parquet(content, texts, least)
    else:
        read = readings(content, encodings)
        if not read and content:
            return UNREADABLE
        shown = set(texts.shown_in(read, least=least)) | texts.shown_by_bytes(content)
    return f"shows withheld text ({', '.join(sorted(shown))})" if shown else None


def _shown_by_parquet(content: bytes, texts: WithheldTexts, least: int) -> set[str]:
    """Return the withheld fields that the cells of a Parquet file show."""
    import pyarrow.parquet as pq

    file = pq.ParquetFile(io.BytesIO(content))
    names = [str(file.metadata.metadata), *file.schema_arrow.names]
    shown = set(texts.shown_in(names, least=least))
    for batch in file.iter_batches():
        strings: list[str] = []
        for column in batch.columns:
            for value in _leaves(column):
                if isinstance(value, np.ndarray):
                    shown |= texts.shown_by_numbers(value)
                elif isinstance(value, bytes):
                    shown |= texts.shown_by_bytes(value)
                    strings.append(value.decode("utf-8", "ignore"))
                else:
                    strings.append(value)
        shown |= set(texts.shown_in(strings, least=least))
    return shown


def _leaves(column: Any) -> Iterator[str | bytes | NDArray[np.uint32]]:
    """Yield the texts and bytes in an Arrow array; all lists of a column of numbers as one."""
    import pyarrow as pa

    kind = column.type
    if pa.types.is_dictionary(kind):
        yield from _leaves(column.dictionary_decode())
    elif pa.types.is_struct(kind):
        for child in column.flatten():
            yield from _leaves(child)
    elif pa.types.is_list(kind) or pa.types.is_large_list(kind):
        values = column.flatten()
        if pa.types.is_integer(values.type):
            yield values.to_numpy(zero_copy_only=False).astype(np.uint32)
        else:
            yield from _leaves(values)
    elif pa.types.is_string(kind) or pa.types.is_large_string(kind):
        yield from (value for value in column.to_pylist() if value)
    elif pa.types.is_binary(kind) or pa.types.is_large_binary(kind):
        yield from (value for value in column.to_pylist() if value)
