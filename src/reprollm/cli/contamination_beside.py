"""What `reprollm contamination scan` does beside its preset: near duplicates and embeddings."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from reprollm.canon import Json
    from reprollm.corpus.check import Checked
    from reprollm.corpus.evidence import ScanFinding
    from reprollm.corpus.near_scan import NearFound
    from reprollm.corpus.rephrase_scan import Rephrased
    from reprollm.corpus.stage import ScanJob
    from reprollm.corpus.tokens import Tokenization
    from reprollm.corpus.walk import CorpusFile

NEAR_FILE, REPHRASE_FILE = "near.jsonl", "rephrasings.jsonl"
_SHOWN = 20


@dataclass(frozen=True)
class Beside:
    """What was found beside the preset; None where it was not asked for."""

    near: NearFound | None = None
    rephrased: Rephrased | None = None
    findings: dict[str, list[ScanFinding]] | None = None

    def to_json(self) -> dict[str, Json]:
        """Return the findings by file name without its ending."""
        return {
            name.removesuffix(".jsonl"): [
                {"subject": found.subject, "evidence": found.evidence} for found in findings
            ]
            for name, findings in (self.findings or {}).items()
        }


def look_beside(
    job: ScanJob, checked: Checked, *, near: bool, rephrase: Path | None, jobs: int
) -> Beside:
    """Do what was asked for.

    Raises:
        InvalidInput: rephrasings are asked for without a control set.
        EngineUnavailable: a library is missing, or the model cannot embed.
        SnapshotNotFound, SnapshotChanged: the locked model is not here as it was locked.
    """
    findings: dict[str, list[ScanFinding]] = {}
    pairs = _near(job, jobs) if near else None
    if pairs is not None:
        from reprollm.corpus.beside_evidence import near_findings

        items = [item.id for item in job.items]
        reading: dict[str, Json] = {**_robust(job).parameters()}
        findings[NEAR_FILE] = [*near_findings(pairs, items, reading, checked.result.corpus)]
    rephrased = None
    if rephrase is not None:
        from reprollm.corpus.beside_evidence import rephrase_findings

        rephrased, model = _rephrased(job, rephrase)
        findings[REPHRASE_FILE] = [*rephrase_findings(rephrased, model, checked.result.corpus)]
    return Beside(pairs, rephrased, findings)


def write_beside(folder: Path, beside: Beside) -> None:
    """Write the findings into files of canonical JSON lines."""
    from reprollm.corpus.report import write_findings

    for name, findings in (beside.findings or {}).items():
        write_findings(folder / name, findings)


def show_beside(beside: Beside) -> None:
    """Print what was found."""
    if beside.near is not None:
        _show_near(beside.near)
    if beside.rephrased is not None:
        _show_rephrased(beside.rephrased)


def expect_control(job: ScanJob) -> None:
    """Raise `InvalidInput` where rephrasings have no control set to be held against."""
    from reprollm.corpus.rephrase import expect_control as expect

    expect(len(job.control or ()))


def _robust(job: ScanJob) -> Tokenization:
    """Return the robust words that shingles are made of: the preset's where it counts in them."""
    from reprollm.corpus.folding import robust

    return job.reading.tokenization if job.preset.kind == "robust" else robust()


def _near(job: ScanJob, jobs: int) -> NearFound:
    from reprollm.cli.progress import moving
    from reprollm.corpus.near_scan import near_scan

    files = _files(job)
    options = replace(job.reading, tokenization=_robust(job))
    with moving("near duplicates", sum(file.size for file in files)) as advance:
        return near_scan(files, job.items, options, jobs=jobs, progress=advance)


def _rephrased(job: ScanJob, lock: Path) -> tuple[Rephrased, dict[str, Json]]:
    from reprollm.cli.progress import moving
    from reprollm.corpus.rephrase_scan import rephrase_scan
    from reprollm.environment import go_offline
    from reprollm.errors import EngineUnavailable
    from reprollm.snapshot.model import load_model, locate_model

    expect_control(job)
    go_offline()
    model = load_model(lock)
    located = locate_model(model)
    if not located.folders or located.gguf is not None:
        raise EngineUnavailable(
            f"expected a snapshot of safetensors for embeddings, found another kind in {lock}"
        )
    try:
        from reprollm.engines.embedding import POOLING, Embedder
    except ImportError:
        raise EngineUnavailable(
            "expected transformers to embed texts, found it not installed; "
            "install reprollm[transformers]"
        ) from None
    embedder = Embedder(located.folders[0])
    files = _files(job)
    with moving("embedding", sum(file.size for file in files)) as advance:
        found = rephrase_scan(
            files,
            job.items,
            job.control or (),
            embedder.vectors,
            job.reading,
            progress=advance,
        )
    said: dict[str, Json] = {
        "snapshot": model.lock.snapshot,
        "checked": located.how,
        "pooling": POOLING,
        "dtype": "float32",
        "longest": embedder.longest,
    }
    return found, said


def _files(job: ScanJob) -> Sequence[CorpusFile]:
    from reprollm.corpus.walk import list_corpus

    return list_corpus(job.corpus, job.reading.format, job.tests).files


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
