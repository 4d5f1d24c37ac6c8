"""Servers that the engine starts itself on the pinned files."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from engine_suite.entry import Serve
from reprollm.experiment.engine import ServerSettings


def owned(kind: str) -> Serve:
    """Return what gives the settings of a server that is started for each engine."""

    @contextmanager
    def settings(model: Path) -> Iterator[ServerSettings]:
        yield ServerSettings(kind, None, model.name, "owned", "refused", None)

    return settings
