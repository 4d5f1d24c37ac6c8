"""What file name and results of lm-evaluation-harness claim of an evaluation: facts and numbers."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from reprollm.errors import InvalidInput
from reprollm.unattested.outside import (
    clean,
    field,
    is_zero,
    listed,
    name_of,
    number_of,
    parse_object,
    shown,
)

_NAME = re.compile(r"samples_(?P<task>.+?)(_\d{4}-\d\d-\d\dT\d\d-\d\d-\d\d\.\d+)?\.jsonl\Z")
_SETTINGS = (
    "do_sample", "temperature", "top_p", "top_k", "max_gen_toks", "num_beams", "repetition_penalty",
)  # fmt: skip
_CONFIG = (
    "model", "model_dtype", "model_revision", "model_sha", "model_num_parameters", "batch_size",
    "device", "use_cache", "limit", "random_seed", "numpy_seed", "torch_seed", "fewshot_seed",
)  # fmt: skip
_ARGUMENTS = (
    "pretrained", "revision", "dtype", "quantization", "load_in_4bit", "load_in_8bit", "gptqmodel",
    "peft", "trust_remote_code",
)  # fmt: skip
_RESULTS = ("transformers_version", "git_hash", "date", "chat_template_sha")


def task_of(path: Path) -> str:
    """Return the task that a file of samples is named for; raise `InvalidInput` without one."""
    match = _NAME.match(path.name)
    if match is None:
        raise InvalidInput(
            f"expected a file named samples_<task>_<time>.jsonl, found {path.name}; the name is "
            "the only place where the task stands"
        )
    return clean(match["task"])


def results_of(path: Path, task: str, documents: int) -> dict[str, Any]:
    """Return the results, checked to be about this task and as many documents."""
    try:
        content = path.read_bytes()
    except OSError as error:
        raise InvalidInput(f"could not read {path}: {error.strerror}") from None
    told = parse_object(content, str(path))
    if not isinstance(field(told, "results", task), dict):
        raise InvalidInput(
            f"expected results of the task {task} in {path}, found "
            f"{shown(sorted(field(told, 'results') or {}))}; name the results of this evaluation"
        )
    effective = number_of(field(told, "n-samples", task, "effective"))
    if effective is not None and effective != str(documents):
        raise InvalidInput(
            f"expected samples of {effective} documents, as {path} says of {task}, found "
            f"{documents}; the two files are not of one evaluation, or one was changed"
        )
    return told


def arguments_of(told: dict[str, Any]) -> dict[str, Any]:
    """Return the arguments by which the model was loaded, which older versions write as a text."""
    value = field(told, "config", "model_args")
    if isinstance(value, dict):
        return value
    pairs = (part.partition("=") for part in value.split(",")) if isinstance(value, str) else ()
    return {name.strip(): text for name, equals, text in pairs if equals}


def sampling_of(settings: dict[str, Any]) -> str:
    """Return what to call the sampling: `greedy`, `sampled` or `unsaid`."""
    draws, temperature = settings.get("do_sample"), number_of(settings.get("temperature"))
    if draws is False or (temperature is not None and is_zero(temperature)):
        return "greedy"
    return "sampled" if draws is True or temperature is not None else "unsaid"


def claims_of(
    task: str,
    told: dict[str, Any],
    results: dict[str, str | int] | None,
    settings: dict[str, Any],
) -> dict[str, Any]:
    """Return the facts that stand openly in the import record.

    Args:
        task: the task's name.
        told: the results; empty where there are none.
        results: name, hash and size of their file.
        settings: how the first document was asked.
    """
    scores = field(told, "results", task) or {}
    metrics = (name for name in sorted(scores) if "," in name)
    numbers = ((name_of(name), number_of(scores[name])) for name in metrics)
    return {
        "task": task,
        "task_version": name_of(field(told, "versions", task)),
        "task_hash": name_of(field(told, "task_hashes", task)),
        "model": name_of(told.get("model_name")),
        "results": results,
        "shots": name_of(field(told, "n-shot", task)),
        "config": listed(field(told, "config"), _CONFIG) + listed(told, _RESULTS),
        "settings": listed(settings, _SETTINGS),
        "model_arguments": listed(arguments_of(told), _ARGUMENTS),
        "scores": [
            {"name": name, "value": value} for name, value in numbers if name and value is not None
        ],
    }
