"""What near duplicates and embeddings say, in the form of finding records.

Near duplicates are facts: an exact Jaccard index of two texts. Embeddings are screening and prove
nothing, whatever their cosine.
"""

from __future__ import annotations

from collections.abc import Iterator

from reprollm.canon import Json
from reprollm.corpus.control import tally
from reprollm.corpus.evidence import FOUND, NONE_FOUND, ScanFinding, tally_detail
from reprollm.corpus.near import Near
from reprollm.corpus.near_scan import NearFound
from reprollm.corpus.presets.judged import UNCHECKABLE, Judged, answer
from reprollm.corpus.rephrase import NEARER, nearer_by_chance
from reprollm.corpus.rephrase_scan import Rephrased
from reprollm.records.evidence import decimal, evidence

NEAR, REPHRASE = "near_duplicates", "rephrasings"
VERSION = "1"
_PAIRS = 20


def near_findings(
    found: NearFound, items: list[str], reading: dict[str, Json], scan: dict[str, Json]
) -> Iterator[ScanFinding]:
    """Yield the finding of the set, then those of the items that are not clean.

    Args:
        found: the pairs.
        items: the ids of the test items, in their order.
        reading: parameters of tokenization and reading.
        scan: the scan's name and the digest of its corpus, as `scan` and `corpus`.
    """
    pairs = _by_item(found)
    short = set(found.uncheckable)
    judged = [
        Judged(item, UNCHECKABLE if item in short else answer(item in pairs), 0, 0, 0)
        for item in items
    ]
    parameters: dict[str, Json] = {
        **found.settings.parameters(),
        "reading": reading,
        **scan,
    }
    counts = tally(judged)
    threshold = found.settings.threshold / 100
    yield ScanFinding(
        "*",
        evidence(
            "fact",
            NEAR,
            VERSION,
            mode="corpus",
            parameters=parameters,
            n=counts.items,
            verdict=FOUND if counts.contaminated else NONE_FOUND,
            statistic=counts.share,
            interval=None if counts.share is None else counts.interval,
            detail={
                "tally": tally_detail(counts),
                "documents": found.documents,
                "passed_over": found.passed_over,
                "compared_at_threshold": decimal(found.settings.proposed(threshold)),
            },
        ),
    )
    for each in judged:
        if each.item in pairs or each.item in short:
            yield _near(each, pairs.get(each.item, []), parameters)


def rephrase_findings(
    found: Rephrased, model: dict[str, Json], scan: dict[str, Json]
) -> Iterator[ScanFinding]:
    """Yield the finding of the set, then one of each item.

    Args:
        found: the items against the control.
        model: which snapshot embedded them, and how.
        scan: the scan's name and the digest of its corpus, as `scan` and `corpus`.
    """
    nearer = sum(each.verdict == NEARER for each in found.items)
    parameters: dict[str, Json] = {
        "level": decimal(found.level),
        "passage_characters": found.size,
        "model": model,
        **scan,
    }
    yield ScanFinding(
        "*",
        evidence(
            "screening",
            REPHRASE,
            VERSION,
            mode="corpus",
            parameters=parameters,
            n=len(found.items),
            verdict=f"{nearer} of {len(found.items)} {NEARER}",
            statistic=found.threshold,
            detail={
                "control": len(found.control),
                "passages": found.passages,
                "nearer_by_chance": decimal(nearer_by_chance(len(found.control), found.level)),
            },
        ),
    )
    for each in found.items:
        yield ScanFinding(
            each.nearest.item,
            evidence(
                "screening",
                REPHRASE,
                VERSION,
                mode="corpus",
                parameters=parameters,
                n=1,
                verdict=each.verdict,
                statistic=each.nearest.cosine,
                p=each.p,
                detail={"passage": each.nearest.document},
            ),
        )


def _by_item(found: NearFound) -> dict[str, list[Near]]:
    pairs: dict[str, list[Near]] = {}
    for pair in found.pairs:
        pairs.setdefault(pair.item, []).append(pair)
    return pairs


def _near(judged: Judged, pairs: list[Near], parameters: dict[str, Json]) -> ScanFinding:
    best = max((pair.jaccard for pair in pairs), default=None)
    shown: list[Json] = [
        {"document": pair.document, "shared": pair.shared, "together": pair.together}
        for pair in pairs[:_PAIRS]
    ]
    detail: dict[str, Json] = {"documents": len(pairs), "pairs": shown}
    return ScanFinding(
        judged.item,
        evidence(
            "fact",
            NEAR,
            VERSION,
            mode="corpus",
            parameters=parameters,
            n=1,
            verdict=judged.verdict,
            statistic=best,
            detail=detail,
        ),
    )
