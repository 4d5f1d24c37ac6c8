"""Servers: one engine for the OpenAI-compatible protocol, and a dialect for each kind of server.

A model's identity never comes from HTTP. `trust` says what it comes from, `fingerprint` what kind
of server is really there, `probe` what it does, and the canary whether its weights stay the same.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from reprollm.engines.server.engine import ServerEngine
    from reprollm.experiment.engine import EngineSettings
    from reprollm.snapshot.model import LocatedModel, Model


def open_engine(located: LocatedModel, model: Model, settings: EngineSettings) -> ServerEngine:
    """Return the engine that asks a server; see `reprollm.engines.server.opening.open_engine`."""
    # Programs of this package that run beside a server import it too, and should start at once.
    from reprollm.engines.server import opening

    return opening.open_engine(located, model, settings)
