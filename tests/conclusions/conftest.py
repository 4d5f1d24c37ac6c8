"""One scored ledger of two models, which tests copy and go on with."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest

from conclusions.ledgers import Study, scored
from reprollm.conclusions.stage import conclude
from reprollm.ledger.commit import commit

ITEMS = 12
REFERENCES = [f"und er ſprach {number}" for number in range(ITEMS)]
GOOD = [text if number % 6 else text.replace("u", "v") for number, text in enumerate(REFERENCES)]
POOR = [text.replace("u", "v") if number % 3 else text for number, text in enumerate(REFERENCES)]
GREEDY = ("0", 0)
CORE: dict[str, Any] = {
    "scores": ["exact_match", "character_error_rate"],
    "intervals": {"level": "0.9", "resamples": 199, "seed": "3"},
    "comparisons": {
        "comparisons": [
            {
                "name": "a-against-b",
                "score": "exact_match",
                "of": {"model": "a", "prompt": None, "sampling": None},
                "against": {"model": "b", "prompt": None, "sampling": None},
                "stratum": None,
                "split": None,
            },
            {
                "name": "on-the-test-split",
                "score": "character_error_rate",
                "of": {"model": "a"},
                "against": {"model": "b"},
                "split": "test",
            },
        ],
        "tests": 3,
        "permutations": 999,
        "seed": "7",
    },
    "claims": [
        {
            "name": "near",
            "says": "a is right on 0.83 of the items.",
            "score": "exact_match",
            "of": {"model": "a"},
            "is": "0.83",
            "within": "0.005",
        },
        {
            "name": "far",
            "says": "b is right on 0.9 of the items.",
            "score": "exact_match",
            "of": {"model": "b"},
            "is": "0.9",
            "within": "0.05",
        },
        {
            "name": "sure",
            "says": "a is right on half of the items at least.",
            "score": "exact_match",
            "of": {"model": "a"},
            "at_least": "0.5",
        },
        {
            "name": "unsure",
            "says": "a is right on 0.8 of the items at least.",
            "score": "exact_match",
            "of": {"model": "a"},
            "at_least": "0.8",
        },
        {
            "name": "of-nothing",
            "says": "There is a stratum of this name.",
            "score": "exact_match",
            "of": {"model": "a"},
            "stratum": "none",
            "at_least": "0.1",
        },
        {"name": "better", "says": "a is better than b.", "comparison": "a-against-b"},
    ],
    "determinism": {"class": "tokens", "within": None},
}
STUDY = Study(
    cells={
        "a": {"greedy": {GREEDY: GOOD, ("0", 1): GOOD}},
        "b": {"greedy": {GREEDY: POOR, ("0", 1): [*POOR[:-1], "anders"]}},
    },
    references=REFERENCES,
    core=CORE,
    splits=["dev" if number < 4 else "test" for number in range(ITEMS)],
    annotations={
        "anna": REFERENCES,
        "bernd": [*REFERENCES[:10], "", "anders"],
    },
)


@pytest.fixture(scope="session")
def _scored(tmp_path_factory: pytest.TempPathFactory) -> Path:
    ledger = tmp_path_factory.mktemp("concluded") / "study"
    scored(ledger, STUDY)
    return ledger


@pytest.fixture(scope="session")
def concluded_once(_scored: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a ledger with conclusions in its log, which nobody changes."""
    ledger = Path(shutil.copytree(_scored, tmp_path_factory.mktemp("concluded") / "study"))
    conclude(ledger)
    commit(ledger)
    return ledger


@pytest.fixture
def concluded(concluded_once: Path, tmp_path: Path) -> Path:
    """Return a ledger of its own with conclusions in its log."""
    return Path(shutil.copytree(concluded_once, tmp_path / "study"))


@pytest.fixture
def ledger(_scored: Path, tmp_path: Path) -> Path:
    """Return a scored ledger of its own, from which nothing is concluded yet."""
    return Path(shutil.copytree(_scored, tmp_path / "study"))
