"""Where models may lie on this machine: named by its user, never by an experiment."""

from __future__ import annotations

import os
import tomllib
from collections.abc import Mapping
from difflib import get_close_matches
from pathlib import Path

from reprollm.errors import InvalidInput

VARIABLE = "REPROLLM_MODELS"
CONFIG_KEYS = ("models",)


def model_roots(environment: Mapping[str, str]) -> list[Path]:
    """Return the folders to search, in order, whether they exist or not.

    `REPROLLM_MODELS` (separated as `PATH` is), then `models` in the user's `config.toml`, then the
    Hugging Face cache, then the models of Ollama that were pinned.

    Raises:
        InvalidInput: the user's configuration is malformed.
    """
    named = [part for part in environment.get(VARIABLE, "").split(os.pathsep) if part]
    roots = [Path(part).expanduser() for part in named]
    return [*roots, *_configured(config_file()), hub_cache(environment), ollama_views()]


def config_file() -> Path:
    """Return the user's configuration file: `models = ["/data/models", ...]` in TOML."""
    from platformdirs import user_config_path

    return user_config_path("reprollm") / "config.toml"


def ollama_views() -> Path:
    """Return the folder of the folders that show models of Ollama; see `snapshot.ollama`."""
    from platformdirs import user_data_path

    return user_data_path("reprollm") / "ollama"


def hub_cache(environment: Mapping[str, str]) -> Path:
    """Return the Hugging Face cache as huggingface_hub finds it (its environment variables)."""
    if cache := environment.get("HF_HUB_CACHE") or environment.get("HUGGINGFACE_HUB_CACHE"):
        return Path(cache).expanduser()
    if home := environment.get("HF_HOME"):
        return Path(home).expanduser() / "hub"
    general = environment.get("XDG_CACHE_HOME") or "~/.cache"
    return Path(general).expanduser() / "huggingface" / "hub"


def _configured(path: Path) -> list[Path]:
    try:
        settings = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return []
    except (OSError, ValueError) as error:
        raise InvalidInput(f"expected TOML in {path}, found: {error}") from None
    for key in settings:
        if key not in CONFIG_KEYS:
            close = get_close_matches(key, CONFIG_KEYS, n=1)
            hint = f"; did you mean {close[0]!r}?" if close else ""
            raise InvalidInput(f"expected the key models in {path}, found {key!r}{hint}")
    folders = settings.get("models", [])
    if not isinstance(folders, list) or not all(isinstance(folder, str) for folder in folders):
        raise InvalidInput(f"expected a list of folders for models in {path}, found {folders!r}")
    return [path.parent / Path(folder).expanduser() for folder in folders]
