"""An experiment as it lies on the disk: its settings, its files, and the bytes that were read."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from pydantic import ValidationError

from reprollm.errors import ExperimentInvalid
from reprollm.experiment.config import ExperimentConfig, ModelSettings
from reprollm.experiment.contamination import ScanSettings
from reprollm.experiment.document import Document, KeyPath, read_document
from reprollm.experiment.importers.imported import files_of
from reprollm.experiment.refusal import refusal
from reprollm.experiment.words import listed, meant


@dataclass(frozen=True)
class ScanFiles:
    """The files that a declared scan names, None where it names none.

    Attributes:
        control: its control set.
        tokenizer: the `tokenizer.json` in whose tokens its preset counts.
        rephrase: the lock of its embedding model.
    """

    control: Path | None = None
    tokenizer: Path | None = None
    rephrase: Path | None = None

    def named(self) -> tuple[Path | None, ...]:
        """Return all of them."""
        return self.control, self.tokenizer, self.rephrase


@dataclass(frozen=True)
class CheckFiles:
    """The files that the section `contamination` names, None where it names none.

    Attributes:
        seal: the public part of the data's seal.
        secrets: its private part, which need not be on this machine; only measuring reads it.
        text: the template of an item as it would stand in a training text.
        reference: the reference set of the screening.
        declarations: what is declared of exposures.
        scans: the files of each scan, in the order of the scans.
    """

    seal: Path | None = None
    secrets: Path | None = None
    text: Path | None = None
    reference: Path | None = None
    declarations: Path | None = None
    scans: tuple[ScanFiles, ...] = ()


@dataclass(frozen=True)
class Experiment:
    """A checked experiment with one model; every path in it lies inside its folder.

    Attributes:
        config: what `experiment.yaml` says; of several models, `model` and `engine` are this one's.
        file: that file.
        sha256: hash of its bytes.
        lock, data, examples: the files it names; `data` may be a folder; `examples` for few-shot
            prompts.
        templates: the template of each variant of the prompt, in the order of `config.variants()`.
        model: this model's name, where the experiment has several.
        adapters: lock and scale of each adapter, in the order in which they are applied.
        checks: the files of its contamination checks.
        policy: the policy file of its server, if it names one.
    """

    config: ExperimentConfig
    file: Path
    sha256: str
    lock: Path
    data: Path
    templates: tuple[Path, ...]
    examples: Path | None
    model: str | None = None
    adapters: tuple[tuple[Path, str], ...] = ()
    checks: CheckFiles = CheckFiles()
    policy: Path | None = None

    def data_files(self) -> tuple[Path, ...]:
        """Return the data file, or the files that count in the data folder, by path.

        Raises:
            DataInvalid: there are none in the folder.
        """
        return tuple(files_of(self.data, self.config.data.endings()))


def load(file: Path, model: str | None = None) -> Experiment:
    """Return the experiment that `file` describes, with the one model that it has, or `model`.

    Raises:
        ExperimentInvalid: a key is unknown, missing or malformed, or a file it names is missing or
            lies outside the experiment's folder; or it has several models and `model` names none of
            them.
    """
    found = {experiment.model: experiment for experiment in load_all(file)}
    if model is None and len(found) == 1:
        return next(iter(found.values()))
    if model in found:
        return found[model]
    names = [name for name in found if name is not None]
    if not names:
        raise ExperimentInvalid(
            f"expected no name of a model for {file}, which has one alone, found {model!a:.80}; "
            "leave --model out"
        )
    raise ExperimentInvalid(
        f"expected the name of one of the models of {file} ({listed(names)}), found "
        + (f"{model!a:.80}{meant(model, names)}" if model else "none; name it with --model")
    )


def load_all(file: Path) -> tuple[Experiment, ...]:
    """Return the experiment that `file` describes, once for each of its models, in their order.

    Raises:
        ExperimentInvalid: see `load`.
    """
    document = read_document(file)
    if not isinstance(document.value, dict):
        raise ExperimentInvalid(f"expected a mapping of keys to values in {file}, found another")
    try:
        config = ExperimentConfig.model_validate(document.value)
    except ValidationError as error:
        raise refusal(error, ExperimentConfig, document) from None
    return tuple(_of_model(document, config.of_model(name), name) for name in config.arms())


def _of_model(document: Document, config: ExperimentConfig, name: str | None) -> Experiment:
    """Return the experiment with one of its models."""
    model = config.model
    assert model is not None, "the configuration is that of one model"
    at: KeyPath = ("model",) if name is None else ("models", name)
    examples = config.few_shot
    return Experiment(
        config=config,
        file=document.path,
        sha256=hashlib.sha256(document.content).hexdigest(),
        model=name,
        lock=_inside(document, model.lock, (*at, "lock")),
        data=_data(document, config),
        templates=tuple(_templates(document, config)),
        examples=_inside(document, examples.file, ("few_shot", "file")) if examples else None,
        adapters=_adapters(document, model, at),
        checks=_check_files(document, config),
        policy=_policy(document, config, at),
    )


def _adapters(
    document: Document, model: ModelSettings, at: KeyPath
) -> tuple[tuple[Path, str], ...]:
    return tuple(
        (_inside(document, adapter.lock, (*at, "adapters", index, "lock")), adapter.scale)
        for index, adapter in enumerate(model.adapters)
    )


def _templates(document: Document, config: ExperimentConfig) -> Iterator[Path]:
    for name, prompt in config.variants().items():
        at = ("prompt",) if name is None else ("prompts", name)
        yield _inside(document, prompt.template, (*at, "template"))


def _data(document: Document, config: ExperimentConfig) -> Path:
    """Return the data file, or a folder, where their form is read from folders."""
    path = document.path.parent / config.data.file
    if not path.is_dir() or not config.data.endings():
        return _inside(document, config.data.file, ("data", "file"))
    real, folder = path.resolve(), document.path.parent.resolve()
    if not real.is_relative_to(folder) or real == folder:
        raise ExperimentInvalid(
            f"expected a folder of data inside {document.path.parent}, found {real}; give the "
            "data a folder of their own there"
        )
    return path


def _policy(document: Document, config: ExperimentConfig, at: KeyPath) -> Path | None:
    server = config.engine.server
    if server is None or server.policy is None:
        return None
    own = (*at, "engine", "server", "policy")
    key = own if own in document.lines else ("engine", "server", "policy")
    return _inside(document, server.policy, key)


def _check_files(document: Document, config: ExperimentConfig) -> CheckFiles:
    checks = config.contamination
    named: dict[str, tuple[str | None, KeyPath]] = {"seal": (config.data.seal, ("data", "seal"))}
    scans: tuple[ScanFiles, ...] = ()
    secrets = None
    if checks is not None:
        at = ("contamination",)
        screening, exposure = checks.screening, checks.exposure
        reference = screening.reference if screening else None
        declarations = exposure.declarations if exposure else None
        named["text"] = (checks.text, (*at, "text"))
        named["reference"] = (reference, (*at, "screening", "reference"))
        named["declarations"] = (declarations, (*at, "exposure", "declarations"))
        scans = tuple(
            _scan_files(document, scan, (*at, "scan", index))
            for index, scan in enumerate(checks.scan)
        )
        secrets = document.path.parent / checks.secrets if checks.secrets else None
    found = {name: _inside(document, path, key) for name, (path, key) in named.items() if path}
    return CheckFiles(**found, secrets=secrets, scans=scans)


def _scan_files(document: Document, scan: ScanSettings, at: KeyPath) -> ScanFiles:
    named = {name: getattr(scan, name) for name in ("control", "tokenizer", "rephrase")}
    return ScanFiles(
        **{name: _inside(document, path, (*at, name)) for name, path in named.items() if path}
    )


def _inside(document: Document, relative: str, key: KeyPath) -> Path:
    """Return the file, following symlinks, or refuse one that is missing or lies elsewhere."""
    folder = document.path.parent
    path = folder / relative
    named = f"named by {'.'.join(map(str, key))!r} in {document.path}, line {document.line(key)}"
    try:
        real = path.resolve(strict=True)
    except (OSError, RuntimeError):
        raise ExperimentInvalid(
            f"expected the file {path}, {named}, found none; put it there or correct the path"
        ) from None
    if not real.is_relative_to(folder.resolve()):
        raise ExperimentInvalid(
            f"expected a file inside {folder}, {named}, found a link to {real}; copy the file there"
        )
    if not real.is_file():
        raise ExperimentInvalid(f"expected {path}, {named}, to be a file, found something else")
    return path
