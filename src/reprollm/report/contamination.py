"""The findings of contamination checks, sorted by the kind of claim, which are never merged."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

WHOLE = "*"
CLAIMS = ("fact", "test", "screening", "decision")


@dataclass(frozen=True)
class Finding:
    """One finding: what one check says of one item or of the whole data set.

    Attributes:
        examination: id of the examination it belongs to, hex.
        subject: an item's id, the name of a set, or `WHOLE`.
        evidence: as recorded (`reprollm.records.evidence`).
    """

    examination: str
    method: str
    subject: str
    evidence: dict[str, Any]

    def said(self, field: str) -> str:
        """Return a field of the evidence as text; empty where the check says none."""
        value = self.evidence.get(field)
        return "" if value is None else str(value)

    @property
    def about(self) -> str:
        """What it speaks of: the data set, with the corpus of a scan, or the subject itself."""
        parameters = self.evidence.get("parameters")
        corpus = parameters.get("scan") if isinstance(parameters, dict) else None
        what = "the data set" if self.subject == WHOLE else self.subject
        return f"{what} in {corpus}" if corpus else what

    @property
    def words(self) -> str:
        """The sentence that the check made of itself, or its verdict."""
        detail = self.evidence.get("detail")
        said = detail.get("statement") if isinstance(detail, dict) else None
        return str(said or self.evidence.get("verdict") or "")


@dataclass(frozen=True)
class Findings:
    """All findings of one examination.

    Attributes:
        whole: what is said of whole sets, by claim, in log order.
        items: for each item of which anything is said, its findings, in the order of the items.
        methods: the methods that speak of items, in the order in which they appear.
    """

    whole: dict[str, tuple[Finding, ...]]
    items: dict[str, dict[str, Finding]]
    methods: tuple[str, ...]

    def __bool__(self) -> bool:
        return bool(self.items) or any(self.whole.values())


NOTHING = Findings({claim: () for claim in CLAIMS}, {}, ())


@dataclass(frozen=True)
class Stated:
    """What is said of a whole set, and of which models: all those of which just this is said."""

    models: tuple[str, ...]
    finding: Finding


def stated(claim: str, found: Mapping[str, Findings]) -> list[Stated]:
    """Return what is said of whole sets, what one check says of each model side by side.

    Args:
        claim: one of `CLAIMS`.
        found: the findings of each model, by its name.
    """
    sides: dict[tuple[str, str], list[Stated]] = {}
    for model, findings in found.items():
        for one in findings.whole[claim]:
            beside = sides.setdefault((one.method, one.about), [])
            same = [each for each in beside if each.finding.evidence == one.evidence]
            if same:
                place = beside.index(same[0])
                beside[place] = Stated((*same[0].models, model), same[0].finding)
            else:
                beside.append(Stated((model,), one))
    return [each for beside in sides.values() for each in beside]


def sort(findings: Sequence[Finding], items: Sequence[str]) -> Findings:
    """Return findings sorted by claim and by item.

    Args:
        findings: of one examination, in log order; of one method and subject the last one stands.
        items: ids of the items of the data set, in their order.
    """
    known = set(items)
    about = [one for one in findings if one.subject in known]
    rest = [one for one in findings if one.subject not in known]
    by_item: dict[str, dict[str, Finding]] = {}
    for one in about:
        by_item.setdefault(one.subject, {})[one.method] = one
    return Findings(
        whole={claim: tuple(one for one in rest if one.said("claim") == claim) for claim in CLAIMS},
        items={item: by_item[item] for item in items if item in by_item},
        methods=tuple(dict.fromkeys(one.method for one in about)),
    )
