"""A snapshot's card: what `reprollm model show` shows and an experiment can make demands of."""

from __future__ import annotations

from dataclasses import asdict, dataclass

from reprollm.canon import Json
from reprollm.card.catalogue import Catalogue, load_catalogue
from reprollm.card.entries import Cutoff, Osaid, Rated
from reprollm.card.licence import Finding, find_licence
from reprollm.card.match import Match, match
from reprollm.card.subject import Subject, of_lock
from reprollm.snapshot.lock import Lock


@dataclass(frozen=True)
class Card:
    """What is known of a snapshot besides its files.

    Attributes:
        name: the snapshot's name for people.
        data: digest of the data files that this was looked up in.
        licence: its licence.
        match: the version of a family that it is or is derived from, or None.
        remarks: evidence for a family that did not suffice, or spoke against it.
        rated, osaid, cutoff: openness and training cutoff of the version, or None. They are the
            snapshot's own only where it *is* that version.
    """

    name: str
    data: str
    licence: Finding
    match: Match | None
    remarks: tuple[str, ...]
    rated: Rated | None
    osaid: Osaid | None
    cutoff: Cutoff | None

    @property
    def own(self) -> bool:
        """Whether openness and cutoff are the snapshot's own and not those of its base."""
        return self.match is not None and self.match.relation == "is"

    def to_json(self) -> dict[str, Json]:
        """Return the card as canonical JSON."""
        licence, found = self.licence, self.match
        rated = asdict(self.rated) if self.rated else None
        return {
            "data": self.data,
            "licence": {
                "id": licence.identity,
                "class": licence.kind,
                "basis": licence.basis,
                "evidence": licence.evidence,
                "file": licence.text.path if licence.text else None,
                "sha256": licence.text.sha256 if licence.text else None,
                "conditions": [
                    {"about": each.about, "text": each.text, "threshold": each.threshold}
                    for each in (licence.entry.conditions if licence.entry else ())
                ],
                "source": asdict(licence.source) if licence.source else None,
                "others": [other.id for other in licence.others],
            },
            "match": {
                "family": found.family,
                "developer": found.developer,
                "version": found.version.name,
                "relation": found.relation,
                "evidence": found.evidence,
            }
            if found
            else None,
            "remarks": list(self.remarks),
            "of": "itself" if self.own else "its base" if found else None,
            "openness": rated,
            "osaid": asdict(self.osaid) if self.osaid else None,
            "cutoff": asdict(self.cutoff) if self.cutoff else None,
        }


def card_of(snapshot: Lock | Subject, catalogue: Catalogue | None = None) -> Card:
    """Return the card of a snapshot, given its lock or what a record says of it."""
    subject = of_lock(snapshot) if isinstance(snapshot, Lock) else snapshot
    known = catalogue or load_catalogue()
    matching = match(subject, known)
    found = matching.match
    version = found.version if found else None
    return Card(
        name=subject.name,
        data=known.version,
        licence=find_licence(subject, known, found),
        match=found,
        remarks=matching.remarks,
        rated=known.rated(version) if version else None,
        osaid=version.osaid if version else None,
        cutoff=version.cutoff if version else None,
    )
