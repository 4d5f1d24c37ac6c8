"""`reprollm exposure`: the group; each command lives in a module of its own."""

from __future__ import annotations

from reprollm.cli.lazy import LazyGroup

_COMMANDS = {
    "declare": (
        "exposure_declare",
        "Declare use outside the tool, publications, releases and policies.",
    ),
    "report": ("exposure_report", "Write the statement for the paper and the table's columns."),
}

command = LazyGroup(
    _COMMANDS,
    name="exposure",
    help="Say which items were sent where, and what else is known of their exposure.",
)
