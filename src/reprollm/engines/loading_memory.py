"""Memory while transformers loads a model, and after.

transformers 5 keeps the experts of a layer in one tensor, which it joins from the single ones of
the files. Its threads read all tensors of the model ahead of that, so that with the joined ones
nearly all experts are in memory twice; read one after the other, it is those of one layer. And
glibc keeps what was freed: blocks below 32 MiB (`mallopt(3)`, `M_MMAP_THRESHOLD`) lie between
others and are not given back to the system, from none to nine tenths of the stored bytes and
differently at each start, unless it is told to (`malloc_trim(3)`).
"""

from __future__ import annotations

import ctypes
import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

_IN_TURN = "HF_DEACTIVATE_ASYNC_LOAD"


@contextmanager
def sparing(config: Any) -> Iterator[None]:
    """Let transformers read the tensors of a model with experts in turn, within this block."""
    before = os.environ.get(_IN_TURN)
    if has_experts(config):
        os.environ[_IN_TURN] = "1"
    try:
        yield
    finally:
        if before is None:
            os.environ.pop(_IN_TURN, None)
        else:
            os.environ[_IN_TURN] = before


def has_experts(config: Any) -> bool:
    """Say whether a model has routed experts: every architecture names their number in its way."""
    fields = config.get_text_config().to_dict().items()
    return any(
        name.startswith(("num_", "n_")) and name.endswith("experts") and (count or 0) > 1
        for name, count in fields
        if isinstance(count, int)
    )


def give_back() -> None:
    """Give memory that was freed back to the system, where the C library can (glibc)."""
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if trim is not None:
        trim(0)
