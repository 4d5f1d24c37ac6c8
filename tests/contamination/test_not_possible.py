"""An engine without log-probabilities: every declared check says that it is not possible."""

from __future__ import annotations

import pytest

from reprollm.contamination.findings import findings_of
from reprollm.contamination.material import Material

CHECKS = {
    "screening": {
        "reference": "0" * 64,
        "references": 5,
        "dates": None,
        "date": None,
        "scores": ["loss", "min_k_pp_20"],
        "guard": {"permutations": 19, "seed": "1"},
    },
    "extraction": {"prefix": "0.5", "tokens": 8},
    "scan": [{"name": "training", "preset": "robust"}],
    "sealed": {
        "twins": [["i0", 0, 3]],
        "order": {"permutations": 19, "shards": 2, "seed": "1"},
        "canaries": [["canary", 4]],
    },
}


@pytest.mark.parametrize("family", ["llamacpp", "server"])
def test_what_cannot_be_measured_is_said_and_not_left_out(family: str) -> None:
    core = {
        "engine": {"family": family},
        "snapshot": "0" * 64,
        "data": {"items": 6, "sha256": "0" * 64},
        "family": {"name": "spelling", "tests": 1},
        "primary": "sealed_twins",
        "texts": 10,
        "checks": CHECKS,
    }
    found = findings_of(Material("1" * 64, "2" * 64, core, items=("i0",)))
    modes = {each.method: each.evidence["mode"] for each in found if each.method != "decision"}
    assert set(modes.values()) == {"not possible"}
    assert modes.keys() == {
        *("sealed_twins", "sealed_order", "canaries", "guard", "extraction", "scan"),
        *("screening_loss", "screening_min_k_pp_20"),
    }
    [decision] = [each for each in found if each.method == "decision"]
    assert decision.evidence["verdict"] == "not testable"
