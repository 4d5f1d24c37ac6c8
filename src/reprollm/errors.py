"""What can go wrong, named; each error says what was expected, what was found, and what to do.

The command line turns every `ReprollmError` into one sentence on standard error and the class's
`exit_code`. Nothing else in the package maps errors to exit codes.

| exit code | meaning |
| --- | --- |
| 0 | done, everything asked for holds |
| 2 | the command line itself is wrong (from click) |
| 3 | bad input: a file, a setting or a record is not what was expected |
| 4 | verification failed: something recorded is not what it claims to be |
| 5 | not reproduced: two runs differ |
| 6 | busy: another process holds what this one needs |
| 7 | the machine refused: disk, permission, memory; or a hub of models does not answer |
| 8 | interrupted: the work done so far is recorded, start again to go on |
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import ClassVar


class ReprollmError(Exception):
    """Base of all errors that a user can cause or mend."""

    exit_code: ClassVar[int] = 3


class InvalidInput(ReprollmError):
    """A file, setting or value from outside is not what was expected."""


@contextmanager
def naming(where: object) -> Iterator[None]:
    """Add `where` to the sentence of an `InvalidInput` that is raised within; keep its class.

    For readers of bytes, who do not know from which file these came.
    """
    try:
        yield
    except InvalidInput as error:
        raise type(error)(f"{error} (in {where})") from None


class NotCanonical(InvalidInput):
    """A line is not the canonical form of the value it holds (RFC 8785 on our subset)."""


class ExperimentInvalid(InvalidInput):
    """`experiment.yaml` has an unknown key, a missing key or a wrong value."""


class DemandUnmet(InvalidInput):
    """A model's card does not meet what the experiment demands of it."""


class DataInvalid(InvalidInput):
    """The data file cannot be read, or breaks a rule such as unique ids."""


class TemplateInvalid(InvalidInput):
    """A prompt or chat template cannot be rendered."""


class PromptTooLong(InvalidInput):
    """Prompt and answer do not fit into the model's context."""


class PlanNotCommitted(InvalidInput):
    """A run was asked for before a checkpoint covers its plan."""


class SnapshotRefused(InvalidInput):
    """A model folder holds what is never loaded: pickles, code, paths out of the folder."""


class SnapshotNotFound(InvalidInput):
    """No folder known to this machine holds the snapshot that a lock names."""


class EngineUnavailable(InvalidInput):
    """An engine is not installed, or cannot do what the experiment requires."""


class VerificationFailed(ReprollmError):
    """Something recorded is not what it claims to be."""

    exit_code: ClassVar[int] = 4


class SnapshotChanged(VerificationFailed):
    """A model file differs from the one that was pinned."""


class LeafMismatch(VerificationFailed):
    """A record or shard is not the one that the log committed to."""


class CheckpointMismatch(VerificationFailed):
    """A checkpoint's size or root is not that of the log."""


class CommitmentMismatch(VerificationFailed):
    """An opening does not open the commitment beside which it lies."""


class PlanIncomplete(VerificationFailed):
    """A planned request has no final generation and no explained failure."""


class RecordsDisagree(VerificationFailed):
    """Records of the log contradict each other: an answer to no request, of no attempt."""


class ProjectionMismatch(VerificationFailed):
    """`ledger.duckdb` shows something else than the log holds."""


class ScoreMismatch(VerificationFailed):
    """A recorded score is not what the answers and references give."""


class FindingMismatch(VerificationFailed):
    """A recorded finding of a contamination check is not what the measurements give."""


class ConclusionMismatch(VerificationFailed):
    """A recorded comparison or claim is not what the log before it gives."""


class SignatureMismatch(VerificationFailed):
    """A signature is not one of its key over its text, or a key that was asked for did not sign."""


class TimeStampMismatch(VerificationFailed):
    """A time stamp is of another text, or not of the authority beside it."""


class FileChanged(VerificationFailed):
    """A file of a bundle is not the one that the bundle lists."""


class FileMissing(VerificationFailed):
    """A file that a bundle lists is not in it."""


class FileUnexpected(VerificationFailed):
    """A bundle holds a file that it does not list."""


class ArchiveRefused(VerificationFailed):
    """An archive holds what no bundle does: paths that lead out of it, links, bombs, duplicates."""


class NotReproduced(ReprollmError):
    """Two runs of the same requests gave different answers."""

    exit_code: ClassVar[int] = 5


class Busy(ReprollmError):
    """Another process holds the lock on what this one needs."""

    exit_code: ClassVar[int] = 6


class StorageFailed(ReprollmError):
    """The file system refused: full, read-only, no permission."""

    exit_code: ClassVar[int] = 7


class SourceFailed(ReprollmError):
    """A hub of models did not answer, broke off, or answered in another form."""

    exit_code: ClassVar[int] = 7


class Interrupted(ReprollmError):
    """The process was told to stop; what was done is recorded."""

    exit_code: ClassVar[int] = 8
