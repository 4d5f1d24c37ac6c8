"""What a verification says: verdicts, exit codes, and the order of what is wrong."""

from __future__ import annotations

from reprollm.review.levels import (
    COMPLETENESS,
    FILES,
    LOG,
    NUMBERS,
    Findings,
    Verification,
    closed,
    defects,
)


def verdicts(*findings: Findings, bundle: bool = True) -> list[str]:
    return [str(level.verdict) for level in closed(findings, bundle=bundle)]


def findings(level: int, *, checked: int = 0, unchecked: int = 0, wrong: str = "") -> Findings:
    made = Findings(level, ["done"] * checked, ["not done"] * unchecked)
    if wrong:
        made.wrong(wrong, "expected one thing, found another")
    return made


def test_a_level_holds_fails_holds_partly_or_was_not_checked() -> None:
    assert verdicts(
        findings(FILES, checked=1),
        findings(LOG, checked=1, unchecked=1),
        findings(COMPLETENESS, checked=1, wrong="PlanIncomplete"),
        findings(NUMBERS, unchecked=1),
    ) == ["holds", "partly", "fails", "not checked", "not checked"]


def test_a_level_that_was_not_reached_says_so() -> None:
    levels = closed([findings(FILES, wrong="ArchiveRefused")])
    assert [level.level for level in levels] == [0, 1, 2, 3, 4]
    assert all(level.unchecked for level in levels[1:])
    assert "challenge" in levels[4].unchecked[0]


def test_a_ledger_alone_has_no_level_of_files() -> None:
    assert verdicts(findings(LOG, checked=1), bundle=False)[0] == "not checked"


def test_the_exit_code_is_that_of_the_lowest_level_that_fails() -> None:
    found = [findings(NUMBERS, wrong="ScoreMismatch"), findings(LOG, wrong="LeafMismatch")]
    made = Verification("ledger", "o", 1, "", closed(found), defects(found))
    assert (made.holds, made.exit_code) == (False, 11)
    assert [problem.defect for problem in made.problems] == ["LeafMismatch", "ScoreMismatch"]
    report = made.to_json()
    assert (report["schema"], report["exit"]) == ("reprollm/verification/2", 11)
    assert [level["name"] for level in report["levels"]] == [
        "files",
        "log",
        "completeness",
        "numbers",
        "re-execution",
    ]
