"""Declarations: what the tool cannot see and someone states, each with its evidence.

One declaration is one `declaration` record: what is stated (`use`, `publication`, `policy`,
`release`, `creation`), of which subject, of which field (None for every field), and the evidence.
A subject is an item's id, `*` for the whole data set, a snapshot's id (`release`) or an endpoint's
address (`policy`). A date counts only where its evidence has a SHA-256: of a kept copy of whatever
shows it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from reprollm.canon import Json, dumps
from reprollm.exposure.spans import Span, span
from reprollm.records.kinds import new

EVERY = "*"
PROOFS = ("git_commit", "time_stamp")
"""Evidence of a creation that counts as proof, once it was checked (`proved` in the evidence)."""
DATES = {"publication": "first_seen", "release": "released", "creation": "created"}


@dataclass(frozen=True)
class Declared:
    """One declaration."""

    what: str
    subject: str
    field: str | None
    evidence: Mapping[str, Any]

    @property
    def dated(self) -> Span | None:
        """Its date, where it has one that counts: with the digest of its evidence."""
        text = self.evidence.get(DATES.get(self.what, ""))
        if not isinstance(text, str) or not self.evidence.get("sha256"):
            return None
        return span(text)

    @property
    def proved(self) -> bool:
        """Whether it is a creation whose evidence is a proof that was checked."""
        kind = self.evidence.get("type")
        return self.what == "creation" and kind in PROOFS and self.evidence.get("proved") is True


def of_record(record: Mapping[str, Any]) -> Declared:
    """Return what a `declaration` record states."""
    return Declared(record["what"], record["subject"], record["field"], record["evidence"])


def declaration_records(
    declared: Iterable[Declared],
    plan: str | None,
    now: str,
    known: Iterable[Mapping[str, Any]] = (),
) -> list[dict[str, Any]]:
    """Return the `declaration` records of declarations that the ledger does not hold yet.

    Args:
        declared: what is declared.
        plan: the plan of which it is declared, hex, or None.
        now: RFC 3339 time of writing.
        known: the declaration records that the ledger holds.
    """
    seen = {(record["plan"], _key(of_record(record))) for record in known}
    records = []
    for each in declared:
        key = (plan, _key(each))
        if key in seen:
            continue
        seen.add(key)
        records.append(
            new(
                "declaration",
                plan=plan,
                what=each.what,
                subject=each.subject,
                field=each.field,
                evidence=dict(each.evidence),
                created=now,
            )
        )
    return records


def cutoff_declared(
    snapshot: str, month: str, catalogue: str, source: Mapping[str, Json]
) -> Declared:
    """Return the training cutoff that a snapshot's card claims, as a declaration of its release.

    Args:
        snapshot: the snapshot's id, hex.
        month: month of the newest declared training data, `YYYY-MM`.
        catalogue: digest of the card data that say so, hex.
        source: document, date and certainty, as the card data name them.
    """
    evidence = {"type": "card", "cutoff": month, "catalogue": catalogue, "source": dict(source)}
    return Declared("release", snapshot, None, evidence)


def _key(declared: Declared) -> bytes:
    return dumps([declared.what, declared.subject, declared.field, dict(declared.evidence)])
