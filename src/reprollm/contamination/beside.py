"""What a scan does beside its preset: near duplicates, and rephrasings by an embedding model."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from reprollm.canon import Json
from reprollm.corpus.folding import robust
from reprollm.corpus.rephrase import expect_control
from reprollm.corpus.walk import CorpusFile, list_corpus
from reprollm.errors import EngineUnavailable

if TYPE_CHECKING:
    from reprollm.corpus.evidence import ScanFinding
    from reprollm.corpus.near_scan import NearFound
    from reprollm.corpus.rephrase_scan import Rephrased
    from reprollm.corpus.stage import ScanJob
    from reprollm.corpus.tokens import Tokenization

Showing = Callable[[str, int], AbstractContextManager[Callable[[int], object]]]
"""Shows progress: what is done, and how many bytes there are; gives what is told of bytes read."""


@dataclass(frozen=True)
class Asked:
    """What is asked for beside a preset.

    Attributes:
        near: near duplicates of whole documents.
        rephrase: the lock of the embedding model, for rephrasings.
    """

    near: bool = False
    rephrase: Path | None = None

    def expect_control(self, job: ScanJob) -> None:
        """Raise `InvalidInput` where rephrasings have no control set to be held against."""
        if self.rephrase is not None:
            expect_control(len(job.control or ()))


@dataclass(frozen=True)
class Beside:
    """What was found beside the preset; None where it was not asked for."""

    near: NearFound | None = None
    rephrased: Rephrased | None = None
    near_findings: tuple[ScanFinding, ...] = ()
    rephrase_findings: tuple[ScanFinding, ...] = ()

    @property
    def findings(self) -> tuple[ScanFinding, ...]:
        """All findings."""
        return self.near_findings + self.rephrase_findings


def silent(_what: str, _bytes: int) -> AbstractContextManager[Callable[[int], object]]:
    """Show nothing."""
    return nullcontext(lambda read: None)


def look_beside(
    job: ScanJob, asked: Asked, scan: dict[str, Json], *, jobs: int = 1, showing: Showing = silent
) -> Beside:
    """Do what was asked for.

    Args:
        job: the scan.
        asked: what else to look for.
        scan: the scan's name and the digest of its corpus, as `scan` and `corpus`.
        jobs: processes.
        showing: shows progress.

    Raises:
        InvalidInput: rephrasings are asked for without a control set.
        EngineUnavailable: a library is missing, or the model cannot embed.
        SnapshotNotFound, SnapshotChanged: the locked model is not here as it was locked.
    """
    found = Beside()
    if asked.near:
        found = _near(job, scan, jobs, showing)
    if asked.rephrase is not None:
        asked.expect_control(job)
        rephrased, findings = _rephrased(job, asked.rephrase, scan, showing)
        found = replace(found, rephrased=rephrased, rephrase_findings=findings)
    return found


def _near(job: ScanJob, scan: dict[str, Json], jobs: int, showing: Showing) -> Beside:
    from reprollm.corpus.beside_evidence import near_findings
    from reprollm.corpus.near_scan import near_scan

    files, tokenization = _files(job), _robust(job)
    options = replace(job.reading, tokenization=tokenization)
    with showing("near duplicates", sum(file.size for file in files)) as advance:
        pairs = near_scan(files, job.items, options, jobs=jobs, progress=advance)
    items = [item.id for item in job.items]
    reading: dict[str, Json] = {**tokenization.parameters()}
    return Beside(pairs, near_findings=tuple(near_findings(pairs, items, reading, scan)))


def _robust(job: ScanJob) -> Tokenization:
    """Return the robust words that shingles are made of: the preset's where it counts in them."""
    return job.reading.tokenization if job.preset.kind == "robust" else robust()


def _rephrased(
    job: ScanJob, lock: Path, scan: dict[str, Json], showing: Showing
) -> tuple[Rephrased, tuple[ScanFinding, ...]]:
    from reprollm.corpus.beside_evidence import rephrase_findings
    from reprollm.corpus.rephrase_scan import rephrase_scan
    from reprollm.environment import go_offline
    from reprollm.snapshot.model import load_model, locate_model

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
    files, control = _files(job), job.control or ()
    with showing("embedding", sum(file.size for file in files)) as advance:
        found = rephrase_scan(
            files, job.items, control, embedder.vectors, job.reading, progress=advance
        )
    said: dict[str, Json] = {
        "snapshot": model.lock.snapshot,
        "checked": located.how,
        "pooling": POOLING,
        "dtype": "float32",
        "longest": embedder.longest,
    }
    return found, tuple(rephrase_findings(found, said, scan))


def _files(job: ScanJob) -> Sequence[CorpusFile]:
    return list_corpus(job.corpus, job.reading.format, job.tests).files
