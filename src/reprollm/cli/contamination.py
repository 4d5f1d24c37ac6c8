"""`reprollm contamination`: the group; each command lives in a module of its own."""

from __future__ import annotations

from reprollm.cli.lazy import LazyGroup

_COMMANDS = {
    "scan": ("contamination_scan", "Search corpora for the texts of test items."),
    "measure": (
        "contamination_measure",
        "Measure how well the model foresees the examined texts (one job of the workflow).",
    ),
    "examine": ("contamination_examine", "Turn what was measured into findings, and record them."),
    "show": ("contamination_show", "Show a ledger's findings, facts, tests and screening apart."),
    "family": (
        "contamination_family",
        "Correct the primary tests of several ledgers as one family.",
    ),
}

command = LazyGroup(
    _COMMANDS,
    name="contamination",
    help="Find out which test items a model may have seen, with honest error rates.",
)
