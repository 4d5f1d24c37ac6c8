"""The findings `scan`: what a corpus holds of the items; recorded where the corpus lies.

A scan is a stage of its own (`reprollm.contamination.scanning`), since nobody can repeat it from
the log: it publishes its findings itself. Here only what is missing is said: a scan that was
declared and of which the log holds nothing.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from reprollm.contamination.material import Found, Material
from reprollm.corpus.options import VERSION
from reprollm.records.evidence import evidence

METHOD = "scan"
NOT_POSSIBLE = "not possible"
NOT_RECORDED = "the log holds no result of this scan; scan, commit the ledger, then examine"


def findings(material: Material) -> list[Found]:
    """Return one finding for each declared scan without a recorded result."""
    known = set(_recorded(material))
    return [
        _missing(declared)
        for declared in material.checks.get("scan") or ()
        if declared["name"] not in known
    ]


def _recorded(material: Material) -> Iterator[str]:
    """Yield the names of the scans of which the log holds a result."""
    for record in material.recorded:
        parameters: dict[str, Any] = record["evidence"].get("parameters", {})
        if record["finding"] == f"contamination/{METHOD}" and "scan" in parameters:
            yield parameters["scan"]


def _missing(declared: dict[str, Any]) -> Found:
    said = evidence(
        "fact",
        METHOD,
        VERSION,
        mode=NOT_POSSIBLE,
        parameters={"scan": declared["name"], "preset": declared["preset"]},
        n=0,
        verdict=NOT_POSSIBLE,
        detail={"reason": NOT_RECORDED},
    )
    return Found(METHOD, "*", said)
