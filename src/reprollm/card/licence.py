"""Under which licence a snapshot comes, by what is known, and what conditions that brings.

The strongest evidence decides: the text in the snapshot, word by word (`text`) or by how it begins
(`title`); what the model card claims (`claim`); what the documents of the family say (`family`). A
text that is not recognised leaves the class unknown whatever the card claims, for the text is what
counts; so does one that merely begins as a permissive one. Where text and claim name different
licences, both are named and the stricter class stands.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal, TypeAlias

from reprollm.card.catalogue import Catalogue
from reprollm.card.entries import KINDS, LicenceEntry, Source
from reprollm.card.match import Match
from reprollm.card.subject import Subject
from reprollm.snapshot.licence import LicenceFile

Basis: TypeAlias = Literal["text", "title", "claim", "family", "none"]


@dataclass(frozen=True)
class Finding:
    """The licence of a snapshot.

    Attributes:
        identity: SPDX identifier or `LicenseRef-<name>`, or None where nothing names one.
        entry: what is known of it, or None.
        kind: `permissive`, `community`, `research-only` or `unknown`.
        basis: the kind of evidence that decided.
        evidence: that evidence, in words.
        text: the licence file in the snapshot, or None.
        others: other licences that other evidence names.
    """

    identity: str | None
    entry: LicenceEntry | None
    kind: str
    basis: Basis
    evidence: str
    text: LicenceFile | None
    others: tuple[LicenceEntry, ...] = ()

    @property
    def source(self) -> Source | None:
        """Where what is known of the licence is from."""
        return self.entry.source if self.entry else None


def find_licence(subject: Subject, catalogue: Catalogue, match: Match | None) -> Finding:
    """Return the licence of a snapshot."""
    texts = _texts(subject)
    text = texts[0] if texts else None
    claimed = _claimed(subject, catalogue)
    recognised = [(file, *_recognised(file, catalogue)) for file in texts]
    named = [(file, entry, basis) for file, entry, basis in recognised if entry]
    others = [entry for _, entry, _ in named[1:]] + ([claimed[0]] if claimed else [])
    if named:
        file, entry, basis = named[0]
        how = "is, word by word," if basis == "text" else "begins as"
        evidence = f"{file.path} in the snapshot {how} the {entry.name}"
        return _finding(entry, basis, evidence, file, others)
    if claimed:
        entry, words = claimed
        found = _finding(entry, "claim", f"the model card claims {words}", text, [])
        return _unread(found) if text else found
    granted = match.version.licence if match and match.relation == "is" else None
    known = catalogue.licence(granted.id) if granted else None
    if granted and known and not text:
        evidence = f"{granted.source.document} ({granted.source.date}) names it for this version"
        return _finding(known, "family", evidence, None, [])
    return _unknown(subject, text)


def _finding(
    entry: LicenceEntry,
    basis: Basis,
    evidence: str,
    text: LicenceFile | None,
    others: list[LicenceEntry],
) -> Finding:
    differing = tuple({other.id: other for other in others if other.id != entry.id}.values())
    kind = max((entry, *differing), key=lambda each: KINDS.index(each.kind)).kind
    # A permissive text with a sentence added begins like the original.
    doubtful = basis == "title" and kind == "permissive"
    return Finding(
        entry.id, entry, "unknown" if doubtful else kind, basis, evidence, text, differing
    )


def _unread(found: Finding) -> Finding:
    assert found.text is not None
    evidence = f"{found.evidence}, but the text of {found.text.path} is none that is known"
    return Finding(found.identity, found.entry, "unknown", "claim", evidence, found.text)


def _unknown(subject: Subject, text: LicenceFile | None) -> Finding:
    claims = subject.licence.claims
    claimed = (claims.license_name or claims.license) if claims else subject.licence.declared
    name = claimed or (text.title if text else None)
    identity = reference(name) if name else None
    if text is None:
        said = f"the model card claims {claimed!r}" if claimed else "nothing in it names one"
        return Finding(identity, None, "unknown", "none", said, None)
    evidence = f"the text of {text.path} is none that is known"
    return Finding(identity, None, "unknown", "none", evidence, text)


def reference(name: str) -> str:
    """Return a `LicenseRef-` identifier: letters, digits, dots and hyphens."""
    return "LicenseRef-" + (re.sub(r"[^A-Za-z0-9.-]+", "-", name).strip("-")[:80] or "unnamed")


def _texts(subject: Subject) -> list[LicenceFile]:
    """Return the model's licence texts: no use policies or notices, not the one of the code."""
    files = [
        file
        for file in subject.licence.files
        if re.match(r"licen[cs]e|copying", file.path, re.IGNORECASE)
        and "code" not in file.path.lower()
    ]
    return sorted(files, key=lambda file: ("model" not in file.path.lower(), file.path))


def _recognised(file: LicenceFile, catalogue: Catalogue) -> tuple[LicenceEntry | None, Basis]:
    for entry in catalogue.licences:
        if file.words in entry.words:
            return entry, "text"
    title = (file.title or "").lower()
    fitting = [
        (len(start), entry)
        for entry in catalogue.licences
        for start in entry.titles
        if title.startswith(start)
    ]
    return (max(fitting, key=lambda fit: fit[0])[1], "title") if fitting else (None, "none")


def _claimed(subject: Subject, catalogue: Catalogue) -> tuple[LicenceEntry, str] | None:
    claims = subject.licence.claims
    said = [claims.license_name, claims.license] if claims else [subject.licence.declared]
    for claim in said:
        for entry in catalogue.licences:
            if claim and (claim.lower() in entry.claims or claim.lower() == entry.id.lower()):
                return entry, repr(claim)
    return None
