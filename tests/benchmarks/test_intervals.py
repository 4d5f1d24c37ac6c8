"""Intervals cover what they say, and would not if clusters were ignored; a small simulation."""

from __future__ import annotations

import pytest
from intervals import covered


@pytest.mark.parametrize("case", ["wilson", "bootstrap", "bootstrap over documents"])
def test_an_interval_of_level_95_covers_in_about_95_of_100_rounds(case: str) -> None:
    found = covered(case, 100, 120, 199)
    assert found.coverage >= 0.95 - 3 * 0.02, found


def test_an_interval_that_ignores_documents_covers_far_too_little() -> None:
    assert covered("documents ignored", 100, 120, 199).coverage < 0.87
