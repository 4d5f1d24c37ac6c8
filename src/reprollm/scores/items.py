"""What is known of a plan's items besides their texts: the document and split of each."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

from reprollm.scores.answers import END_OF_LOG

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection


@dataclass(frozen=True, slots=True)
class Place:
    """Where an item belongs: `document` is the text that it was taken from, if any is named."""

    document: str | None = None
    split: str | None = None

    def cluster(self, item: str) -> tuple[str, str]:
        """Return what is resampled as one: the document, or an item without one by itself."""
        return ("item", item) if self.document is None else ("document", self.document)


Places: TypeAlias = Mapping[str, Place]
NOWHERE = Place()


def places_of(connection: DuckDBPyConnection, plan: str, before: int = END_OF_LOG) -> Places:
    """Return the places that `item` records before a position of the log give a plan's items.

    The first record of an item counts. Only the table `log` is read.
    """
    rows = connection.execute(_ITEMS, [plan, before]).fetchall()
    return {item: Place(document, split) for item, document, split in reversed(rows)}


_ITEMS = """
    SELECT item, canon->>'$.document', canon->>'$.split' FROM log
    WHERE kind = 'item' AND plan = ? AND "position" < ? ORDER BY "position"
"""
