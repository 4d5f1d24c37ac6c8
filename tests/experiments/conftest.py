"""Makes the normalisation experiment's own modules importable, as its commands see them."""

import sys
from pathlib import Path

MAKE = Path(__file__).parents[2] / "experiments" / "normalisation" / "make"
sys.path.insert(0, str(MAKE))
