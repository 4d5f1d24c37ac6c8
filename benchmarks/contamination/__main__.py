"""Calibration of the contamination checks on models whose training text is known.

    python benchmarks/contamination [--write] [--cores N]

Trains small models with the demo's trainer: two with texts planted 0, 1, 4, 16 and 64 times, one
without any. Prints how often each method is right where something was planted and how often it is
wrong where nothing was; the criteria of `frozen.py` decide the exit code. With `--write` the tables
and a picture go into `docs/`. Recipe, seeds and criteria were fixed before the run that is
published; what was searched before, with other seeds, is said in `frozen.SEARCHED`.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

HERE = Path(__file__).resolve().parent
CHECKOUT = HERE.parents[1]
sys.path[:0] = [str(HERE), str(CHECKOUT / "experiments" / "normalisation" / "make")]
os.environ["OMP_NUM_THREADS"] = "1"

from calibration import frozen  # noqa: E402
from calibration.one_model import report  # noqa: E402
from calibration.page import write  # noqa: E402
from calibration.tables import lines  # noqa: E402
from calibration.verdicts import summary, verdicts  # noqa: E402

from reprollm.environment.offline import go_offline  # noqa: E402


def main() -> int:
    """Run the calibration and return the exit code: 1 where a frozen criterion does not hold."""
    parser = argparse.ArgumentParser(description="Calibration of the contamination checks.")
    parser.add_argument("--cores", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--write", action="store_true", help="write docs/calibration.md")
    options = parser.parse_args()
    go_offline()
    began = time.monotonic()
    models = [(seed, True) for seed in frozen.SEEDS] + [(frozen.CLEAN_SEED, False)]
    with ProcessPoolExecutor(min(options.cores, len(models)), get_context("spawn")) as pool:
        waiting = [pool.submit(report, *model) for model in models]
        reports = [each.result() for each in waiting]
    found = verdicts(reports)
    for line in lines(reports, found):
        print(line)
    if options.write:
        write(CHECKOUT / "docs", reports, found)
    print(summary(reports, found, time.monotonic() - began))
    return 0 if all(each.holds for each in found) else 1


if __name__ == "__main__":
    sys.exit(main())
