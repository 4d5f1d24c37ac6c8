"""What a reader brings along: a key, an earlier checkpoint, a later opening.

A bundle proves that it is what its author committed to; only something from elsewhere proves that
it is what he committed to *then*, or that it is he.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from reprollm.errors import ReprollmError
from reprollm.records.checkpoint import Checkpoint
from reprollm.review.levels import Disclosed, Findings, Signer
from reprollm.review.log import LogChecked
from reprollm.signing.trusted import PublicKey, key_text


@dataclass(frozen=True)
class Demands:
    """What a reader asks for beyond the bundle itself.

    Attributes:
        keys: keys of which each must have signed the last checkpoint.
        kept: checkpoints that someone kept from earlier; the log must still begin with each.
        openings: lines of a later disclosure, without their line ends.
        allow_incomplete: a run without all its answers is a notice, not a problem.
    """

    keys: Sequence[PublicKey] = ()
    kept: Sequence[Checkpoint] = ()
    openings: Sequence[bytes] = ()
    allow_incomplete: bool = False


def check_demands(
    demands: Demands, ledger: Path, log: LogChecked, signers: Sequence[Signer]
) -> tuple[Disclosed, ...]:
    """Add to level 1 what came of the demands; return the texts of the later opening."""
    _check_keys(demands.keys, log, signers)
    if demands.kept:
        _check_kept(demands.kept, ledger, log.log)
    return _disclosed(demands.openings, ledger, log.log) if demands.openings else ()


def _check_keys(keys: Sequence[PublicKey], log: LogChecked, signers: Sequence[Signer]) -> None:
    size = log.report.size
    signed = {s.key for s in signers if s.what == "checkpoint" and s.size == size}
    for key in map(key_text, keys):
        if key in signed:
            log.log.checked.append(f"the last checkpoint is signed by {key}")
        else:
            log.log.wrong(
                "SignatureMismatch",
                f"expected a signature of the last checkpoint, over {size} records, by {key}, "
                "found none that holds",
            )


def _check_kept(kept: Sequence[Checkpoint], ledger: Path, findings: Findings) -> None:
    from reprollm.signing.growth import compare
    from reprollm.signing.log import read_log

    try:
        log = read_log(ledger)
        for checkpoint in kept:
            compare(checkpoint, log)
            findings.checked.append(
                f"the log still begins with the {checkpoint.size} records of the checkpoint that "
                "was kept"
            )
    except ReprollmError as error:
        findings.wrong(type(error).__name__, str(error))


def _disclosed(lines: Sequence[bytes], ledger: Path, findings: Findings) -> tuple[Disclosed, ...]:
    from reprollm.withholding.disclosure import check_disclosure

    try:
        found = check_disclosure(ledger, lines)
    except ReprollmError as error:
        findings.wrong(type(error).__name__, str(error))
        return ()
    findings.checked.append(f"{len(found)} texts opened later are those that were committed to")
    return tuple(Disclosed(one.position, one.kind, one.field, one.text()) for one in found)
