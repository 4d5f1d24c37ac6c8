"""No hub, no telemetry: set before any heavy library is imported, as several read these at import.

huggingface_hub reads its environment once, when it is first imported; setting a variable later
does nothing. The command line therefore calls `go_offline` first, and child processes inherit it.
"""

from __future__ import annotations

import os
from collections.abc import MutableMapping

OFFLINE = {
    "HF_HUB_OFFLINE": "1",
    "TRANSFORMERS_OFFLINE": "1",
    "HF_DATASETS_OFFLINE": "1",
    "HF_EVALUATE_OFFLINE": "1",
    "HF_HUB_DISABLE_TELEMETRY": "1",
    "HF_HUB_DISABLE_IMPLICIT_TOKEN": "1",
    "HF_HUB_DISABLE_UPDATE_CHECK": "1",
    "DO_NOT_TRACK": "1",
    "VLLM_NO_USAGE_STATS": "1",
    "VLLM_DO_NOT_TRACK": "1",
    "OLLAMA_NO_CLOUD": "1",
    "WANDB_MODE": "disabled",
    "WANDB_DISABLED": "true",
    "DISABLE_MLFLOW_INTEGRATION": "TRUE",
    "PANDERA_TELEMETRY": "0",
}
# A child process of a library that has started the tokenizers' threads would deadlock or warn.
QUIET = {"TOKENIZERS_PARALLELISM": "false", "TRANSFORMERS_VERBOSITY": "error"}


def go_offline(environment: MutableMapping[str, str] = os.environ) -> None:
    """Forbid every network access and usage report that a library offers to switch off.

    Overrules what the user has set: a run that reached a hub would not be the pinned one.
    """
    environment.update(OFFLINE)
    for name, value in QUIET.items():
        environment.setdefault(name, value)
