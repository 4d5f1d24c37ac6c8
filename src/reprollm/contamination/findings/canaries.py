"""The finding `canaries`: whether published random strings are foreseen better than held-back ones.

Each published canary stands in the data set's file; others of the same making were never published
anywhere. All were drawn alike, so among them the published one's rank is uniform where the model
has not seen it: p = (1 + number that score at least as high) / (N + 1) for one canary with N held
back, and the exact distribution of the sum of ranks for several (`reprollm.contamination.ranked`;
after Wei et al. 2024, arXiv:2402.10892). That a model does not know a canary says little: random
strings are filtered from training texts, and the column that holds them is easily left out.
"""

from __future__ import annotations

from reprollm.contamination.material import Found, Material
from reprollm.contamination.ranked import Drawn, Test, ranked

METHOD, VERSION = "canaries", "1"


def findings(material: Material) -> list[Found]:
    """Return the finding of the data set; empty where no canaries are examined."""
    canaries = (material.checks.get("sealed") or {}).get("canaries")
    if not canaries:
        return []
    groups = [Drawn(str(name), 0, int(count)) for name, count in canaries]
    return ranked(material, Test(METHOD, VERSION, "canary"), groups)
