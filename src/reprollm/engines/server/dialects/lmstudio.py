"""LM Studio through the protocol; what it has loaded, its own command line tells.

Model names are matched loosely there, and a model may be loaded or unloaded between two requests,
so that the name in each reply is checked. `lms ps --json` names the file below LM Studio's model
folder; the HTTP API names none. Sources: lmstudio.ai/docs (REST API, `lms`).
"""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any, ClassVar

from reprollm.engines.server import reading
from reprollm.engines.server.client import Client
from reprollm.engines.server.dialect import Asked, Dialect, Identity, said

LMS_SECONDS = 15


class LmStudio(Dialect):
    """Requests to `/v1/completions` with the fields that LM Studio adds."""

    kind: ClassVar[str] = "lmstudio"

    def recognise(self, client: Client) -> bool:
        """Return whether the server greets as LM Studio does.

        Unknown paths are answered with status 200 there, so that only the content tells.
        """
        return reading.at(client.get("/lmstudio-greeting").value, "lmstudio") is True

    def identify(self, client: Client, model: str) -> Identity:
        """Return the loaded instance's context and quantization, and its file where `lms` tells."""
        models = reading.items(client.get("/api/v1/models").value, "models")
        entry = next((one for one in models if _is(one, model)), None)
        instance = reading.at(entry, "loaded_instances", 0)
        quantization = reading.at(entry, "quantization")
        return Identity(
            model=model,
            paths=_paths(model) if client.address.loopback else (),
            context=reading.count(instance, "config", "context_length"),
            facts={
                **said(entry, "publisher", "key", "format", "architecture", "size_bytes"),
                **said(quantization, "name", "bits_per_weight"),
                **said(reading.at(instance, "config"), "flash_attention", "parallel"),
            },
        )

    def body(self, asked: Asked) -> dict[str, Any]:
        """Return the protocol's body with the fields that LM Studio adds."""
        return super().body(asked) | {
            "top_k": 1 if asked.settings.greedy else asked.settings.top_k,
            "min_p": 0.0,
            "repeat_penalty": 1.0,
        }


def _is(entry: Any, model: str) -> bool:
    names = [reading.text(entry, "key")]
    names += [reading.text(one, "id") for one in reading.items(entry, "loaded_instances")]
    return model in names


def _paths(model: str) -> tuple[str, ...]:
    """Return the files of a loaded model as LM Studio's command line names them, if it is there."""
    home = Path.home() / ".lmstudio"
    program = shutil.which("lms") or shutil.which(str(home / "bin" / "lms"))
    if program is None:
        return ()
    try:
        told = subprocess.run(
            [program, "ps", "--json"], capture_output=True, timeout=LMS_SECONDS, check=True
        )
        loaded = json.loads(told.stdout)
    except (OSError, subprocess.SubprocessError, ValueError, RecursionError):
        return ()
    named = ("identifier", "modelKey")
    files = [
        reading.text(one, "path")
        for one in (loaded if isinstance(loaded, list) else [])
        if model in [reading.text(one, name) for name in named]
    ]
    return tuple(str(home / "models" / file) for file in files if file)
