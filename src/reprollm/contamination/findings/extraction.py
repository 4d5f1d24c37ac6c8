"""The findings `extraction`: which items the model continued word for word.

A fact about outputs, kept with the screening, since what it means depends on how well the item can
be guessed, which nobody can test. There is no p-value.
"""

from __future__ import annotations

from reprollm.canon import Json
from reprollm.contamination.material import Continued, Found, Material
from reprollm.records.evidence import decimal, evidence
from reprollm.screening.extraction import LEAST, VERSION, compare
from reprollm.statistics.proportion import clopper_pearson

METHOD = "extraction"
MODE = "outputs"
NOT_POSSIBLE = "not possible"
UNCHECKABLE = "uncheckable"
VERBATIM, OTHERWISE = "verbatim", "not verbatim"
SOME, NONE = "verbatim continuations", "no verbatim continuation"


def findings(material: Material) -> list[Found]:
    """Return the finding of the set, then one of each item that was continued.

    Empty where the examination declares no extraction.
    """
    declared = material.checks.get("extraction")
    if not declared:
        return []
    parameters: dict[str, Json] = {**declared, "least": LEAST}
    items = [_of_item(each, parameters) for each in material.continuations]
    return [_of_set(items, parameters), *items]


def _of_set(items: list[Found], parameters: dict[str, Json]) -> Found:
    verdicts = [found.evidence["verdict"] for found in items]
    n = len(verdicts) - verdicts.count(UNCHECKABLE)
    if not n:
        reason = "no item has enough tokens" if items else "nothing was continued"
        said = evidence(
            "screening",
            METHOD,
            VERSION,
            mode=NOT_POSSIBLE,
            parameters=parameters,
            n=0,
            verdict=NOT_POSSIBLE,
            detail={"reason": reason, "uncheckable": len(verdicts)},
        )
        return Found(METHOD, "*", said)
    verbatim = verdicts.count(VERBATIM)
    said = evidence(
        "screening",
        METHOD,
        VERSION,
        mode=MODE,
        parameters=parameters,
        n=n,
        verdict=SOME if verbatim else NONE,
        statistic=verbatim / n,
        interval=clopper_pearson(verbatim, n),
        detail={"verbatim": verbatim, "uncheckable": len(verdicts) - n},
    )
    return Found(METHOD, "*", said)


def _of_item(item: Continued, parameters: dict[str, Json]) -> Found:
    """Return the finding of one item; its statistic is the longest run in tokens."""
    if item.expected is None or item.output is None:
        detail: dict[str, Json] = {"reason": "tokens are withheld"}
        return Found(METHOD, item.subject, _item(parameters, UNCHECKABLE, None, detail))
    found = compare(item.expected, item.output)
    detail = {"prefix": item.prefix, "expected": found.expected, "leading": found.leading}
    detail["share"] = decimal(found.leading / found.expected) if found.expected else None
    verdict = VERBATIM if found.exact else OTHERWISE
    if found.expected < LEAST or not item.prefix:
        verdict = UNCHECKABLE
    return Found(METHOD, item.subject, _item(parameters, verdict, found.longest, detail))


def _item(
    parameters: dict[str, Json], verdict: str, longest: int | None, detail: dict[str, Json]
) -> dict[str, Json]:
    return evidence(
        "screening",
        METHOD,
        VERSION,
        mode=MODE,
        parameters=parameters,
        n=1,
        verdict=verdict,
        statistic=longest,
        detail=detail,
    )
