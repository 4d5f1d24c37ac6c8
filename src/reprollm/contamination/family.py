"""The primary tests of several ledgers, corrected together as the family that they declared.

Each examination with a decision is one test, so that examining again is a further one. Every
declared test counts, whether its ledger is here or not.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from reprollm.contamination.decision import FOR, LEVEL, NOTHING, UNTESTABLE
from reprollm.errors import InvalidInput
from reprollm.statistics.multiplicity import holm


@dataclass(frozen=True)
class Member:
    """One decision of one ledger.

    Attributes:
        ledger: where it lies, as it was named.
        examination: id of the examination, hex.
        snapshot: id of the model's snapshot, hex.
        data: SHA-256 of the data file, hex.
        family: name of the declared family.
        tests: its declared size.
        primary: the primary test.
        p: its p-value; None where it could not run.
        verdict: the ledger's own, corrected by the family's size alone.
    """

    ledger: str
    examination: str
    snapshot: str
    data: str
    family: str
    tests: int
    primary: str
    p: float | None
    verdict: str


@dataclass(frozen=True)
class Corrected:
    """A member with its p-value after Holm's correction, and what that says."""

    member: Member
    adjusted: float | None
    verdict: str


def members(ledger: str, findings: Sequence[Mapping[str, Any]]) -> list[Member]:
    """Return the decisions among a ledger's findings that belong to a family.

    Raises:
        InvalidInput: there is none.
    """
    found = [
        _member(ledger, record)
        for record in findings
        if record["finding"] == "contamination/decision"
        and record["evidence"]["parameters"]["family"] is not None
    ]
    if not found:
        raise InvalidInput(
            f"expected a decision on a declared primary test in {ledger}, found none; declare "
            "contamination.family and contamination.primary, run the experiment, and examine it"
        )
    return found


def correct(found: Sequence[Member]) -> list[Corrected]:
    """Return the members in their order, corrected by Holm's rule over the declared family.

    Raises:
        InvalidInput: they do not declare one and the same family, or are more than it has tests.
    """
    declared = sorted({(each.family, each.tests) for each in found})
    if len(declared) != 1:
        said = ", ".join(f"{name} of {tests}" for name, tests in declared)
        raise InvalidInput(f"expected one and the same declared family, found {said or 'none'}")
    family, tests = declared[0]
    if len(found) > tests:
        raise InvalidInput(
            f"expected at most {tests} tests, as the family {family} was declared, found "
            f"{len(found)}; a test that was not declared cannot be corrected for"
        )
    known = [each for each in found if each.p is not None and each.verdict != UNTESTABLE]
    ps = holm([each.p for each in known if each.p is not None], tests)
    adjusted = dict(zip((each.examination for each in known), ps, strict=True))
    return [_corrected(each, adjusted.get(each.examination)) for each in found]


def _corrected(member: Member, adjusted: float | None) -> Corrected:
    if adjusted is None:
        return Corrected(member, None, UNTESTABLE)
    return Corrected(member, adjusted, FOR if adjusted <= LEVEL else NOTHING)


def _member(ledger: str, record: Mapping[str, Any]) -> Member:
    said = record["evidence"]
    parameters, detail = said["parameters"], said["detail"]
    return Member(
        ledger,
        record["run"],
        detail["snapshot"],
        detail["data"],
        parameters["family"],
        int(parameters["tests"]),
        parameters["primary"],
        None if said["p"] is None else float(said["p"]),
        said["verdict"],
    )
