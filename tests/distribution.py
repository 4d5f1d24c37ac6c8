"""How the tests are dealt out to several processes: what shares stays together, the longest first.

A process that ends up alone with the longest file makes all others wait, and a fixture of a whole
session is made once in each process that needs it.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from xdist.scheduler import LoadScopeScheduling

TOGETHER = (
    "attacks",
    "compare",
    "conclusions",
    "contamination",
    "publish",
    "signing",
    "withholding",
)
"""Folders whose files share a fixture that takes seconds."""

LONGEST = (
    "docs/test_commands.py",
    "compare",
    "workflow/test_workflow_runs.py",
    "attacks",
    "contamination",
    "faults/test_kills.py",
    "faults/test_commit.py",
    "workflow/test_factors_run.py",
    "publish",
    "experiments/test_hipe_ajmc.py",
    "golden/test_golden.py",
    "determinism/test_measured.py",
    "scores/test_recompute.py",
    "environment/test_code.py",
    "report/test_browser.py",
    "engines/test_killed.py",
    "workflow/test_workflow_files.py",
    "withholding",
    "ledger/test_commit.py",
    "faults/test_full_disk.py",
    "experiments/test_pfandung.py",
    "prompts/test_plan_command.py",
    "engines/test_other_machine.py",
    "review/test_verify_py_estimates.py",
    "ledger/test_status.py",
    "report/test_accessibility.py",
    "corpus/presets/test_peers_failures.py",
)
"""What takes longest, in this order; everything else follows by its number of tests."""


def scope(nodeid: str) -> str:
    """Return what a test is kept together with: its file, or its folder, below `tests`."""
    file = nodeid.split("::", 1)[0].removeprefix("tests/")
    folder = file.split("/", 1)[0]
    return folder if folder in TOGETHER else file


def by_length(scopes: Iterable[str]) -> list[str]:
    """Return scopes with the longest first, the others in the order in which they are given."""
    place = {name: number for number, name in enumerate(LONGEST)}
    return sorted(scopes, key=lambda name: place.get(name, len(LONGEST)))


class LongestFirst(LoadScopeScheduling):
    """Deals out scopes, the longest first."""

    def _split_scope(self, nodeid: str) -> str:
        return scope(nodeid)

    def _assign_work_unit(self, node: Any) -> None:
        for name in reversed(by_length(self.workqueue)):
            self.workqueue.move_to_end(name, last=False)
        super()._assign_work_unit(node)
