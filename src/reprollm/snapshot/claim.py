"""A model of which nothing is known but what a server says: a name over HTTP, no files.

So that such a model has a snapshot id like any other, its manifest lists one file, `claim.json`,
which holds the claim in canonical form. Everybody who reads the lock can see how little that is.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import ClassVar

from reprollm.canon import Json, digest, dumps
from reprollm.snapshot.manifest import File

CLAIM_FILE = "claim.json"
UTF8_TOKENIZER = digest("reprollm/tokenizer-utf8/v1")
"""The tokenizer's digest of a model whose tokenizer is not on this machine: bytes stand in."""


@dataclass(frozen=True)
class Claim:
    """What a server claims.

    Attributes:
        kind: what the server says it is.
        model: the model's name there.
        address: where it was asked, without a path.
        said: what else it said of the model, as JSON text with sorted keys.
    """

    __pydantic_config__: ClassVar[dict[str, object]] = {"extra": "forbid", "strict": True}

    kind: str
    model: str
    address: str
    said: str

    def to_record(self) -> dict[str, Json]:
        """Return the claim as canonical JSON."""
        return {
            "kind": self.kind,
            "model": self.model,
            "address": self.address,
            "said": self.said,
        }

    def file(self) -> File:
        """Return the manifest's one entry: `claim.json` in canonical form."""
        text = dumps(self.to_record())
        return File(CLAIM_FILE, len(text), hashlib.sha256(text).hexdigest())
