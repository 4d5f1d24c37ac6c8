"""How `reprollm contamination scan` shows what was found beside its preset."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from reprollm.canon import Json
    from reprollm.contamination.beside import Beside
    from reprollm.corpus.evidence import ScanFinding
    from reprollm.corpus.near_scan import NearFound
    from reprollm.corpus.rephrase_scan import Rephrased

NEAR_FILE, REPHRASE_FILE = "near.jsonl", "rephrasings.jsonl"
_SHOWN = 20


def by_file(beside: Beside) -> dict[str, tuple[ScanFinding, ...]]:
    """Return the findings by the name of their file, of what was asked for."""
    found: dict[str, tuple[ScanFinding, ...]] = {}
    if beside.near is not None:
        found[NEAR_FILE] = beside.near_findings
    if beside.rephrased is not None:
        found[REPHRASE_FILE] = beside.rephrase_findings
    return found


def to_json(beside: Beside) -> dict[str, Json]:
    """Return the findings by file name without its ending."""
    return {
        name.removesuffix(".jsonl"): [
            {"subject": found.subject, "evidence": found.evidence} for found in findings
        ]
        for name, findings in by_file(beside).items()
    }


def write_beside(folder: Path, beside: Beside) -> None:
    """Write the findings into files of canonical JSON lines."""
    from reprollm.corpus.report import write_findings

    for name, findings in by_file(beside).items():
        write_findings(folder / name, findings)


def show_beside(beside: Beside) -> None:
    """Print what was found."""
    if beside.near is not None:
        _show_near(beside.near)
    if beside.rephrased is not None:
        _show_rephrased(beside.rephrased)


def _show_near(found: NearFound) -> None:
    from reprollm.cli.terminal import console, table

    out = console()
    settings = found.settings
    out.print()
    rows = [
        (pair.item, pair.document, f"{pair.jaccard:.3f}", f"{pair.shared} of {pair.together}")
        for pair in found.pairs[:_SHOWN]
    ]
    more = f" (first {_SHOWN} of {len(found.pairs)})" if len(found.pairs) > _SHOWN else ""
    title = f"Near duplicates, Jaccard index of {settings.words} words at least "
    columns = ("item", "document", ">index", ">shingles")
    out.print(table(f"{title}{settings.threshold / 100:g}{more}", columns, rows))
    passed = f"; {found.passed_over} documents were too long" if found.passed_over else ""
    out.print(
        f"{len({pair.item for pair in found.pairs})} items are nearly a document of "
        f"{found.documents:,}; {len(found.uncheckable)} are uncheckable{passed}. An item inside a "
        "longer document does not show here.",
        soft_wrap=True,
    )


def _show_rephrased(found: Rephrased) -> None:
    from reprollm.cli.terminal import console, table
    from reprollm.corpus.rephrase import NEARER, nearer_by_chance

    out = console()
    nearer = sorted(
        (each for each in found.items if each.verdict == NEARER),
        key=lambda each: -each.nearest.cosine,
    )
    rows = [
        (
            each.nearest.item,
            each.nearest.document,
            f"{each.nearest.cosine:.3f}",
            f"{each.p:.3g}",
        )
        for each in nearer[:_SHOWN]
    ]
    out.print()
    chance = nearer_by_chance(len(found.control), found.level)
    columns = ("item", "passage", ">cosine", ">p")
    out.print(table("Screening only: nearer to a passage than the control is", columns, rows))
    out.print(
        f"{len(nearer)} of {len(found.items)} items lie above {found.threshold:.3f}, the "
        f"{found.level:g} quantile of {len(found.control)} control items; "
        f"{chance * len(found.items):.1f} would without any leak. A near passage is no proof of a "
        "copy.",
        soft_wrap=True,
    )
