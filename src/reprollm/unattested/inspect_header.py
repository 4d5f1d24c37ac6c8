"""What the header of an inspect_ai log claims of the run as a whole: facts and numbers."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from reprollm.unattested.outside import field, is_zero, items_of, listed, name_of, number_of

_SETTINGS = (
    "temperature", "top_p", "top_k", "max_tokens", "seed", "num_choices", "frequency_penalty",
    "presence_penalty",
)  # fmt: skip
_ARGUMENTS = ("dtype", "torch_dtype", "quantization", "load_in_4bit", "load_in_8bit", "revision")


def settings_of(header: dict[str, Any]) -> dict[str, Any]:
    """Return the generation settings, those of the plan before those of the model."""
    found: dict[str, Any] = {}
    for part in (field(header, "eval", "model_generate_config"), field(header, "plan", "config")):
        if isinstance(part, dict):
            found |= {name: part[name] for name in _SETTINGS if part.get(name) is not None}
    return found


def sampling_of(settings: dict[str, Any]) -> str:
    """Return what to call the sampling: `greedy`, `sampled` or `unsaid`."""
    temperature = number_of(settings.get("temperature"))
    if temperature is None:
        return "unsaid"
    return "greedy" if is_zero(temperature) else "sampled"


def claims_of(header: dict[str, Any], settings: dict[str, Any]) -> dict[str, Any]:
    """Return the facts of a header that stand openly in the import record."""
    told = header["eval"]
    arguments = told.get("model_args") if isinstance(told.get("model_args"), dict) else {}
    return {
        "task": name_of(told.get("task")),
        "task_version": name_of(told.get("task_version")),
        "status": name_of(header.get("status")) or "unfinished",
        "created": name_of(told.get("created")),
        "model": name_of(told.get("model")),
        "dataset": name_of(field(told, "dataset", "name")),
        "commit": name_of(field(told, "revision", "commit")),
        "settings": listed(settings, _SETTINGS),
        "model_arguments": listed(arguments, _ARGUMENTS),
        "scores": list(_metrics(header)),
    }


def _metrics(header: dict[str, Any]) -> Iterator[dict[str, str]]:
    for score in items_of(header, "results", "scores"):
        metrics = field(score, "metrics")
        for key, metric in sorted(metrics.items()) if isinstance(metrics, dict) else ():
            name = name_of(f"{field(score, 'name')}/{key}")
            value = number_of(field(metric, "value"))
            if name is not None and value is not None:
                yield {"name": name, "value": value}
