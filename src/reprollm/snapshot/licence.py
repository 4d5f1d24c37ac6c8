"""The licence a snapshot comes with: its licence files by digest, and what the model card claims.

Custom model licences have no SPDX identifier, so the file's digest is the fact; what the YAML front
matter of `README.md` says is recorded as a claim. Copies of one licence differ in line breaks,
quotes and copyright lines, so beside the digest of the bytes stands one of the words
(`reprollm.snapshot.wording`), by which a known licence is recognised.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import ClassVar

from reprollm.canon import Json
from reprollm.snapshot.front_matter import Claims, read_claims
from reprollm.snapshot.manifest import File
from reprollm.snapshot.wording import title_of, words_digest

MAX_LICENCE_BYTES = 1_000_000

_NAME = re.compile(r"(licen[cs]e|copying|use_policy|notice)([._-].*)?\Z", re.IGNORECASE)
_FRONT_MATTER = re.compile(r"\A---\r?\n(.*?)\r?\n---", re.DOTALL)
_CLAIM = re.compile(r"^license(?:_name)?:[ \t]*[\"']?([\w.+ -]+?)[\"']?[ \t]*\r?$", re.MULTILINE)


@dataclass(frozen=True)
class LicenceFile:
    """A licence file: path, SHA-256 of its bytes, digest of its words, its first line.

    The last two are None for a file above `MAX_LICENCE_BYTES`.
    """

    __pydantic_config__: ClassVar[dict[str, object]] = {"extra": "forbid", "strict": True}

    path: str
    sha256: str
    words: str | None = None
    title: str | None = None

    def to_record(self) -> dict[str, Json]:
        """Return the file as canonical JSON."""
        return {
            "path": self.path,
            "sha256": self.sha256,
            "words": self.words,
            "title": self.title,
        }


@dataclass(frozen=True)
class Licence:
    """What a snapshot says of its licence.

    Attributes:
        file, sha256: the first licence file at the top by name, or None.
        declared: the licence that the model card claims, or None.
        files: all licence files at the top, sorted by path.
        claims: all that the card's front matter claims, or None.
    """

    __pydantic_config__: ClassVar[dict[str, object]] = {"extra": "forbid", "strict": True}

    file: str | None = None
    sha256: str | None = None
    declared: str | None = None
    files: tuple[LicenceFile, ...] = ()
    claims: Claims | None = None

    def to_record(self) -> dict[str, Json]:
        """Return the licence as canonical JSON; what later versions added only where it is there.

        So that the record of a snapshot that says nothing of it keeps its bytes.
        """
        record: dict[str, Json] = {
            "file": self.file,
            "sha256": self.sha256,
            "declared": self.declared,
        }
        if self.files:
            record["files"] = [file.to_record() for file in self.files]
        if self.claims is not None:
            record["claims"] = self.claims.to_record()
        return record


def read_licence(
    files: Iterable[File],
    card: str | None,
    prose: Callable[[str], str | None] = lambda path: None,
) -> Licence:
    """Return the licence of a snapshot.

    Args:
        files: the snapshot's files; the first licence file at the top by name is taken.
        card: the text of `README.md`, or None.
        prose: returns the text of a file of the snapshot.
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
        files=tuple(_described(file, prose) for file in sorted(found, key=lambda file: file.path)),
        claims=read_claims(card),
    )


def _described(file: File, prose: Callable[[str], str | None]) -> LicenceFile:
    text = prose(file.path) if file.size <= MAX_LICENCE_BYTES else None
    if text is None:
        return LicenceFile(file.path, file.sha256)
    return LicenceFile(file.path, file.sha256, words_digest(text), title_of(text))


def _rank(path: str) -> tuple[bool, str]:
    return not path.lower().startswith("licen"), path
