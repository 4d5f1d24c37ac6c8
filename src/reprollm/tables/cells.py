"""The cells of a plan, prompt and sampling, in the order in which its experiment declares them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def cells_of(core: Mapping[str, Any]) -> list[str]:
    """Return the names of a plan's cells: the sampling's, behind the prompt's where there are any.

    Args:
        core: what the plan was made from.
    """
    samplings = [str(each["name"]) for each in core.get("sampling") or ()]
    prompts = [str(each["name"]) for each in core.get("prompts") or ()]
    if not prompts:
        return samplings
    return [f"{prompt}/{sampling}" for prompt in prompts for sampling in samplings]
