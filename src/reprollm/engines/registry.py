"""Which engine answers an experiment; engines are imported only when they are asked for."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from reprollm.engines.protocol import Engine
from reprollm.environment.offline import go_offline
from reprollm.errors import EngineUnavailable
from reprollm.experiment.engine import EngineSettings

if TYPE_CHECKING:
    from reprollm.snapshot.lock import Lock


def open_engine(model: Path, lock: Lock, settings: EngineSettings) -> Engine:
    """Load the model in the folder `model`, already checked against `lock`.

    Raises:
        EngineUnavailable: the engine is unknown or not installed, the device is not there, or the
            engine cannot load the model.
    """
    go_offline()
    if settings.family != "transformers":
        raise EngineUnavailable(
            f"expected the engine family 'transformers', found {settings.family!r}"
        )
    try:
        from reprollm.engines.transformers import TransformersEngine
    except ImportError as error:
        raise EngineUnavailable(
            f"expected the transformers engine, found no module {error.name!r}; "
            "install it with: pip install 'reprollm[transformers]'"
        ) from error
    return TransformersEngine(model, settings)
