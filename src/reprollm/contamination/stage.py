"""The examine stage: a committed ledger in, one shard of findings out.

Findings are computed from the log alone, and from declarations that the next commit takes into it
with them, so that whoever has the ledger computes them again. The
same ledger gives the same findings, and these are published once; where the log has grown (another
declaration, a scan), what changed is published anew and the last finding counts.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from reprollm.canon import Json
from reprollm.contamination.exposure import published_declarations
from reprollm.contamination.findings import findings_of
from reprollm.contamination.material import Found, Material
from reprollm.contamination.reading import read_material
from reprollm.errors import InvalidInput
from reprollm.records.evidence import PREFIX
from reprollm.records.kinds import new
from reprollm.records.sealed import Sealed
from reprollm.records.shard import ShardReference, publish, read_records
from reprollm.records.time import utc_now


@dataclass(frozen=True)
class Examined:
    """What an examination found.

    Attributes:
        examination: its id, hex.
        plan: the plan's id, hex.
        findings: what the methods found, in their order.
        shard: the shard that holds it; None where nothing was declared that finds anything.
    """

    examination: str
    plan: str
    findings: tuple[Found, ...]
    shard: ShardReference | None


def examine(ledger: Path, examination: str) -> Examined:
    """Compute the findings of an examination, and record them once.

    Raises:
        InvalidInput: the log holds no such examination, or not all that it measures.
        StorageFailed: the file system refused.
    """
    material = _with_declarations(ledger, read_material(ledger, examination))
    expect_measured(ledger, material)
    found = tuple(findings_of(material))
    shard = _record(ledger, material, found) if found else None
    return Examined(examination, material.plan, found, shard)


def _with_declarations(ledger: Path, material: Material) -> Material:
    """Return the material with what was declared since the last commit.

    The next commit takes these declarations into the log before the findings that are made of them.
    """
    new_ones = [
        record
        for record in published_declarations(ledger)
        if record["plan"] in (None, material.plan) and record not in material.declarations
    ]
    return replace(material, declarations=(*material.declarations, *new_ones))


def expect_measured(ledger: Path, material: Material) -> None:
    """Raise `InvalidInput` where a text is not measured that the engine could have measured."""
    texts = int(material.core["texts"])
    if material.capable and len(material.likelihoods) < texts:
        raise InvalidInput(
            f"expected all {texts} texts of the examination {material.examination[:16]} measured "
            f"in the log of {ledger}, found {len(material.likelihoods)}; run "
            "`reprollm contamination measure` and commit the ledger, then examine"
        )


def finding_fields(material: Material, found: Found) -> dict[str, Json]:
    """Return what a finding record must say; only its time is its own."""
    return {
        "run": material.examination,
        "plan": material.plan,
        "finding": f"{PREFIX}{found.method}",
        "subject": found.subject,
        "evidence": found.evidence,
    }


def _record(ledger: Path, material: Material, found: Sequence[Found]) -> ShardReference:
    """Publish the findings, or return the shard that holds them already."""
    group = f"finding-{material.examination[:16]}"
    said = [finding_fields(material, each) for each in found]
    for path in sorted((ledger / "shards" / group).glob("*.jsonl")):
        records = list(read_records(path))
        if [{name: record.get(name) for name in said[0]} for record in records] == said:
            return ShardReference(group, path.stem, len(records))
    created = utc_now()
    return publish(
        ledger, group, [Sealed(new("finding", **each, created=created)) for each in said]
    )
