"""Every planned request of a run with what became of it, streamed in the order of the plan."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from reprollm.ledger.projection import opened
from reprollm.ledger.read import Item, Run

_FETCH = 2048
SAME, DIFFERS = 1, 2


@dataclass(frozen=True)
class Row:
    """One request and its final answer.

    Attributes:
        run: place of its run among those that the report shows.
        status: `answered`, `empty`, `refused`, `unparsed`, `withheld`, `failed` or `missing`.
        runaway: whether the answer was cut off at its limit of tokens.
        position, leaf: of the record of the answer in the log; None where there is none.
        asked: position of the record of the request.
        source, reference: None where there is none, or it is withheld; `has_source` and
            `has_reference` tell which.
        again: 0 where it was asked once, else `SAME` or `DIFFERS`.
        scores: item score by name; None where undefined.
        message: why it failed.
    """

    run: int
    index: int
    item: str
    cell: str
    seed: str
    repetition: int
    request: str
    asked: int
    stratum: str | None = None
    split: str | None = None
    document: str | None = None
    status: str = "answered"
    runaway: bool = False
    position: int | None = None
    leaf: str | None = None
    result: str | None = None
    prompt: str | None = None
    source: str | None = None
    reference: str | None = None
    output: str | None = None
    has_source: bool = False
    has_reference: bool = False
    again: int = 0
    scores: Mapping[str, float | None] = field(default_factory=dict)
    message: str = ""

    @property
    def right(self) -> bool | None:
        """Whether it is what it should be, by its accuracy, else character by character."""
        for name in ("accuracy", "exact_match"):
            value = self.scores.get(name)
            if value is not None:
                return value == 1
        if self.output is None or self.reference is None:
            return None
        return self.output.strip() == self.reference.strip()


def rows(
    ledger: Path,
    number: int,
    run: Run,
    items: Mapping[str, Item],
    scored: Mapping[int, ItemScores],
    alike: Mapping[str, bool],
) -> Iterator[Row]:
    """Yield the rows of one run.

    Args:
        ledger: the ledger folder.
        number: place of the run among those that the report shows.
        run: the run.
        items: what the ledger says of its items besides their texts.
        scored: item scores by the request's index.
        alike: whether requests that were asked again were answered alike (`askings`).
    """
    failed = _failed(ledger, run)
    with opened(ledger) as connection:
        cursor = connection.execute(_ROWS, [run.run, run.plan])
        while found := cursor.fetchmany(_FETCH):
            for values in found:
                row = dict(zip(_NAMES, values, strict=True))
                finish = row.pop("finish")
                item = items.get(row["item"])
                of = scored.get(row["index"], _UNSCORED)
                yield Row(
                    run=number,
                    **row,
                    split=item.split if item else None,
                    document=item.document if item else None,
                    status=_status(row, of, failed),
                    runaway=finish == "length",
                    again=_AGAIN_CODES[alike.get(row["request"])],
                    scores=of.values,
                    message=failed.get(row["request"], "") if row["position"] is None else "",
                )


@dataclass(frozen=True)
class ItemScores:
    """The item scores of one answer, and what its parser made of it."""

    status: str | None = None
    values: Mapping[str, float | None] = field(default_factory=dict)


_UNSCORED = ItemScores()


def _status(row: Mapping[str, Any], of: ItemScores, failed: Mapping[str, str]) -> str:
    if row["position"] is None:
        return "failed" if row["request"] in failed else "missing"
    if row["output"] is None:
        return "withheld"
    if of.status is not None:
        return of.status
    return "answered" if row["output"].strip() else "empty"


def askings(ledger: Path, run: Run) -> dict[str, bool]:
    """Return whether other askings of a request in this ledger gave the same answer.

    Requests that were asked once are left out, and answers that were taken over do not count.
    """
    with opened(ledger) as connection:
        return dict(connection.execute(_AGAIN, [run.run]).fetchall())


def _failed(ledger: Path, run: Run) -> dict[str, str]:
    with opened(ledger) as connection:
        found = connection.execute(_FAILED, [run.run]).fetchall()
    return {request: f"{reason}: {message}" for request, reason, message in found}


_AGAIN_CODES: Mapping[bool | None, int] = {None: 0, True: SAME, False: DIFFERS}
_NAMES = (
    "index item stratum cell seed repetition request asked position leaf result finish prompt "
    "source reference output has_source has_reference"
).split()
# The texts are joined once: three joins of them took more memory than a projection is given.
_ROWS = """
    SELECT r."index", r.item, r.stratum, r.sampling, r.seed, r.repetition, r.request, r."position",
           g."position", g.leaf, g.result, g.finish, asked.prompt, asked.source, asked.reference,
           output."text", r.source_commitment IS NOT NULL, r.reference_commitment IS NOT NULL
    FROM planned r
    LEFT JOIN (SELECT * FROM final WHERE run = ?) g ON g.request = r.request
    LEFT JOIN (
        SELECT "position", any_value("text") FILTER (field = 'prompt') AS prompt,
               any_value("text") FILTER (field = 'source') AS source,
               any_value("text") FILTER (field = 'reference') AS reference
        FROM opening WHERE field IN ('prompt', 'source', 'reference') GROUP BY "position"
    ) asked ON asked."position" = r."position"
    LEFT JOIN opening output ON output."position" = g."position" AND output.field = 'output'
    WHERE r.plan = ? ORDER BY r."index"
"""
_AGAIN = """
    SELECT f.request, bool_and(g.result = f.result)
    FROM final f
    JOIN generations g
        ON g.plan = f.plan AND g.request = f.request AND g."position" != f."position"
    WHERE f.run = ? AND (g.batch)->>'$.reused' IS NULL
        AND g.attempt IS DISTINCT FROM (f.batch)->>'$.reused'
    GROUP BY f.request
"""
_FAILED = """
    SELECT request, first(reason ORDER BY "position"), first(message ORDER BY "position")
    FROM failures WHERE run = ? GROUP BY request
"""
