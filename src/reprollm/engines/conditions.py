"""What must hold before an attempt begins, beyond what opening its engine has shown."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Protocol, runtime_checkable

from reprollm.canon import Json
from reprollm.engines.canary import compare, earlier
from reprollm.engines.protocol import Engine
from reprollm.errors import SnapshotChanged
from reprollm.prompts.requests import Request


@runtime_checkable
class Choosy(Protocol):
    """An engine that was seen not to do everything, and says so before it is asked."""

    def accept(self, requests: Sequence[Request]) -> None:
        """Raise `EngineUnavailable` where it cannot answer requests as they ask."""
        ...


def check_conditions(
    engine: Engine,
    description: Mapping[str, Json],
    ledger: Path,
    run: str,
    requests: Sequence[Request],
) -> None:
    """Refuse an attempt before it is recorded.

    Args:
        engine: the engine, opened.
        description: what it says of itself.
        ledger: the ledger folder.
        run: the run that the attempt belongs to, hex.
        requests: what it is going to ask.

    Raises:
        EngineUnavailable: the engine cannot do what the requests need.
        SnapshotChanged: its canary is not that of the run's earlier attempts.
    """
    if isinstance(engine, Choosy):
        engine.accept(requests)
    canary = description.get("canary")
    if not isinstance(canary, dict) or description.get("trust") == "owned":
        return
    before = earlier(ledger, run)
    if before is not None and compare(before, canary)["same"] is False:
        raise SnapshotChanged(
            "expected the model that answered this run's earlier requests, found that its canary "
            "gives another answer now; load the model of before, or plan the run anew"
        )
