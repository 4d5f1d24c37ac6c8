"""The page that a verification ends with, in plain words and plain text.

It has the order of the page of `verify.py`: what was verified, each level with what was checked,
what was not and why, and what is wrong; the scores; who signed; what else a reader should know.
"""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from reprollm.cli.terminal import safe

if TYPE_CHECKING:
    from reprollm.review.levels import Level, Signer, Verification

_WIDTH = 100
_PROBLEMS, _ROWS, _NOTICES = 20, 60, 40
_TITLES = (
    "L0  Files: is this what was published?",
    "L1  Log: do the records hang together, unchanged?",
    "L2  Completeness: planned first, and nothing left out?",
    "L3  Numbers: do the scores follow from the answers?",
    "L4  Re-execution: does the model really answer so?",
)
_VERDICTS = {
    "holds": "HOLDS",
    "partly": "HOLDS, as far as it could be checked here",
    "fails": "FAILS",
    "not checked": "NOT CHECKED",
}
_COLUMNS: tuple[str, ...] = (
    "run", "score", "sampling", "of", "aggregation", "value", "answers", "recomputed",
)  # fmt: skip
_CLAIMS = (
    ("fact", "facts about texts"),
    ("test", "tests, valid by the data set's own randomisation"),
    ("screening", "screening, which proves nothing"),
    ("decision", "what is decided on it"),
)
_TRUST = (
    "A signature says that the holder of a key signed. Whose key it is, the bundle cannot prove: "
    "compare it with one that its owner gave elsewhere (--key). An author can sign a rewritten log "
    "too; only a checkpoint that someone else kept (--checkpoint) or a time stamp shows that it "
    "was not."
)


def page(what: str, found: Verification) -> str:
    """Return the whole page for people; every text from outside is made harmless."""
    lines = [f"reprollm verify: {safe(what)}", ""]
    for name, text in found.facts:
        lines += _wrapped(f"{name:<11}", text)
    for title, level in zip(_TITLES, found.levels, strict=True):
        lines += ["", f"{title}  {_VERDICTS[level.verdict]}", *_level(level, found)]
    lines += [
        *_scores(found),
        *_claims(found),
        *_checks(found),
        *_signers(found.signers),
        *_notices(found.notices),
    ]
    for one in found.disclosed:
        head = f"{one.kind} record {one.record}, {one.field}: "
        lines += ["", *_wrapped("Disclosed: ", head + one.text, 4000)]
    return "\n".join([*lines, "", *_wrapped("", _verdict(found)), ""])


def _level(level: Level, found: Verification) -> Iterator[str]:
    for text in level.checked:
        yield from _wrapped("    checked      ", text)
    for text in level.unchecked:
        yield from _wrapped("    not checked  ", text)
    own = [problem for problem in found.problems if problem.level == level.level]
    for problem in own[:_PROBLEMS]:
        yield from _wrapped("    WRONG        ", f"{problem.defect}: {problem.sentence}")
    if len(own) > _PROBLEMS:
        yield f"    WRONG        and {len(own) - _PROBLEMS} more (see --json)"


def _scores(found: Verification) -> list[str]:
    if not found.summary:
        return []
    shown = [row for row in found.summary if row.run in found.counts] or found.summary
    rows = [_COLUMNS, *(_score(row.run, row.row, row.recomputed) for row in shown[:_ROWS])]
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    lines = ["", "Scores"]
    for row in rows:
        cells = (cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        lines.append(("    " + "  ".join(cells)).rstrip())
    if len(found.summary) > len(rows) - 1:
        lines.append(f"    and {len(found.summary) - len(rows) + 1} more rows (see --json)")
    return lines


def _score(run: str, row: dict[str, Any], recomputed: str) -> tuple[str, ...]:
    group = row.get("group", row.get("stratum"))
    whose = "all" if group is None else safe(group, 20)
    whose += f", {safe(row['label'], 20)}" if row.get("label") is not None else ""
    return (
        run[:8],
        safe(row["score"], 24),
        safe(row["sampling"], 16),
        whose,
        safe(row["aggregation"], 16),
        safe(row["value"] or "undefined"),
        f"{row['n']:,}",
        recomputed,
    )


def _claims(found: Verification) -> Iterator[str]:
    """Yield what the experiment claims, with what came of it."""
    if found.claims:
        yield from ("", "Claims")
    for claim in found.claims[:_ROWS]:
        text = f"{claim.verdict.upper()}: {claim.says} ({claim.name}: {claim.found})"
        yield from _wrapped("    ", f"{text}; {claim.recomputed}")


def _checks(found: Verification) -> Iterator[str]:
    """Yield what the checks of contamination found, claim by claim."""
    for claim, words in _CLAIMS:
        of = [check for check in found.checks if check.claim == claim]
        if of:
            yield from ("", *_wrapped("", f"Contamination: {words}"))
        for check in of[:_ROWS]:
            p = "" if check.p is None else f", p = {check.p}"
            text = f"{check.name}: {check.verdict} (n = {check.n}{p}); {check.recomputed}"
            yield from _wrapped("    ", text)
            if check.statement:
                yield from _wrapped("      ", check.statement, 6000)


def _signers(signers: Sequence[Signer]) -> list[str]:
    if not signers:
        return []
    lines = ["", "Who signed"]
    for signer in signers:
        over = "this bundle" if signer.what == "bundle" else f"{signer.size:,} records"
        time = f", at {signer.time}" if signer.time else ""
        lines += _wrapped(f"    {signer.kind:<9}", f"{signer.name}: {over}{time}; {signer.key}")
    return [*lines, *_wrapped("    ", _TRUST)]


def _notices(notices: Sequence[str]) -> list[str]:
    if not notices:
        return []
    lines = ["", "You should know"]
    for text in notices[:_NOTICES]:
        lines += _wrapped("  - ", text)
    if len(notices) > _NOTICES:
        lines.append(f"  - and {len(notices) - _NOTICES} more (see --json)")
    return lines


def _verdict(found: Verification) -> str:
    if found.problems:
        first = found.problems[0]
        name = found.levels[first.level].name
        return (
            f"VERDICT: this FAILS at level {first.level} ({name}): {first.defect}. Do not rely on "
            "it."
        )
    left = ", ".join(f"L{level.level}" for level in found.levels if level.verdict != "holds")
    return f"VERDICT: nothing that was checked is wrong. Not, or not wholly, checked: {left}."


def _wrapped(head: str, text: str, limit: int = 1000) -> list[str]:
    return textwrap.wrap(
        safe(text, limit),
        _WIDTH,
        initial_indent=head,
        subsequent_indent=" " * len(head),
        break_on_hyphens=False,
    ) or [head]
