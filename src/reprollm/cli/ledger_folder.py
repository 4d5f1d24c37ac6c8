"""The argument LEDGER: a ledger's folder, its name below `ledger/`, or its experiment's folder."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

_FOLDER = Path("ledger")


class LedgerFolder(click.Path):
    """A path, or what stands for one where nothing lies there.

    `pair` means `ledger/pair` where there is no `pair` here; `experiments/pair`, which holds an
    `experiment.yaml` and no ledger, means `ledger/` and the name that this file gives.
    """

    def __init__(self, *, found: bool = False) -> None:
        """Take any path, or with `found` only a folder that is there.

        That a ledger lies there is the command's own check.
        """
        super().__init__(path_type=Path)
        self._found = found

    def convert(self, value: Any, param: Any, ctx: Any) -> Path:
        """Return the folder that is meant; an unknown path as it is."""
        given = Path(str(super().convert(value, param, ctx)))
        found = given
        if (given / "experiment.yaml").is_file() and not (given / "log").is_dir():
            found = _FOLDER / _name_in(given / "experiment.yaml")
        elif not given.exists() and given.name == str(given):
            found = _FOLDER / given
        if self._found and not found.is_dir():
            self.fail(
                f"expected a ledger's folder or its name, found nothing at {given}", param, ctx
            )
        return found if found.is_dir() else given


def _name_in(file: Path) -> str:
    from reprollm.experiment.load import load_all

    return load_all(file)[0].config.name
