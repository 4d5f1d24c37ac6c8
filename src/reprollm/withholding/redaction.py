"""The statement of withholding: what is not in a bundle, of which log, and why.

    {"created":…,"kind":"redaction","left_out":[{"path":…,"sha256":…}],"origin":…,
     "overlaps":[{"count":…,"field":…,"shown_by":…}],"reason":…,"root":…,
     "schema":"reprollm/redaction/1","size":…,"values":…,"withheld":[{"field":…,"salt":…}]}

One canonical line, `redaction.json` in the bundle. It is no record of the log, whose root would
change; SHA256SUMS lists it, and the bundle's signatures cover that list. The ledger keeps it as
`redactions/<SHA-256 of the file>.json`: saying the same again finds it there, with its first time.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from reprollm.canon import Json, dumps, loads_object
from reprollm.errors import InvalidInput
from reprollm.records.checkpoint import Checkpoint
from reprollm.records.shard import write_once
from reprollm.records.time import utc_now
from reprollm.withholding.withhold import Withholding

if TYPE_CHECKING:
    from reprollm.withholding.reading import LeftOut
    from reprollm.withholding.survey import Survey
    from reprollm.withholding.withheld_texts import WithheldTexts

SCHEMA = "reprollm/redaction/1"
FOLDER = "redactions"
FILE = "redaction.json"


@dataclass(frozen=True)
class Redaction:
    """A statement of withholding, and what its making found.

    Attributes:
        statement: its value.
        withholding: what is withheld.
        left_out: files that show withheld texts and must not be published.
        notices: what the records still tell of withheld texts, in sentences for the reader.
        warnings: what the publisher should know before handing the bundle on.
        texts: the withheld texts, to look for them in what else is published.
    """

    statement: dict[str, Any]
    withholding: Withholding
    left_out: tuple[LeftOut, ...]
    notices: tuple[str, ...]
    warnings: tuple[str, ...]
    texts: WithheldTexts

    @property
    def line(self) -> bytes:
        """The statement's canonical line, without a line end."""
        return dumps(self.statement)

    @property
    def content(self) -> bytes:
        """The bytes of `redaction.json`."""
        return self.line + b"\n"

    @property
    def name(self) -> str:
        """SHA-256 of the file, hex."""
        return hashlib.sha256(self.content).hexdigest()

    @property
    def withheld(self) -> list[dict[str, str]]:
        """The withheld fields as the statement lists them."""
        return self.withholding.to_json()

    @property
    def reason(self) -> str:
        """Why, in the publisher's words."""
        return self.withholding.reason


def redact(
    ledger: Path, checkpoint: Checkpoint, withholding: Withholding, found: Survey
) -> Redaction:
    """Return the statement about a withholding, made now or found from an earlier time.

    Raises:
        InvalidInput: a statement that is kept in the ledger is damaged.
        StorageFailed: the file system refused.
    """
    said: dict[str, Json] = {
        "schema": SCHEMA,
        "kind": "redaction",
        "origin": checkpoint.origin,
        "size": checkpoint.size,
        "root": checkpoint.root.hex(),
        "withheld": [dict(entry) for entry in withholding.to_json()],
        "values": found.values,
        "left_out": [{"path": file.path, "sha256": file.sha256} for file in found.left_out],
        "overlaps": [dict(overlap.to_json()) for overlap in found.overlaps],
        "reason": withholding.reason,
    }
    statement = _said_before(ledger, said)
    if statement is None:
        statement = {**said, "created": utc_now()}
        content = dumps(statement) + b"\n"
        name = hashlib.sha256(content).hexdigest()
        write_once(ledger / FOLDER / f"{name}.json", content)
    return Redaction(
        statement, withholding, found.left_out, found.notices, found.warnings, found.texts
    )


def _said_before(ledger: Path, said: dict[str, Json]) -> dict[str, Any] | None:
    """Return the earliest statement that is kept and says the same, if any."""
    same = []
    for path in sorted((ledger / FOLDER).glob("*.json")):
        content = path.read_bytes()
        statement = loads_object(content.removesuffix(b"\n"))
        if hashlib.sha256(content).hexdigest() != path.stem:
            raise InvalidInput(
                f"expected {path} to hold the bytes with the SHA-256 in its name, found others; "
                "bring it back from a copy, or delete it to state the withholding anew"
            )
        if {key: value for key, value in statement.items() if key != "created"} == said:
            same.append(statement)
    return min(same, key=lambda statement: str(statement["created"]), default=None)
