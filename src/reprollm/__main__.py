"""`python -m reprollm`: the command line of this very interpreter, activated or not."""

from __future__ import annotations

import gc
from typing import NoReturn

from reprollm.cli import main
from reprollm.ending import end_process

_OBJECTS = 50_000
"""New objects between two collections; most objects of a start are of modules, which stay."""


def run() -> NoReturn:
    """Run the command line as a process of its own, and end the process with its exit code."""
    gc.set_threshold(_OBJECTS)
    try:
        main()
    except SystemExit as ended:
        end_process(ended.code if isinstance(ended.code, int) else int(ended.code is not None))


if __name__ == "__main__":
    run()
