"""An experiment as it lies on the disk: its settings, its files, and the bytes that were read."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

from pydantic import ValidationError

from reprollm.errors import ExperimentInvalid
from reprollm.experiment.config import ExperimentConfig
from reprollm.experiment.document import Document, KeyPath, read_document
from reprollm.experiment.refusal import refusal


@dataclass(frozen=True)
class CheckFiles:
    """The files that the section `contamination` names, None where it names none.

    Attributes:
        seal: the public part of the data's seal.
        secrets: its private part, which need not be on this machine; only measuring reads it.
        text: the template of an item as it would stand in a training text.
        reference: the reference set of the screening.
        declarations: what is declared of exposures.
        controls: the control set of each scan, in the order of the scans.
    """

    seal: Path | None = None
    secrets: Path | None = None
    text: Path | None = None
    reference: Path | None = None
    declarations: Path | None = None
    controls: tuple[Path | None, ...] = ()


@dataclass(frozen=True)
class Experiment:
    """A checked experiment; every path in it lies inside its folder and is a file.

    Attributes:
        config: what `experiment.yaml` says.
        file: that file.
        sha256: hash of its bytes.
        lock, data, template, examples: the files it names; `examples` for few-shot prompts.
        adapters: lock and scale of each adapter, in the order in which they are applied.
        checks: the files of its contamination checks.
        policy: the policy file of its server, if it names one.
    """

    config: ExperimentConfig
    file: Path
    sha256: str
    lock: Path
    data: Path
    template: Path
    examples: Path | None
    adapters: tuple[tuple[Path, str], ...] = ()
    checks: CheckFiles = CheckFiles()
    policy: Path | None = None


def load(file: Path) -> Experiment:
    """Return the experiment that `file` describes.

    Raises:
        ExperimentInvalid: a key is unknown, missing or malformed, or a file it names is missing or
            lies outside the experiment's folder.
    """
    document = read_document(file)
    if not isinstance(document.value, dict):
        raise ExperimentInvalid(f"expected a mapping of keys to values in {file}, found another")
    try:
        config = ExperimentConfig.model_validate(document.value)
    except ValidationError as error:
        raise refusal(error, ExperimentConfig, document) from None
    examples = config.few_shot
    return Experiment(
        config=config,
        file=file,
        sha256=hashlib.sha256(document.content).hexdigest(),
        lock=_inside(document, config.model.lock, ("model", "lock")),
        data=_inside(document, config.data.file, ("data", "file")),
        template=_inside(document, config.prompt.template, ("prompt", "template")),
        examples=_inside(document, examples.file, ("few_shot", "file")) if examples else None,
        adapters=tuple(
            (_inside(document, adapter.lock, ("model", "adapters", index, "lock")), adapter.scale)
            for index, adapter in enumerate(config.model.adapters)
        ),
        checks=_check_files(document, config),
        policy=_policy(document, config),
    )


def _policy(document: Document, config: ExperimentConfig) -> Path | None:
    server = config.engine.server
    if server is None or server.policy is None:
        return None
    return _inside(document, server.policy, ("engine", "server", "policy"))


def _check_files(document: Document, config: ExperimentConfig) -> CheckFiles:
    checks = config.contamination
    named: dict[str, tuple[str | None, KeyPath]] = {"seal": (config.data.seal, ("data", "seal"))}
    controls: tuple[Path | None, ...] = ()
    secrets = None
    if checks is not None:
        at = ("contamination",)
        screening, exposure = checks.screening, checks.exposure
        reference = screening.reference if screening else None
        declarations = exposure.declarations if exposure else None
        named["text"] = (checks.text, (*at, "text"))
        named["reference"] = (reference, (*at, "screening", "reference"))
        named["declarations"] = (declarations, (*at, "exposure", "declarations"))
        controls = tuple(
            _inside(document, scan.control, (*at, "scan", index, "control"))
            if scan.control
            else None
            for index, scan in enumerate(checks.scan)
        )
        secrets = document.path.parent / checks.secrets if checks.secrets else None
    found = {name: _inside(document, path, key) for name, (path, key) in named.items() if path}
    return CheckFiles(**found, secrets=secrets, controls=controls)


def _inside(document: Document, relative: str, key: KeyPath) -> Path:
    """Return the file, following symlinks, or refuse one that is missing or lies elsewhere."""
    folder = document.path.parent
    path = folder / relative
    named = f"named by {'.'.join(map(str, key))!r} in {document.path}, line {document.line(key)}"
    try:
        real = path.resolve(strict=True)
    except (OSError, RuntimeError):
        raise ExperimentInvalid(f"expected the file {path}, {named}, found none") from None
    if not real.is_relative_to(folder.resolve()):
        raise ExperimentInvalid(
            f"expected a file inside {folder}, {named}, found a link to {real}; copy the file there"
        )
    if not real.is_file():
        raise ExperimentInvalid(f"expected {path}, {named}, to be a file, found something else")
    return path


def file_hashes(experiment: Experiment) -> dict[str, str | None]:
    """Return the SHA-256 of each file that a plan is made from, under its name in the plan's core.

    Raises:
        ExperimentInvalid: a file cannot be read.
    """
    files = {
        "data_sha256": experiment.data,
        "template_sha256": experiment.template,
        "examples_sha256": experiment.examples,
    }
    hashes = {name: _sha256(path) if path else None for name, path in files.items()}
    if experiment.policy is not None:
        hashes["policy_sha256"] = _sha256(experiment.policy)
    return {"experiment_sha256": experiment.sha256} | hashes


def _sha256(path: Path) -> str:
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise ExperimentInvalid(f"could not read {path}: {error.strerror}") from None
