"""The results as tables: for the terminal as text, for the page in Markdown."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from calibration.membership import LEVEL, SCORES
from calibration.one_model import EXTRACTION, Report
from calibration.power import LEVELS
from calibration.verdicts import Verdict, pooled, row_of, splits_of
from reprollm.statistics.proportion import clopper_pearson
from reprollm.statistics.uniformity import uniformity_p

METHODS = (*SCORES, EXTRACTION)


@dataclass(frozen=True)
class Table:
    """A heading, what the columns are, and the cells."""

    title: str
    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


def tables(reports: Sequence[Report], verdicts: Sequence[Verdict]) -> list[Table]:
    """Return all tables in the order of reading."""
    leaked = [report for report in reports if report.leak]
    return [
        Table(
            "Membership scores, planted against never planted",
            (
                "method",
                "copies",
                "AUROC (95 % interval)",
                "TPR at 1 % FPR",
                "items with p <= 0.05",
                "p of the set",
            ),
            tuple(_membership(leaked)),
        ),
        Table("Sealed tests", ("test", "copies", "n", "p"), tuple(_sealed(leaked))),
        Table(
            "Power of the sealed twins",
            ("copies", "items", *(f"p <= {level}" for level in LEVELS)),
            tuple(_power(leaked)),
        ),
        Table(
            "Continued word for word",
            ("copies", "share of the texts"),
            tuple(
                (f"{count}", _each([f"{report.verbatim[count]:.2f}" for report in leaked]))
                for count in leaked[0].verbatim
            ),
        ),
        Table(
            "Without a leak",
            ("test", "trials", "share with p <= 0.05 (95 % interval)", "uniform: p"),
            tuple(_nulls(reports)),
        ),
        Table(
            "Suspects that no model was trained on, against a reference set",
            ("suspects", "p of Min-K 20", "its AUROC", "guard's AUROC", "guard's p", "verdict"),
            tuple(_guarded(reports)),
        ),
        Table(
            "Frozen criteria",
            ("what must hold", "found", ""),
            tuple(
                (each.what, each.found, "holds" if each.holds else "missed") for each in verdicts
            ),
        ),
    ]


def lines(reports: Sequence[Report], verdicts: Sequence[Verdict]) -> Iterator[str]:
    """Yield the tables as text."""
    for table in tables(reports, verdicts):
        widths = [max(map(len, column)) for column in zip(table.header, *table.rows, strict=True)]
        yield table.title
        for row in (table.header, *table.rows):
            cells = (cell.ljust(width) for cell, width in zip(row, widths, strict=True))
            yield "  " + "  ".join(cells).rstrip()
        yield ""


def markdown(table: Table) -> str:
    """Return a table in Markdown, without its title."""
    rows = [table.header, tuple("---" for _ in table.header), *table.rows]
    return "".join(f"| {' | '.join(row)} |\n" for row in rows)


def _each(cells: Sequence[str]) -> str:
    return " / ".join(cells)


def _membership(reports: Sequence[Report]) -> Iterator[tuple[str, ...]]:
    for method in METHODS:
        for count in dict.fromkeys(row.count for row in reports[0].rows):
            rows = [row_of(report, method, count) for report in reports]
            yield (
                method,
                f"{count}",
                _each([f"{row.area:.3f} ({row.low:.2f}–{row.high:.2f})" for row in rows]),
                _each([f"{row.found:.2f}" for row in rows]),
                _each([f"{row.items:.2f}" for row in rows]),
                _each([f"{row.p:.1g}" for row in rows]),
            )


def _sealed(reports: Sequence[Report]) -> Iterator[tuple[str, ...]]:
    for at, sealed in enumerate(reports[0].sealed):
        ps = [f"{report.sealed[at].p:.2g}" for report in reports]
        yield sealed.test, f"{sealed.count}", f"{sealed.n}", _each(ps)


def _power(reports: Sequence[Report]) -> Iterator[tuple[str, ...]]:
    for at, one in enumerate(reports[0].power):
        draws = sum(report.power[at].draws for report in reports)
        shares = (
            sum(report.power[at].rejections[level] for report in reports) / draws
            for level in range(len(LEVELS))
        )
        yield f"{one.count}", f"{one.n}", *(f"{share:.2f}" for share in shares)


def _nulls(reports: Sequence[Report]) -> Iterator[tuple[str, ...]]:
    for score in SCORES:
        splits = splits_of(reports, score)
        share, error = pooled(splits)
        around = f"{share:.4f} ({share - 1.96 * error:.4f}–{share + 1.96 * error:.4f})"
        items = sum(each.items for each in splits)
        yield f"{score}, conformal p of items", f"{items} in {len(splits)} splits", around, ""
    for score in SCORES:
        ps = [each.p for each in splits_of(reports, score)]
        yield _tested(f"{score}, p of the set", ps, 0.0)
    names = dict.fromkeys(null.test for report in reports for null in report.nulls)
    for name in names:
        nulls = [null for report in reports for null in report.nulls if null.test == name]
        yield _tested(name, [p for null in nulls for p in null.ps], nulls[0].step)


def _tested(name: str, ps: Sequence[float], step: float) -> tuple[str, ...]:
    hits = sum(p <= LEVEL for p in ps)
    low, high = clopper_pearson(hits, len(ps))
    uniform = uniformity_p(ps, step)
    share = f"{hits / len(ps):.3f} ({low:.3f}–{high:.3f})"
    return name, f"{len(ps)}", share, f"{uniform:.2f}"


def _guarded(reports: Sequence[Report]) -> Iterator[tuple[str, ...]]:
    for report in reports:
        for case in report.guarded:
            yield (
                case.name,
                f"{case.score_p:.1g}",
                f"{case.score_area:.3f}",
                f"{case.area:.3f}",
                f"{case.p:.3f}",
                "uninterpretable" if case.blocked else "may be read",
            )
