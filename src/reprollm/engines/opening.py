"""From a plan and its model to an engine: the one place where weights are checked and loaded."""

from __future__ import annotations

from reprollm.engines.declared import measurements_of
from reprollm.engines.registry import open_engine
from reprollm.engines.slices import Opened
from reprollm.experiment.engine import EngineSettings
from reprollm.snapshot.check import Mode
from reprollm.snapshot.model import Model, locate_model


def open_checked(
    model: Model, settings: EngineSettings, *, mode: Mode = "auto", run: str = ""
) -> Opened:
    """Locate a model, check it against its locks, and only then load it.

    Args:
        model: what is asked.
        settings: the engine that the plan demands.
        mode: see `reprollm.snapshot.check.check`.
        run: likewise.

    Raises:
        InvalidInput: the file of measurements beside the base's lock is something else.
        SnapshotChanged, SnapshotNotFound: the weights differ or are not on this machine.
        EngineUnavailable: see `reprollm.engines.registry.open_engine`.
    """
    measurements = measurements_of(model.base.file)
    located = locate_model(model, mode=mode, run=run)
    return Opened(open_engine(located, model, settings), located.how, measurements)
