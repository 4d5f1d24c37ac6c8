"""What is set before vLLM is imported, as it reads most of its environment once."""

from __future__ import annotations

import os
import sys
from collections.abc import MutableMapping

INVARIANT = "VLLM_BATCH_INVARIANT"

PINNED = {
    # One process: the scheduler then sees the same requests in the same order each time.
    "VLLM_ENABLE_V1_MULTIPROCESSING": "0",
    # Threads are bound to cores by vLLM's worker processes; there are none.
    "VLLM_CPU_OMP_THREADS_BIND": "nobind",
    # Its draws take no seed of a request.
    "VLLM_USE_FLASHINFER_SAMPLER": "0",
    # The address of this host would be found by asking the network.
    "VLLM_HOST_IP": "127.0.0.1",
    "VLLM_USE_MODELSCOPE": "0",
    "VLLM_NO_USAGE_STATS": "1",
    "VLLM_DO_NOT_TRACK": "1",
    "DO_NOT_TRACK": "1",
    "VLLM_LOGGING_STREAM": "ext://sys.stderr",
}
"""Overrules what the user has set."""

DEFAULTS = {
    # Installed plugins change models and sampling; whoever wants one names it.
    "VLLM_PLUGINS": "",
    "VLLM_LOGGING_LEVEL": "ERROR",
}
"""Set where the user has set nothing."""


def pin_variables(
    *,
    invariant: bool,
    environment: MutableMapping[str, str] = os.environ,
    imported: bool | None = None,
) -> bool:
    """Set vLLM's variables; return whether its batch-invariant kernels are on.

    Args:
        invariant: whether they are wanted, where the hardware has them.
        environment: what is changed.
        imported: whether vLLM was imported before, so that its kernels are chosen already; None
            to look.
    """
    environment.update(PINNED)
    for name, value in DEFAULTS.items():
        environment.setdefault(name, value)
    if imported is None:
        imported = "vllm" in sys.modules
    if not imported:
        environment[INVARIANT] = "1" if invariant else "0"
    return environment.get(INVARIANT) == "1"
