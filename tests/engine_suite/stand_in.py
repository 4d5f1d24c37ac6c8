"""Stand-ins for servers that cannot run here: they need an accelerator, or are in no package index.

They give the replies that these servers document, and their "model" is a hash. What the suite says
of them is said of our side of the protocol: what is sent, what is read, what is refused.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from engine_suite.entry import Entry, Serve
from engines.server.standins import KEY, StandIn, serving
from reprollm.experiment.engine import ServerSettings

RUNNING: list[StandIn] = []
"""The stand-ins that were started, with the requests that they received."""

_VARIABLE = "STAND_IN_KEY"


def stand_in(kind: str, *modes: str, keyed: bool = False, draws: bool = True) -> Entry:
    """Return the entry of a kind of server in some modes; `keyed` ones want an API key."""
    return Entry(
        name=f"{kind}_stand_in",
        environment="dev",
        family="server",
        dtype="native",
        server=_serve(kind, frozenset(modes), keyed),
        draws=draws,
        real=False,
    )


def _serve(kind: str, modes: frozenset[str], keyed: bool) -> Serve:
    @contextmanager
    def settings(model: Path) -> Iterator[ServerSettings]:
        os.environ[_VARIABLE] = KEY
        with serving(StandIn(kind, folder=model, flaws=modes)) as server:
            RUNNING.append(server)
            variable = _VARIABLE if keyed else None
            yield ServerSettings(kind, server.url, server.model, "claimed", "refused", variable)

    return settings
