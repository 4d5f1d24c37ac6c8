"""Writes the calibration into the documentation: a page of tables and a picture."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from calibration import frozen
from calibration.one_model import Report
from calibration.picture import picture
from calibration.tables import markdown, tables
from calibration.verdicts import Verdict

PAGE, PICTURE = "calibration.md", "calibration.svg"


def write(folder: Path, reports: Sequence[Report], verdicts: Sequence[Verdict]) -> None:
    """Write page and picture into a folder."""
    leaked = [report for report in reports if report.leak]
    (folder / PICTURE).write_text(picture(leaked), encoding="utf-8")
    seeds = " and ".join(str(report.seed) for report in leaked)
    training = sum(report.training for report in reports)
    measuring = sum(report.measuring for report in reports)
    parts = [
        "# How often the contamination checks are right\n",
        "`make bench-contamination` trains small models whose training text is known and lets the\n"
        "checks judge them. This page is its output: "
        "`python benchmarks/contamination --write`.\n",
        f"Two models (seeds {seeds}; a cell with a stroke has one figure for each) were trained\n"
        f"with {frozen.ITEMS} texts planted 0, 1, 4, 16 and 64 times each, one (seed "
        f"{frozen.CLEAN_SEED}) with none.\n"
        f"{training:.0f} CPU seconds of training, {measuring:.0f} of measuring. Recipe, seeds and "
        "criteria were fixed\nbefore the run (`benchmarks/contamination/calibration/frozen.py`).\n",
        "**What it does not say.** The models have 0.7 million parameters and read 0.3 million\n"
        "tokens, so one copy weighs far more than in a real training text; power does not carry\n"
        "over to large models, validity does. A single copy is not found item by item here\n"
        "either: *no evidence* never means *not trained on*. Of intervals at 95 %, one in twenty\n"
        "leaves out the truth by chance alone.\n",
        f"![Area under the ROC curve by copies in the training text]({PICTURE})\n",
    ]
    for table in tables(reports, verdicts):
        parts.append(f"## {table.title}\n\n{markdown(table)}")
    parts.append(f"## What was searched before\n\n{frozen.SEARCHED}\n")
    (folder / PAGE).write_text("\n".join(parts), encoding="utf-8")
