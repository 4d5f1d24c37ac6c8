"""The frozen criteria against what was found, and the one line that sums the run up."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from calibration import frozen
from calibration.guarded import SHIFTED
from calibration.membership import LEVEL, SCORES, Row
from calibration.null import Split
from calibration.one_model import Report
from reprollm.statistics.conformal import spread

CRITERIA = frozen.Criteria()


@dataclass(frozen=True)
class Verdict:
    """One criterion: what must hold, what was found, and whether it holds."""

    what: str
    found: str
    holds: bool


def verdicts(reports: Sequence[Report]) -> list[Verdict]:
    """Return every criterion's verdict."""
    leaked = [report for report in reports if report.leak]
    return [
        _areas(leaked, "min_k_20", CRITERIA.min_k_20_at_16),
        _areas(leaked, "loss", CRITERIA.loss_at_16),
        _sealed(leaked, "sealed_twins", 4, CRITERIA.twins_at_4),
        _sealed(leaked, "sealed_order", 16, CRITERIA.order_at_16),
        *(_false_positives(reports, score) for score in SCORES),
        _guarded(reports),
        _finite(reports),
    ]


def summary(reports: Sequence[Report], found: Sequence[Verdict], seconds: float) -> str:
    """Return one line: the smallest areas, the false positives, and how many criteria hold."""
    leaked = [report for report in reports if report.leak]
    areas = (
        f"{method} {min(row_of(report, method, 16).area for report in leaked):.3f}"
        for method in ("min_k_20", "loss")
    )
    shares = [pooled(splits_of(reports, score))[0] for score in SCORES]
    missed = [each.what for each in found if not each.holds]
    held = f"{len(found) - len(missed)} of {len(found)} frozen criteria hold"
    tail = f"; missed: {'; '.join(missed)}" if missed else ""
    return (
        f"contamination calibration: AUROC at 16x at least {', '.join(areas)}; false positives at "
        f"0.05 {min(shares):.3f} to {max(shares):.3f}; {held}{tail} ({seconds:.0f} s)"
    )


def pooled(splits: Sequence[Split]) -> tuple[float, float]:
    """Return the share of items with p <= 0.05 over all splits, and its standard error."""
    share = sum(each.hits for each in splits) / sum(each.items for each in splits)
    variance = math.fsum(spread(LEVEL, each.reference, each.items) ** 2 for each in splits)
    return share, math.sqrt(variance) / len(splits)


def splits_of(reports: Sequence[Report], score: str) -> list[Split]:
    """Return the fresh splits of one score over all models."""
    return [each for report in reports for each in report.splits if each.score == score]


def row_of(report: Report, method: str, count: int) -> Row:
    """Return one method's row at one repetition count."""
    return next(row for row in report.rows if (row.method, row.count) == (method, count))


def _areas(reports: Sequence[Report], method: str, least: float) -> Verdict:
    areas = [row_of(report, method, 16).area for report in reports]
    found = ", ".join(f"{area:.3f}" for area in areas)
    what = f"AUROC of {method} at 16x is at least {least:.2f} in every seed"
    return Verdict(what, found, min(areas) >= least)


def _sealed(reports: Sequence[Report], test: str, count: int, most: float) -> Verdict:
    ps = [
        each.p
        for report in reports
        for each in report.sealed
        if (each.test, each.count) == (test, count)
    ]
    what = f"p of {test} at {count}x is at most {most:.2f} in every seed"
    return Verdict(what, ", ".join(f"{p:.2g}" for p in ps), max(ps) <= most)


def _false_positives(reports: Sequence[Report], score: str) -> Verdict:
    splits = splits_of(reports, score)
    share, error = pooled(splits)
    away = (share - LEVEL) / error
    what = (
        f"conformal false positives by {score} over {len(splits)} fresh splits lie within "
        f"{CRITERIA.standard_errors:.0f} Beta-binomial standard errors of 0.05"
    )
    found = f"{share:.4f}, {away:+.2f} standard errors"
    return Verdict(what, found, abs(away) <= CRITERIA.standard_errors)


def _guarded(reports: Sequence[Report]) -> Verdict:
    cases = [case for report in reports for case in report.guarded if case.name == SHIFTED]
    found = ", ".join(f"guard AUROC {case.area:.3f}, p {case.p:.3g}" for case in cases)
    blocked = bool(cases) and all(case.blocked for case in cases)
    return Verdict("a template shift without training is blocked by the guard", found, blocked)


def _finite(reports: Sequence[Report]) -> Verdict:
    what = "scores of texts of one token and of none are finite or absent"
    return Verdict(what, "", all(report.short_texts_hold for report in reports))
