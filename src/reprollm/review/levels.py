"""What a verification says, level by level: the more a level costs, the more it shows.

| level | what it shows |
| --- | --- |
| 0 files | the bundle holds just the files that its author signed, and nothing hidden |
| 1 log | records, leaves, roots, signatures, openings: the log as it was committed to |
| 2 completeness | every planned request has its one final answer, or a recorded failure |
| 3 numbers | the scores are those that the opened answers and references give |
| 4 re-execution | only `reprollm challenge`, which needs the weights |

A level *holds*, *fails*, holds *partly* (something could not be checked; it is said what, and why),
or was *not checked*. The exit code is 10 and the lowest level that fails.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from typing import Any

from reprollm.ledger.report import AttemptLine, RunCoverage

SCHEMA = "reprollm/verification/2"
NAMES = ("files", "log", "completeness", "numbers", "re-execution")
FILES, LOG, COMPLETENESS, NUMBERS, EXECUTION = range(5)
FIRST_EXIT = 10
NEEDS_MODEL = "needs the model: run reprollm challenge with the local weights"
NO_BUNDLE = "this is a ledger's own folder, no bundle: nobody listed and signed its files"


class LevelVerdict(StrEnum):
    """What came of one level."""

    HOLDS = "holds"
    FAILS = "fails"
    PARTLY = "partly"
    NOT_CHECKED = "not checked"


@dataclass(frozen=True)
class Defect:
    """One thing that is wrong.

    Attributes:
        level: the level that fails by it.
        defect: name of the error class.
        sentence: what was expected, what was found, where.
    """

    level: int
    defect: str
    sentence: str


@dataclass(frozen=True)
class Level:
    """What came of one level, what was checked for it, and what could not be, with the reason."""

    level: int
    verdict: LevelVerdict
    checked: tuple[str, ...] = ()
    unchecked: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """The level's name."""
        return NAMES[self.level]

    def to_json(self) -> dict[str, Any]:
        """Return the level as plain values."""
        return {
            "level": self.level,
            "name": self.name,
            "verdict": str(self.verdict),
            "checked": list(self.checked),
            "unchecked": list(self.unchecked),
        }


@dataclass(frozen=True)
class Signer:
    """A signature that holds.

    Attributes:
        kind: `note`, `ssh` or `rfc3161`.
        name: whose it is, as key or certificate say.
        size: number of records that it covers.
        key: the public key as one line, or the certificate's fingerprint.
        what: `checkpoint` or `bundle`.
        time: for a time stamp the time that it states, RFC 3339.
    """

    kind: str
    name: str
    size: int
    key: str
    what: str = "checkpoint"
    time: str | None = None


@dataclass(frozen=True)
class Summed:
    """One recorded row of a summary table; `recomputed` is what came of it (`ScoredRun`)."""

    run: str
    recomputed: str
    row: dict[str, Any]


@dataclass(frozen=True)
class CheckFound:
    """What a check of contamination found of a whole set, and what came of recomputing it.

    Attributes:
        examination: id of the examination, hex.
        claim: `fact`, `test`, `screening` or `decision`; these are never merged.
        name: the method, with what it speaks of where that is not the data set.
        n: how many items.
        p: its p-value, decimal, or None.
        verdict: in the method's own words.
        recomputed: `same`, `WRONG`, `not recomputed` or `needs the corpus`.
        statement: the decision's sentences; empty of others.
    """

    examination: str
    claim: str
    name: str
    n: int
    p: str | None
    verdict: str
    recomputed: str
    statement: str = ""


@dataclass(frozen=True)
class Claimed:
    """A claim of the experiment, as recorded.

    Attributes:
        run: id of the run of its arm, hex.
        name: its name in the experiment.
        says: its sentence.
        verdict: `holds`, `fails` or `undecided`.
        found: the numbers that it was held against, in words.
        recomputed: `same`, `WRONG` or `not recomputed`.
    """

    run: str
    name: str
    says: str
    verdict: str
    found: str
    recomputed: str


@dataclass
class Findings:
    """What the checks of one level have found so far."""

    level: int
    checked: list[str] = field(default_factory=list)
    unchecked: list[str] = field(default_factory=list)
    defects: list[Defect] = field(default_factory=list)

    def wrong(self, defect: str, sentence: str) -> None:
        """Note something that is wrong."""
        self.defects.append(Defect(self.level, defect, sentence))

    def close(self) -> Level:
        """Return the level with its verdict."""
        if self.defects:
            verdict = LevelVerdict.FAILS
        elif not self.checked:
            verdict = LevelVerdict.NOT_CHECKED
        else:
            verdict = LevelVerdict.PARTLY if self.unchecked else LevelVerdict.HOLDS
        return Level(self.level, verdict, tuple(self.checked), tuple(self.unchecked))


@dataclass(frozen=True)
class Disclosed:
    """A text that was withheld and is shown by a later opening; `record` is its place."""

    record: int
    kind: str
    field: str
    text: str


@dataclass(frozen=True)
class Verification:
    """The whole verification of a bundle or ledger.

    Attributes:
        subject: `bundle` or `ledger`.
        origin: the log's name; empty where no log could be read.
        size: number of records that its last checkpoint covers.
        root: RFC 6962 root over them, hex.
        levels: all five, in order.
        problems: what is wrong; nothing where all holds.
        notices: what a reader should know though nothing is wrong with it.
        signers: the signatures and time stamps that hold.
        runs: how far each run covers its plan.
        attempts: all attempts, in log order.
        summary: the recorded scores.
        claims: what the experiment claims, with the recorded verdicts.
        checks: what the checks of contamination found of whole sets, as recorded.
        disclosed: what a later opening shows.
        counts: ids of the runs that the ledger stands for: one, or one for each model.
        facts: what was verified, in pairs of words for people.
    """

    subject: str
    origin: str
    size: int
    root: str
    levels: tuple[Level, ...]
    problems: tuple[Defect, ...] = ()
    notices: tuple[str, ...] = ()
    signers: tuple[Signer, ...] = ()
    runs: tuple[RunCoverage, ...] = ()
    attempts: tuple[AttemptLine, ...] = ()
    summary: tuple[Summed, ...] = ()
    claims: tuple[Claimed, ...] = ()
    checks: tuple[CheckFound, ...] = ()
    disclosed: tuple[Disclosed, ...] = ()
    counts: tuple[str, ...] = ()
    facts: tuple[tuple[str, str], ...] = ()

    @property
    def holds(self) -> bool:
        """Whether nothing that was checked fails."""
        return not self.problems

    @property
    def exit_code(self) -> int:
        """0, or 10 and the lowest level that fails."""
        return FIRST_EXIT + min(p.level for p in self.problems) if self.problems else 0

    def to_json(self) -> dict[str, Any]:
        """Return the verification as plain values."""
        return {
            "schema": SCHEMA,
            "subject": self.subject,
            "holds": self.holds,
            "exit": self.exit_code,
            "origin": self.origin,
            "size": self.size,
            "root": self.root,
            "levels": [level.to_json() for level in self.levels],
            "problems": [asdict(problem) for problem in self.problems],
            "notices": list(self.notices),
            "signers": [asdict(signer) for signer in self.signers],
            "runs": [{**asdict(run), "counts": run.run in self.counts} for run in self.runs],
            "attempts": [asdict(attempt) for attempt in self.attempts],
            "summary": [asdict(row) for row in self.summary],
            "claims": [asdict(claim) for claim in self.claims],
            "contamination": [asdict(check) for check in self.checks],
            "disclosed": [asdict(text) for text in self.disclosed],
        }


def closed(findings: Sequence[Findings], *, bundle: bool = True) -> tuple[Level, ...]:
    """Return all five levels; those without findings were not checked."""
    found = {one.level: one.close() for one in findings}
    none = LevelVerdict.NOT_CHECKED
    found[EXECUTION] = Level(EXECUTION, none, (), (NEEDS_MODEL,))
    if not bundle:
        found[FILES] = Level(FILES, none, (), (NO_BUNDLE,))
    missing = "not reached, because files before it are missing or damaged"
    return tuple(
        found.get(level, Level(level, none, (), (missing,))) for level in range(len(NAMES))
    )


def defects(findings: Iterable[Findings]) -> tuple[Defect, ...]:
    """Return what is wrong, the lowest level first."""
    found = [defect for one in findings for defect in one.defects]
    return tuple(sorted(found, key=lambda defect: defect.level))
