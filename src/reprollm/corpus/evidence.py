"""What a checked set says in finding records: one finding of the set, one of each item found.

All are facts about texts: this item's words stand in that document. Whether a model was trained on
the document is no part of them. The p-value of the excess over the control stands in the detail and
not as the finding's own: it compares two sets of texts and is no test of a model.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from reprollm.canon import Json
from reprollm.corpus.check import Checked
from reprollm.corpus.control import LEVEL, Tally, missed
from reprollm.corpus.match import Match
from reprollm.corpus.presets.judged import CLEAN, UNCHECKABLE, Judged
from reprollm.corpus.result import ScanResult, matches_of
from reprollm.records.evidence import decimal, evidence

METHOD = "scan"
FOUND = "contaminated items"
NONE_FOUND = "none in the scanned part"
SPANS = 20
"""So many spans of an item stand in its finding at most; how many there are is told."""


@dataclass(frozen=True)
class ScanFinding:
    """A finding to record: its subject, an item's id or `*`, and its evidence."""

    subject: str
    evidence: dict[str, Json]


def scan_findings(checked: Checked, name: str, fraction: str = "1") -> list[ScanFinding]:
    """Return the finding of the set and those of the items that are not clean.

    Args:
        checked: what the preset says.
        name: the scan's name, as declared.
        fraction: share of the corpus's documents that was scanned, decimal.
    """
    parameters = _parameters(checked, name, fraction)
    matches = matches_of(checked.result.matches)
    items = [
        ScanFinding(each.item, _item(checked, each, matches.get(each.item, []), parameters))
        for each in checked.tests
        if each.verdict != CLEAN
    ]
    return [ScanFinding("*", _set(checked, fraction, parameters)), *items]


def tally_detail(found: Tally) -> dict[str, Json]:
    """Return a set's counts, with its share and interval."""
    low, high = found.interval
    return {
        "items": found.items,
        "contaminated": found.contaminated,
        "clean_in_the_scanned_part": found.clean,
        "uncheckable": found.uncheckable,
        "share": None if found.share is None else decimal(found.share),
        "low": decimal(low),
        "high": decimal(high),
        "level": decimal(LEVEL),
    }


def excess_detail(checked: Checked) -> dict[str, Json] | None:
    """Return the excess over the control; None without a control to compare with."""
    over = checked.excess
    if over is None:
        return None
    return {
        "difference": decimal(over.difference),
        "low": decimal(over.interval[0]),
        "high": decimal(over.interval[1]),
        "level": decimal(LEVEL),
        "fisher_p": decimal(over.p),
    }


def missed_detail(fraction: str) -> list[Json]:
    """Return, for numbers of copies, the probability that a sampled corpus shows none of them."""
    return [
        {"copies": copies, "probability": decimal(probability)}
        for copies, probability in missed(float(fraction))
    ]


def _set(checked: Checked, fraction: str, parameters: dict[str, Json]) -> dict[str, Json]:
    found = checked.tally
    control = checked.control_tally
    verdict = FOUND if found.contaminated else NONE_FOUND
    return evidence(
        "fact",
        METHOD,
        checked.preset.version,
        mode="corpus",
        parameters=parameters,
        n=found.items,
        verdict=verdict if found.checked else UNCHECKABLE,
        statistic=found.share,
        interval=None if found.share is None else found.interval,
        level=decimal(LEVEL),
        detail={
            "tally": tally_detail(found),
            "control": None if control is None else tally_detail(control),
            "excess": excess_detail(checked),
            "missed": missed_detail(fraction),
            **_corpus(checked.result),
        },
    )


def _item(
    checked: Checked, judged: Judged, matches: Sequence[Match], parameters: dict[str, Json]
) -> dict[str, Json]:
    spans: list[Json] = [_span(match) for match in matches[:SPANS]]
    return evidence(
        "fact",
        METHOD,
        checked.preset.version,
        mode="corpus",
        parameters=parameters,
        n=1,
        verdict=judged.verdict,
        statistic=judged.share,
        detail={
            "found": judged.found,
            "of": judged.of,
            "tokens": judged.length,
            "matches": len(matches),
            "spans": spans,
            **judged.detail,
        },
    )


def _parameters(checked: Checked, name: str, fraction: str) -> dict[str, Json]:
    return {
        "scan": name,
        "preset": checked.preset.name,
        "source": checked.preset.source,
        "definition": checked.preset.parameters(),
        "reading": checked.result.parameters,
        "fraction": fraction,
        "corpus": checked.result.corpus,
    }


def _corpus(result: ScanResult) -> dict[str, Json]:
    return {
        "files": len(result.files),
        "bytes": result.bytes,
        "documents": sum(file.documents for file in result.files),
        "damaged": len(result.damaged),
    }


def _span(match: Match) -> dict[str, Json]:
    return {
        "start": match.start,
        "length": match.length,
        "skipped": match.skipped,
        "document": match.document,
        "offset": match.offset,
        "end": match.end,
        "sha256": match.digest,
    }
