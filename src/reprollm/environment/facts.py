"""The environment record: every circumstance that stays equal while nothing on the machine changes.

Process ids, times, host names and job ids are left out on purpose; they belong to the `start`
record. Two attempts on an unchanged machine therefore share one environment id.
"""

from __future__ import annotations

from reprollm import canon
from reprollm.canon import Json
from reprollm.environment.accelerator import accelerator_facts
from reprollm.environment.checkout import checkout_facts
from reprollm.environment.libraries import torch_facts
from reprollm.environment.machine import machine_facts, system_facts
from reprollm.environment.packages import package_facts
from reprollm.environment.variables import variable_facts


def collect() -> dict[str, Json]:
    """Return the facts of this environment, ready for canonical JSON (no floats, ASCII keys)."""
    return {
        "system": system_facts(),
        "machine": machine_facts(),
        "accelerators": accelerator_facts(),
        "packages": package_facts(),
        "checkout": checkout_facts(),
        "variables": variable_facts(),
        "torch": torch_facts(),
    }


def environment_id(facts: dict[str, Json]) -> str:
    """Return the hex digest that names `facts`."""
    return canon.digest("reprollm/environment/v1", canon.dumps(facts))
