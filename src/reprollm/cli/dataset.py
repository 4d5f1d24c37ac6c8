"""`reprollm dataset`: the group; each command lives in a module of its own."""

from __future__ import annotations

from reprollm.cli.lazy import LazyGroup

_COMMANDS = {
    "seal": ("dataset_seal", "Publish one variant of each item by lot and commit to the rest."),
    "check": ("dataset_check", "Hold a data set against its seal."),
    "reveal": (
        "dataset_reveal",
        "Open what was sealed, for anyone to check; sealed tests are spent then.",
    ),
}

command = LazyGroup(
    _COMMANDS,
    name="dataset",
    help="Seal a data set at its birth, so that leaks can be proved later.",
)
