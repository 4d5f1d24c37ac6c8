"""Makes the benchmarks, and the experiment's modules that they train with, importable."""

import sys
from pathlib import Path

CHECKOUT = Path(__file__).parents[2]
sys.path += [
    str(CHECKOUT / "benchmarks"),
    str(CHECKOUT / "benchmarks" / "contamination"),
    str(CHECKOUT / "experiments" / "normalisation" / "make"),
]
