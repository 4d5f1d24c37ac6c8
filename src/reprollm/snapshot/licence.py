"""The licence a snapshot comes with: its licence file by digest, and what the model card claims.

Custom model licences have no SPDX identifier, so the file's digest is the fact; the `license` key
in the YAML front matter of `README.md` (Hugging Face model cards) is recorded as a claim.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import ClassVar

from reprollm.canon import Json
from reprollm.snapshot.manifest import File

_NAME = re.compile(r"(licen[cs]e|copying|use_policy|notice)([._-].*)?\Z", re.IGNORECASE)
_FRONT_MATTER = re.compile(r"\A---\r?\n(.*?)\r?\n---", re.DOTALL)
_CLAIM = re.compile(r"^license(?:_name)?:[ \t]*[\"']?([\w.+ -]+?)[\"']?[ \t]*\r?$", re.MULTILINE)


@dataclass(frozen=True)
class Licence:
    """The licence file (path in the snapshot, SHA-256) and the model card's claim, each or None."""

    __pydantic_config__: ClassVar[dict[str, object]] = {"extra": "forbid", "strict": True}

    file: str | None = None
    sha256: str | None = None
    declared: str | None = None

    def to_record(self) -> dict[str, Json]:
        """Return the licence as canonical JSON."""
        return {"file": self.file, "sha256": self.sha256, "declared": self.declared}


def read_licence(files: Iterable[File], card: str | None) -> Licence:
    """Return the licence of a snapshot.

    Args:
        files: the snapshot's files; the first licence file at the top by name is taken.
        card: the text of `README.md`, or None.
    """
    found = sorted(
        (file for file in files if _NAME.match(file.path)), key=lambda file: _rank(file.path)
    )
    front = _FRONT_MATTER.match(card) if card else None
    claim = _CLAIM.search(front[1]) if front else None
    first = found[0] if found else None
    return Licence(
        file=first.path if first else None,
        sha256=first.sha256 if first else None,
        declared=claim[1] if claim else None,
    )


def _rank(path: str) -> tuple[bool, str]:
    return not path.lower().startswith("licen"), path
