"""Which version of which family a snapshot is: from what its lock recorded, never from its name.

| evidence in the lock | what it says |
| --- | --- |
| the repository of the Hugging Face hub it is from is the developer's | it *is* that version |
| card, header, adapter or merge name a base of the developer's | it is *derived* from it |
| architecture or licence text are those of a family | it may be of that family; nothing follows |

A version's facts hold for what it is; of something derived they are facts of its base: training
went on, with other data, and perhaps under other terms.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Literal

from reprollm.card.catalogue import Catalogue
from reprollm.card.entries import Family, Version
from reprollm.card.subject import Subject


@dataclass(frozen=True)
class Match:
    """A version, how the snapshot relates to it, and by which evidence."""

    family: str
    developer: str
    version: Version
    relation: Literal["is", "derived from"]
    evidence: str


@dataclass(frozen=True)
class Matching:
    """The match or None, and remarks on evidence that did not suffice or spoke against one."""

    match: Match | None
    remarks: tuple[str, ...]


def match(subject: Subject, catalogue: Catalogue) -> Matching:
    """Return which version a snapshot is or is derived from."""
    remarks: list[str] = []
    if subject.hub is not None and subject.hub.host is not None:
        remarks.append(
            f"it was fetched from {subject.hub.repo} of {subject.hub.host}, where names are not "
            "known to be the developers'"
        )
    elif subject.hub is not None:
        evidence = (
            f"the lock names the repository {subject.hub.repo} at commit {subject.hub.commit}"
        )
        for family, version in _published_at(subject.hub.repo, catalogue):
            against = _contradiction(subject, version)
            if against is None:
                found = Match(family.family, family.developer, version, "is", evidence)
                return Matching(found, tuple(remarks))
            remarks.append(f"{evidence}, but {against}")
    for base, where in subject.bases:
        for family, version in _published_at(base, catalogue):
            evidence = f"{where} names the base {base}"
            found = Match(family.family, family.developer, version, "derived from", evidence)
            return Matching(found, tuple(remarks))
    return Matching(None, (*remarks, *_possible(subject, catalogue)))


def _published_at(repo: str, catalogue: Catalogue) -> Iterator[tuple[Family, Version]]:
    """Yield the first version of each family whose repositories include `repo`."""
    for family in catalogue.families:
        for version in family.versions:
            if any(fnmatchcase(repo.lower(), pattern.lower()) for pattern in version.repos):
                yield family, version
                break


def _contradiction(subject: Subject, version: Version) -> str | None:
    found = subject.model_type
    if found is None or not version.model_types or found in version.model_types:
        return None
    return f"{version.name} has the architecture {version.model_types[0]}, its files say {found}"


def _possible(subject: Subject, catalogue: Catalogue) -> tuple[str, ...]:
    """Name the families whose architecture this is, if few enough use it to say anything."""
    kind = subject.model_type
    names = [
        family.family
        for family in catalogue.families
        if any(kind in version.model_types for version in family.versions)
    ]
    if kind is None or not 0 < len(names) <= 2:
        return ()
    return (f"its architecture {kind} is that of {' and '.join(names)}, which anybody may train",)
