"""The hashes by which a plan names the files that it was made from."""

from __future__ import annotations

import hashlib
from pathlib import Path

from reprollm.canon import Json
from reprollm.errors import ExperimentInvalid
from reprollm.experiment.config import PromptSettings
from reprollm.experiment.importers.imported import content_of, hash_of
from reprollm.experiment.load import Experiment


def file_hashes(experiment: Experiment) -> dict[str, Json]:
    """Return the SHA-256 of each file that a plan is made from, under its name in the plan's core.

    With them come the other names by which plans of one experiment are told apart: the model's and
    those of several prompts.

    Raises:
        ExperimentInvalid: a file cannot be read.
        DataInvalid: a folder of data cannot be read.
    """
    config, examples = experiment.config, experiment.examples
    hashes: dict[str, Json] = {
        "experiment_sha256": experiment.sha256,
        "data_sha256": _data_sha256(experiment),
        "examples_sha256": _sha256(examples) if examples else None,
    }
    templates = [_sha256(path) for path in experiment.templates]
    if config.prompt is not None:
        hashes["template_sha256"] = templates[0]
    else:
        hashes["prompts"] = [
            {"name": name, "template_sha256": template, **prompt_facts(prompt)}
            for (name, prompt), template in zip(config.prompts.items(), templates, strict=True)
        ]
    if experiment.model is not None:
        hashes["model"] = experiment.model
    if experiment.policy is not None:
        hashes["policy_sha256"] = _sha256(experiment.policy)
    return hashes


def prompt_facts(prompt: PromptSettings) -> dict[str, Json]:
    """Return what a plan's core says of a prompt besides its template.

    The system text stands there by its hash, so that a prompt which is withheld later stands
    nowhere in the log.
    """
    system = prompt.system
    return {
        "chat": prompt.chat,
        "system_sha256": None
        if system is None
        else hashlib.sha256(system.encode("utf-8")).hexdigest(),
        "clock": prompt.clock,
    }


def folder_facts(experiment: Experiment) -> dict[str, Json]:
    """Return what a plan's core says of a folder of data: its path, and which files count."""
    if not experiment.data.is_dir():
        return {}
    path = experiment.data.relative_to(experiment.file.parent).as_posix()
    return {"data_folder": {"path": path, "endings": list(experiment.config.data.endings())}}


def _data_sha256(experiment: Experiment) -> str:
    if not experiment.data.is_dir():
        return _sha256(experiment.data)
    read = [(path, content_of(path)) for path in experiment.data_files()]
    return hash_of(experiment.data, read)


def _sha256(path: Path) -> str:
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise ExperimentInvalid(f"could not read {path}: {error.strerror}") from None
