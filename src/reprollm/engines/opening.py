"""From a plan and its model to an engine: the one place where weights are checked and loaded."""

from __future__ import annotations

from reprollm.engines.declared import measurements_of
from reprollm.engines.loading_memory import give_back
from reprollm.engines.registry import open_engine
from reprollm.engines.slices import Opened
from reprollm.experiment.engine import EngineSettings
from reprollm.snapshot.check import Mode
from reprollm.snapshot.model import LocatedModel, Model, locate_model


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
    return open_located(locate_model(model, mode=mode, run=run), model, settings)


def open_located(located: LocatedModel, model: Model, settings: EngineSettings) -> Opened:
    """Load a model that was just located and checked; see `open_checked`."""
    measurements = measurements_of(model.base.file)
    engine = open_engine(located, model, settings)
    shape = model.base.lock.facts.shape
    if shape is not None and shape.experts is not None:
        give_back()
    return Opened(engine, located.how, measurements)
