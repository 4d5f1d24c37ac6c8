"""The finding `guard`: whether the suspects can be told from the reference without any model.

It is `reprollm.screening.guard` on the texts on record, with the seed and the permutations that the
examination fixed. Where it cannot run, because texts are withheld or too few, nothing clears the
scores, and their verdicts are `uninterpretable` as where it blocks them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from reprollm.canon import Json
from reprollm.contamination.material import Found, Material, Measured
from reprollm.records.evidence import decimal, evidence
from reprollm.screening.guard import FOLDS, LEAST, LEVEL, VERSION, Guarded, guard

METHOD = "guard"
TOLD_APART = "told apart"
CLEARED = "not told apart"
NOT_POSSIBLE = "not possible"


def finding(material: Material) -> Found:
    """Return what the guard says of the suspects and the reference set; screening is declared."""
    declared = material.checks["screening"]
    suspects, reference = material.of("suspect"), material.of("reference")
    parameters: dict[str, Json] = {
        "permutations": declared["guard"]["permutations"],
        "seed": declared["guard"]["seed"],
        "folds": FOLDS,
        "level": decimal(LEVEL),
        "least": LEAST,
        "date": declared["date"],
    }
    detail: dict[str, Json] = {"references": len(reference)}
    reason = _obstacle(suspects, reference)
    if reason is not None:
        detail["reason"] = reason
        return _found(NOT_POSSIBLE, parameters, len(suspects), NOT_POSSIBLE, None, detail)
    found = guard(
        [each.text or "" for each in suspects],
        [each.text or "" for each in reference],
        str(declared["guard"]["seed"]),
        int(declared["guard"]["permutations"]),
        _dates(declared.get("dates"), suspects, reference, int(material.core["data"]["items"])),
    )
    detail["areas"] = {name: decimal(area) for name, area in found.areas.items()}
    detail["blocks_above"] = decimal(found.limit)
    detail["error_rate"] = "blocks at most 0.05 of the pairs of sets that are drawn alike"
    verdict = TOLD_APART if found.blocks else CLEARED
    return _found("records", parameters, len(suspects), verdict, found, detail)


def clears(found: Found) -> bool:
    """Return whether the guard ran and could not tell suspects from reference."""
    return found.evidence["verdict"] == CLEARED


def _obstacle(suspects: Sequence[Measured], reference: Sequence[Measured]) -> str | None:
    """Return why the guard cannot run, or None."""
    if min(len(suspects), len(reference)) < LEAST:
        return (
            f"fewer than {LEAST} texts on a side: {len(suspects)} suspects, "
            f"{len(reference)} references"
        )
    if any(each.text is None for each in (*suspects, *reference)):
        return "texts are withheld"
    return None


def _found(
    mode: str,
    parameters: Mapping[str, Json],
    n: int,
    verdict: str,
    found: Guarded | None,
    detail: Mapping[str, Json],
) -> Found:
    return Found(
        METHOD,
        "*",
        evidence(
            "screening",
            METHOD,
            VERSION,
            mode=mode,
            parameters=parameters,
            n=n,
            verdict=verdict,
            statistic=found.area if found else None,
            p=found.p if found else None,
            detail=detail,
        ),
    )


def _dates(
    known: Mapping[str, Any] | None,
    suspects: Sequence[Measured],
    reference: Sequence[Measured],
    items: int,
) -> tuple[list[str], list[str]] | None:
    """Return the dates of both sides; the reference's indices follow those of the items."""
    if known is None:
        return None
    return (
        [known["suspect"][each.index] for each in suspects],
        [known["reference"][each.index - items] for each in reference],
    )
