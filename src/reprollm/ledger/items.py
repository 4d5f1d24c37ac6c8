"""Whether the item records of the log are those that their plans committed to.

A plan whose core has `items` says how many item records it has, and a digest over what they say of
documents and splits. They stand in the log once each, in the order in which the plan asks the
items, before the plan's first start.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from reprollm.canon import digest, dumps
from reprollm.ledger.report import Problem

TAG = "reprollm/items/v1"


class ItemRow(NamedTuple):
    """An item record: its place in the log, the item, and the line that the digest is over."""

    position: int
    item: str
    line: bytes


def item_row(position: int, record: Mapping[str, Any]) -> ItemRow:
    """Return what is checked of an item record."""
    said = {name: record[name] for name in ("document", "item", "split")}
    return ItemRow(position, record["item"], dumps(said))


class ItemAudit:
    """Follows the log's item records, and the items of the plans that commit to some."""

    def __init__(self) -> None:
        self.records = 0
        self._rows: dict[str, list[ItemRow]] = {}
        self._asked: dict[str, dict[str, None]] = {}

    def take(
        self, rows: Mapping[str, list[ItemRow]], asked: Mapping[str, Mapping[str, None]]
    ) -> None:
        """Take up what one shard holds.

        Args:
            rows: item records by plan.
            asked: the items of the requests of each plan that commits to item records, in order.
        """
        for plan, found in rows.items():
            self._rows.setdefault(plan, []).extend(found)
            self.records += len(found)
        for plan, items in asked.items():
            self._asked.setdefault(plan, {}).update(items)

    def finish(
        self, cores: Mapping[str, Mapping[str, Any]], begun: Mapping[str, int]
    ) -> Iterator[Problem]:
        """Yield what is wrong with the item records of any plan.

        Args:
            cores: the cores of the log's plans.
            begun: position of the first start record of each plan.
        """
        for plan in self._rows.keys() | {name for name, core in cores.items() if "items" in core}:
            said = cores.get(plan, {}).get("items")
            rows = self._rows.get(plan, [])
            found = _defect(said, rows, list(self._asked.get(plan, {})))
            if found is None and rows[-1].position > begun.get(plan, rows[-1].position):
                found = "RecordsDisagree", "was begun before all its item records were in the log"
            if found is not None:
                yield Problem(found[0], f"plan {plan[:16]} {found[1]}")


def _defect(said: Any, rows: list[ItemRow], asked: list[str]) -> tuple[str, str] | None:
    """Return class and sentence of what is wrong, or None."""
    if not isinstance(said, Mapping):
        return "RecordsDisagree", "has item records to which it did not commit"
    if said.get("records") != len(rows) or not rows:
        promised = said.get("records")
        return "PlanIncomplete", f"promises {promised} item records, the log holds {len(rows)}"
    if [row.item for row in rows] != asked:
        return "RecordsDisagree", "has item records that are not one for each item, in its order"
    if digest(TAG, *(row.line for row in rows)) != said.get("sha256"):
        return "LeafMismatch", "committed to other item records than the log holds"
    return None
