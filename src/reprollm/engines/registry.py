"""Which engine answers an experiment; engines are imported only when they are asked for."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import cast

from reprollm.engines.protocol import Engine
from reprollm.environment.offline import go_offline
from reprollm.errors import EngineUnavailable
from reprollm.experiment.engine import EngineSettings
from reprollm.snapshot.model import LocatedModel, Model

_MODULES = {
    "transformers": "reprollm.engines.transformers",
    "vllm": "reprollm.engines.vllm",
    "llamacpp": "reprollm.engines.llamacpp",
    "server": "reprollm.engines.server",
}
"""Each has a function `open_engine(located, model, settings)`."""

_Opener = Callable[[LocatedModel, Model, EngineSettings], Engine]


def open_engine(located: LocatedModel, model: Model, settings: EngineSettings) -> Engine:
    """Load a model whose folders were checked against its locks.

    Args:
        located: the folders of the model's parts.
        model: the parts and their locks.
        settings: the engine that the plan demands; `context` is set for all engines that allot
            memory for it before the first request.

    Raises:
        EngineUnavailable: the engine is unknown or not installed, the device is not there, or the
            engine cannot load the model.
    """
    go_offline()
    module = _MODULES.get(settings.family)
    if module is None:
        raise EngineUnavailable(
            f"expected an engine of the families {', '.join(_MODULES)}, found {settings.family!r}"
        )
    try:
        opener = cast("_Opener", import_module(module).open_engine)
    except ImportError as error:
        raise EngineUnavailable(
            f"expected the {settings.family} engine, found no module {error.name!r}; "
            f"install it with: pip install 'reprollm[{settings.family}]'"
        ) from error
    return opener(located, model, settings)
