"""The examination: the checks of an experiment, fixed and in the log before anything is measured.

Its id is `canon.digest("reprollm/examination/v1", canonical core)`. The core holds the plan, the
data's hash, the declared checks with all parameters, seeds and hashes of the files they name, the
family and the primary test, and a digest of the names of the texts that will be measured. Planning
the same again gives the same id, and publishes nothing twice.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from reprollm.canon import Json, digest, dumps, loads_object
from reprollm.contamination.examined import Examined, texts_digest
from reprollm.contamination.texts import CheckedData, examined_texts
from reprollm.corpus.stage import definition_of
from reprollm.errors import ExperimentInvalid, PlanNotCommitted
from reprollm.experiment.config import ContaminationSettings
from reprollm.experiment.load import Experiment, ScanFiles
from reprollm.ledger.segments import acknowledged, read_checkpoints, read_segments
from reprollm.prompts.stored import StoredPlan
from reprollm.records.kinds import new
from reprollm.records.sealed import Sealed
from reprollm.records.shard import ShardReference, publish, read_lines
from reprollm.records.time import utc_now
from reprollm.snapshot.facts import Facts
from reprollm.snapshot.model import load_model

SCHEMA = "reprollm/examination/1"
MOST_WINDOW = 1024
"""Texts longer than this are read in windows even where the model's context would take them."""


@dataclass(frozen=True)
class Examination:
    """Checks of one plan, ready to be measured.

    Attributes:
        examination: its id, hex.
        plan: the plan's id, hex.
        snapshot: id of the snapshot that is examined, hex.
        core: what it was made from, as canonical JSON.
        texts: what is measured, in index order.
    """

    examination: str
    plan: str
    snapshot: str
    core: dict[str, Json]
    texts: tuple[Examined, ...]

    @property
    def group(self) -> str:
        """The group of the shard that holds its record."""
        return f"examination-{self.examination[:16]}"

    @property
    def window(self) -> int:
        """The most tokens that the model is given at once."""
        checks: Any = self.core["checks"]
        return int(checks["window"]["tokens"])


def make_examination(
    experiment: Experiment, plan: StoredPlan, facts: Facts, *, with_secrets: bool = False
) -> Examination:
    """Return the examination that an experiment declares, from its files as they are now.

    Args:
        experiment: it has a section `contamination`.
        plan: its plan, as it lies in the ledger.
        facts: the model's.
        with_secrets: read the words of what is sealed; the id is the same without.

    Raises:
        InvalidInput: a file that the section names is malformed; see `examined_texts`.
    """
    checks = experiment.config.contamination
    assert checks is not None, "the experiment declares checks"
    checked = examined_texts(experiment, with_secrets=with_secrets)
    family = checks.family
    core: dict[str, Json] = {
        "schema": SCHEMA,
        "plan": plan.plan,
        "snapshot": plan.core["snapshot"],
        "tokenizer": plan.core["tokenizer"],
        "engine": plan.core["engine"],
        "data": {"sha256": checked.data.sha256, "items": len(checked.data.rows)},
        "family": {"name": family.name, "tests": family.tests} if family else None,
        "primary": None if checks.primary == "none" else checks.primary,
        "checks": _checks(experiment, checks, checked, _window(plan, facts)),
        "texts": len(checked.texts),
        "texts_digest": texts_digest(checked.texts),
    }
    identity = digest("reprollm/examination/v1", dumps(core))
    return Examination(identity, plan.plan, plan.core["snapshot"], core, checked.texts)


def publish_examination(examination: Examination, ledger: Path) -> ShardReference:
    """Publish the examination's record, once; return the shard that holds it.

    Raises:
        StorageFailed: the file system refused.
    """
    stored = published(examination, ledger)
    if stored is not None:
        return stored
    record = new(
        "examination",
        examination=examination.examination,
        plan=examination.plan,
        snapshot=examination.snapshot,
        core=examination.core,
        created=utc_now(),
    )
    return publish(ledger, examination.group, [Sealed(record)])


def published(examination: Examination, ledger: Path) -> ShardReference | None:
    """Return the shard that holds the examination's record, or None where there is none."""
    for path in sorted((ledger / "shards" / examination.group).glob("*.jsonl")):
        record = loads_object(next(read_lines(path), b""))
        if record.get("examination") == examination.examination:
            return ShardReference(examination.group, path.stem, 1)
    return None


def expect_committed(examination: Examination, ledger: Path, experiment: Experiment) -> None:
    """Refuse to measure for an examination that the log does not hold yet.

    Raises:
        ExperimentInvalid: the ledger holds no examination of the experiment as it is now.
        PlanNotCommitted: no checkpoint covers it yet.
    """
    shard = published(examination, ledger)
    if shard is None:
        others = any((ledger / "shards").glob("examination-*/*.jsonl"))
        found = "one from other files or settings" if others else "none"
        raise ExperimentInvalid(
            f"expected the examination that {experiment.file} declares, with its files as they are "
            f"now, in {ledger}, found {found}; run `reprollm plan {experiment.config.name}` and "
            "commit it, then measure"
        )
    covered = acknowledged(read_segments(ledger), read_checkpoints(ledger))
    if not any(shard == entry for segment in covered for entry in segment.shards):
        raise PlanNotCommitted(
            f"expected the examination in a checkpoint of {ledger} before anything is measured, "
            f"found none that covers it; run: reprollm ledger commit {ledger}"
        )


def _window(plan: StoredPlan, facts: Facts) -> int:
    """Return the most tokens that the model is given at once.

    Where a context is allotted, one place in it is kept for the token that vLLM always generates.
    """
    limits = [MOST_WINDOW, facts.context_length]
    context = plan.engine.context
    limits.append(None if context is None else context - 1)
    return min(limit for limit in limits if limit is not None)


def _checks(
    experiment: Experiment, checks: ContaminationSettings, checked: CheckedData, window: int
) -> dict[str, Json]:
    """Return the checks as declared; a file stands as its SHA-256, never as a path."""
    files = experiment.checks
    declared = _plain(checks.model_dump(mode="json", exclude={"family", "primary", "secrets"}))
    declared["text"] = checked.template_sha256
    declared["seal"] = _sha256(files.seal)
    declared["sealed"] = checked.sealed
    declared["window"] = {"tokens": window, "overlap": window // 2}
    if checks.screening is not None and checked.reference is not None:
        declared["screening"]["reference"] = checked.reference.sha256
        declared["screening"]["references"] = len(checked.reference.rows)
        declared["screening"]["dates"] = _dates(checks.screening.date, checked)
    for scan, named in zip(declared["scan"], files.scans, strict=True):
        _fix_scan(scan, named)
    if checks.exposure is not None:
        # Declarations grow as people remember; no measurement depends on them.
        del declared["exposure"]["declarations"]
    return declared


def _fix_scan(scan: dict[str, Any], files: ScanFiles) -> None:
    """Put the preset's definition and the digests of its files into a declared scan.

    What a scan leaves out is left out here, so that examinations of before keep their ids.
    """
    tokenizer = _sha256(files.tokenizer)
    definition = definition_of(scan["preset"], scan["n"], scan["options"], tokenizer)
    for name in ("near", "rephrase", "tokenizer"):
        if not scan[name]:
            del scan[name]
    scan["control"] = _sha256(files.control)
    scan["definition"] = definition
    if tokenizer is not None:
        scan["tokenizer"] = tokenizer
    if files.rephrase is not None:
        scan["rephrase"] = load_model(files.rephrase).lock.snapshot


def _dates(column: str | None, checked: CheckedData) -> Json:
    """Return the dates that the guard may look at, so that it can be repeated from the log."""
    if column is None or checked.reference is None:
        return None
    sides = {"suspect": checked.data, "reference": checked.reference}
    return {name: [row.cells[column] for row in side.rows] for name, side in sides.items()}


def _plain(value: Mapping[str, Any]) -> dict[str, Any]:
    """Return settings with the types that JSON has."""
    plain: dict[str, Any] = json.loads(json.dumps(value))
    return plain


def _sha256(path: Path | None) -> str | None:
    if path is None:
        return None
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise ExperimentInvalid(f"could not read {path}: {error.strerror}") from None
