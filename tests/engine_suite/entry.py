"""What the suite must know of an engine: one small file in `entries/` each, holding an `ENTRY`."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path

from reprollm.engines.opening import open_checked
from reprollm.engines.protocol import Engine
from reprollm.experiment.engine import EngineSettings, ServerSettings
from reprollm.snapshot.lock import write_lock
from reprollm.snapshot.model import load_model
from reprollm.snapshot.pin import pin
from tiny_models import make_llama

CONTEXT = 256
"""Tokens that engines allot for a prompt and its answer."""

Serve = Callable[[Path], AbstractContextManager[ServerSettings]]
"""Starts a server on the pinned model, where the engine does not start it itself."""


@dataclass(frozen=True)
class Entry:
    """One engine of the suite.

    Attributes:
        name: how the suite calls it; its file in `entries/` is named like this.
        environment: the list in `envs/` that it runs in: `dev`, `vllm-cpu`, `llamacpp`.
        family: the engine's family.
        dtype: in what it computes.
        make: writes the tiny Llama into a folder and returns what is pinned: the folder itself, or
            a file below it. The weights are those of `tiny_models.make_llama`, in float32.
        server: gives the settings of a running server, of a family that needs one.
        unanswerable: a prompt to which no answer can be given, without harm to others.
        tolerance: how far its log-probabilities may be from those of the reference in float64.
        draws: whether it can be asked for drawn answers that repeat.
        real: False of a stand-in, whose answers no model gives.
    """

    name: str
    environment: str
    family: str
    dtype: str = "float32"
    make: Callable[[Path], Path] = make_llama
    server: Serve | None = None
    unanswerable: tuple[int, ...] = (5, 6, 70_000)
    tolerance: float = 1e-4
    draws: bool = True
    real: bool = True

    @property
    def venv(self) -> str:
        """The folder of its environment in the checkout."""
        which = self.environment.removesuffix("-cpu")
        return ".venv" if which == "dev" else f".venv-{which}"

    @contextmanager
    def settings(self, model: Path) -> Iterator[Callable[..., EngineSettings]]:
        """Yield a function of policy, size and device to settings, while the server runs."""

        def of(
            server: ServerSettings | None, policy: str, size: int, device: str
        ) -> EngineSettings:
            return EngineSettings(
                self.family, self.dtype, device, policy, size, context=CONTEXT, server=server
            )

        if self.server is None:
            yield lambda policy, size, device="cpu": of(None, policy, size, device)
            return
        with self.server(model) as server:
            yield lambda policy, size, device="cpu": of(server, policy, size, device)


def entry(name: str) -> Entry:
    """Return the entry of that name."""
    found: Entry = importlib.import_module(f"engine_suite.entries.{name}").ENTRY
    return found


def names() -> list[str]:
    """Return the names of all entries, sorted."""
    files = (Path(__file__).parent / "entries").glob("*.py")
    return sorted(file.stem for file in files if file.stem != "__init__")


def pinned(model: Path, folder: Path) -> Path:
    """Pin a model; return its lock file, in `folder`."""
    lock_file = folder / "tiny.lock.json"
    if not lock_file.exists():
        write_lock(pin(model, name="tiny"), lock_file, replace=False)
    return lock_file


def opened(model: Path, lock_file: Path, settings: EngineSettings) -> Engine:
    """Open an engine as `generate` does, on a model that lies beside its lock."""
    return open_checked(load_model(lock_file), settings).engine
