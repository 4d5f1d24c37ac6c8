"""What a withholding hides and what would still show it: the ledger read twice, before anything.

The first reading collects the withheld values, the second looks for them in everything that stays:
the clear fields of all records, the openings of other fields, the candidates. Memory grows with the
number of different words in a row that are withheld, not with the number of records.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from reprollm.errors import InvalidInput
from reprollm.ledger.segments import Segment, positions
from reprollm.records.commitment import Opening
from reprollm.records.entries import entries
from reprollm.withholding.reading import OPENINGS, LeftOut, Overlap, Reading
from reprollm.withholding.withheld_texts import WithheldTexts
from reprollm.withholding.withhold import Withholding

if TYPE_CHECKING:
    from reprollm.bundles.members import Member

_NAMED = 3


@dataclass(frozen=True)
class Survey:
    """What was found: see `Redaction` for the last four.

    Attributes:
        values: number of commitments of the log that will not be opened.
        overlaps: places that repeat withheld texts, accepted by the publisher.
    """

    values: int
    overlaps: tuple[Overlap, ...]
    left_out: tuple[LeftOut, ...]
    notices: tuple[str, ...]
    warnings: tuple[str, ...]
    texts: WithheldTexts


def survey(
    ledger: Path,
    segments: Sequence[Segment],
    withholding: Withholding,
    candidates: Sequence[Member],
    encodings: Sequence[str],
    on_records: Callable[[int], None] = lambda records: None,
) -> Survey:
    """Return what `withholding` hides in a verified ledger and what still tells of it.

    `on_records` is called with the number of records now and then, twice over the whole log.

    Raises:
        InvalidInput: what stays repeats withheld texts and the publisher did not accept that, or
            there is nothing to withhold.
    """
    texts = WithheldTexts(withholding.fields)
    hidden = 0
    for _, _, openings in _records(ledger, segments, on_records):
        for name, opening in openings.items():
            if withholding.hides(name):
                texts.add(name, opening.value)
                hidden += 1
    if not hidden:
        raise InvalidInput(
            f"expected openings of {', '.join(sorted(withholding.fields))} in {ledger}, found "
            "none; there is nothing to withhold"
        )
    reading = Reading(withholding, texts)
    for position, record, openings in _records(ledger, segments, on_records):
        reading.take(position, record, openings)
    overlaps = reading.finish()
    if overlaps and not withholding.allow_overlap:
        raise InvalidInput(_refusal(overlaps))
    if texts.shown_in([withholding.reason]):
        raise InvalidInput("expected a reason that quotes nothing withheld, found one that does")
    return Survey(
        values=reading.values,
        overlaps=tuple(overlaps),
        left_out=tuple(sorted(reading.left_out(candidates, encodings))),
        notices=tuple(reading.tells.notices(withholding, texts.too_short)),
        warnings=tuple(reading.tells.warnings(withholding)),
        texts=texts,
    )


def _records(
    ledger: Path, segments: Sequence[Segment], on_records: Callable[[int], None]
) -> Iterator[tuple[int, dict[str, Any], dict[str, Opening]]]:
    for first, shard in positions(list(segments)):
        for place, (line, openings) in enumerate(entries(ledger, shard)):
            yield first + place, json.loads(line), openings
        on_records(shard.records)


def _refusal(overlaps: Sequence[Overlap]) -> str:
    """Return why nothing is published, and what to do; withheld text is not quoted."""
    named = [
        f"{found.shown_by} show {found.field} ({found.count} times, first in record {found.first})"
        for found in overlaps[:_NAMED]
    ]
    more = f", and {len(overlaps) - _NAMED} more" if len(overlaps) > _NAMED else ""
    fields = sorted({f.shown_by.rpartition(" ")[2] for f in overlaps if _is_opening(f)})
    advice = []
    if fields:
        advice.append(f"withhold {', '.join(fields)} too")
    if not all(map(_is_opening, overlaps)):
        advice.append(
            "plan and run again with ids, strata and titles that quote no text (a record in the "
            "log cannot be changed)"
        )
    return (
        f"expected that nothing published repeats what is withheld, found that {'; '.join(named)}"
        f"{more}; {', or '.join(advice)}, or accept it with --allow-overlap, which the statement "
        "will say"
    )


def _is_opening(overlap: Overlap) -> bool:
    return overlap.shown_by.startswith(OPENINGS)
