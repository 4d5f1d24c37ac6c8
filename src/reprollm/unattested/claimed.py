"""What a log of another harness comes down to, before it is recorded."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from reprollm.records.identity import import_id


@dataclass(frozen=True)
class LogFile:
    """A file as it was read.

    Attributes:
        name: its name without folders.
        sha256: SHA-256 of its bytes, hex.
        size: number of its bytes.
    """

    name: str
    sha256: str
    size: int

    def to_json(self) -> dict[str, str | int]:
        """Return the file as records name it."""
        return {"name": self.name, "sha256": self.sha256, "size": self.size}


@dataclass(frozen=True)
class Sample:
    """One answer that the log claims; None is what it does not say.

    Attributes:
        item: the log's name of the item.
        stratum: the item's stratum, where the importer named the field that holds it.
        sampling: `greedy`, `sampled`, `loglikelihood` or `unsaid`, or what the importer named it.
        seed: seed of this request as a decimal string.
        repetition: 0 for the first asking.
        model: the model's name.
        prompt: what was asked; several messages as canonical JSON.
        reference: the one accepted answer.
        output: the answer.
        finish: `stop`, `length`, or the log's own word.
        claimed: scores and other values that the log states, none of them a text of the item.
    """

    item: str
    stratum: str | None
    sampling: str
    seed: str | None
    repetition: int
    model: str | None
    prompt: str | None
    reference: str | None
    output: str | None
    finish: str | None
    claimed: dict[str, Any]


@dataclass(frozen=True)
class ForeignLog:
    """A whole log.

    Attributes:
        tool: the harness that is said to have written it.
        tool_version: its version, where the log tells it.
        format: the format's name.
        file: the file itself.
        claims: what the log says of the run as a whole.
        unsaid: sentences about what it does not say.
        samples: its answers, in the file's order.
    """

    tool: str
    tool_version: str | None
    format: str
    file: LogFile
    claims: dict[str, Any]
    unsaid: tuple[str, ...]
    samples: tuple[Sample, ...]

    @property
    def id(self) -> str:
        """The import's id: the same whenever the same file is taken in, hex."""
        return import_id(self.file.sha256, self.tool, self.tool_version)
