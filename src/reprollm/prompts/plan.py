"""The plan: an experiment with all its requests, named by the hash of both.

Two plans with the same id ask the same requests in the same order, made from the same files. A
changed byte in the experiment, its data, its template or its model gives another plan, even where
ids and counts stay; what a request is identified by is the prompt that was really rendered.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

from reprollm.canon import Json
from reprollm.errors import TemplateInvalid
from reprollm.experiment.config import PromptSettings
from reprollm.experiment.data import DataFile, read_data
from reprollm.experiment.engine import EngineSettings
from reprollm.experiment.exposure import Policy, read_policy
from reprollm.experiment.file_hashes import folder_facts, prompt_facts
from reprollm.experiment.load import Experiment
from reprollm.experiment.require import refuse_unmet
from reprollm.exposure.carried import Carried, carried_together
from reprollm.prompts.carried import find_carried
from reprollm.prompts.chat import ChatTemplate, chat_template
from reprollm.prompts.denial import refuse_denied
from reprollm.prompts.described import Described, described_items, described_sha256
from reprollm.prompts.formats import check_format
from reprollm.prompts.render import Renderer, check_fits
from reprollm.prompts.requests import Identity, Planned, Prompt, Sampling, expand
from reprollm.prompts.settings import SAMPLERS, Settings
from reprollm.prompts.template import PromptTemplate, read_template
from reprollm.prompts.tokenize import PromptTokenizer, load_tokenizer
from reprollm.records.identity import plan_id
from reprollm.snapshot.lock import Lock
from reprollm.snapshot.model import LocatedModel, Model

CONTEXT_GRAIN = 256
"""Tokens of context are allotted in multiples of this."""


@dataclass(frozen=True)
class Plan:
    """An experiment ready to be asked.

    Attributes:
        plan: the plan id, hex.
        experiment: the experiment's name.
        core: everything besides the requests that the plan was made from, as canonical JSON.
        engine: the engine that the plan demands.
        rows: the requests in order.
        items: how many items the data file holds.
        described: what is said of each item besides its texts; None where nothing is declared.
        slices: into how many jobs the experiment is divided.
        carried: which fields of which items the prompts carry; None where nothing may be sent off
            this machine.
    """

    plan: str
    experiment: str
    core: dict[str, Json]
    engine: EngineSettings
    rows: tuple[Planned, ...]
    items: int
    slices: int
    described: tuple[Described, ...] | None = None
    carried: Carried | None = None


@dataclass(frozen=True)
class Sources:
    """The experiment's files, read and checked."""

    experiment: Experiment
    model: Model
    data: DataFile
    examples: DataFile | None
    templates: tuple[PromptTemplate, ...]
    policy: Policy | None = None

    @property
    def lock(self) -> Lock:
        """The lock of the whole model, adapters included."""
        return self.model.lock


def read_sources(experiment: Experiment, model: Model) -> Sources:
    """Return the experiment's data, examples and templates.

    Raises:
        DataInvalid: the data or examples file is malformed.
        TemplateInvalid: a template is malformed or names a column that is not there.
        DemandUnmet: the card of a part of the model does not meet what the experiment requires.
        ExperimentInvalid: the server's policy file is malformed.
    """
    refuse_unmet(experiment.config.require, model)
    columns, few_shot = experiment.config.data, experiment.config.few_shot
    data = read_data(
        experiment.data,
        columns.id,
        (*columns.named_columns(), *columns.described_columns()),
        columns.encoding,
        columns.delimiter,
        columns.importer(),
    )
    examples = None
    if few_shot is not None and experiment.examples is not None:
        examples = read_data(
            experiment.examples,
            columns.id,
            (columns.id,),
            few_shot.encoding,
            few_shot.delimiter,
        )
    templates = tuple(read_template(path, data.columns) for path in experiment.templates)
    policy = read_policy(experiment.policy) if experiment.policy else None
    return Sources(experiment, model, data, examples, templates, policy)


def make_plan(
    sources: Sources, located: LocatedModel, advance: Callable[[int], object] = lambda items: None
) -> Plan:
    """Return the plan of an experiment.

    Args:
        sources: the experiment's files.
        located: the folders of the model, whose tokenizer files were checked against the lock.
        advance: called with the number of prompts rendered since the last call.

    Raises:
        TemplateInvalid: a template fails, or a prompt is empty.
        PromptTooLong: a prompt and its answer do not fit into the model's context.
        DataInvalid: there are too few examples for a prompt.
        SnapshotRefused: the tokenizer does not load, or gives tokens that the model does not have.
        EngineUnavailable: the engine cannot read the format of the model's weights.
        EgressDenied: a prompt holds what is sealed, and may leave this machine.
    """
    config, lock = sources.experiment.config, sources.lock
    check_format(lock, config.engine.family)
    tokenizer = load_tokenizer(located)
    renderers = list(_renderers(sources, tokenizer))
    variants = [list(each.prompts(sources.data.rows, advance)) for each in renderers]
    prompts = [prompt for of_item in zip(*variants, strict=True) for prompt in of_item]
    refuse_denied(sources.experiment, sources.data, prompts)
    samplings = _samplings(sources)
    longest = max(sampling.settings.max_tokens for sampling in samplings)
    check_fits(prompts, longest, lock.facts)
    asked = config.engine.settings()
    common = Identity(lock.snapshot, lock.tokenizer, config.engine.family, asked.numerics)
    rows = tuple(expand(prompts, samplings, config.repetitions, common))
    engine = _allotted(config.engine.settings(), prompts, longest)
    chats = any(each.chat is not None for each in renderers)
    core = _core(sources, samplings, engine, tokenizer.chat_template if chats else None)
    described = described_items(config.data, sources.data.rows)
    if described is not None:
        core["items"] = {"records": len(described), "sha256": described_sha256(described)}
    carried = _carried(sources, renderers)
    if carried is not None:
        core["carried_sha256"] = carried.sha256
    identity = plan_id(core, (row.asked.request for row in rows))
    return Plan(
        plan=identity,
        experiment=config.name,
        core=core,
        engine=engine,
        rows=rows,
        items=len(sources.data.rows),
        slices=config.slices,
        described=described,
        carried=carried,
    )


def _renderers(sources: Sources, tokenizer: PromptTokenizer) -> Iterator[Renderer]:
    """Yield what renders each variant of the prompt."""
    config = sources.experiment.config
    for (name, prompt), template in zip(config.variants().items(), sources.templates, strict=True):
        yield Renderer(
            columns=config.data,
            template=template,
            chat=_chat(sources, prompt, tokenizer),
            tokenizer=tokenizer,
            few_shot=config.few_shot,
            candidates=sources.examples.rows if sources.examples else (),
            variant=name,
        )


def _carried(sources: Sources, renderers: Sequence[Renderer]) -> Carried | None:
    """Return what prompts carry, where the experiment allows that they leave this machine."""
    config = sources.experiment.config
    server = config.engine.server
    if server is None or server.remote != "allowed":
        return None
    parts = [
        find_carried(each, sources.data.rows, [each.template.text, prompt.system or ""])
        for each, prompt in zip(renderers, config.variants().values(), strict=True)
    ]
    return parts[0] if len(parts) == 1 else carried_together(parts)


def _chat(
    sources: Sources, prompt: PromptSettings, tokenizer: PromptTokenizer
) -> ChatTemplate | None:
    if not prompt.chat:
        return None
    if tokenizer.chat_template is None:
        raise TemplateInvalid(
            f"expected a chat template in the snapshot of {sources.experiment.lock}, found none; "
            "write `chat: false` under the prompt, or take a model that is trained for chat"
        )
    return chat_template(
        tokenizer.chat_template, tokenizer.special_tokens, prompt.system, prompt.clock
    )


def _samplings(sources: Sources) -> list[Sampling]:
    stop_ids = tuple(sources.lock.facts.eos_ids)
    return [
        Sampling(
            name,
            Settings(
                temperature=wanted.temperature,
                top_k=wanted.top_k,
                top_p=wanted.top_p,
                max_tokens=wanted.max_tokens,
                stop=wanted.stop,
                stop_ids=stop_ids,
                sampler=SAMPLERS[sources.experiment.config.engine.family],
            ),
            wanted.seeds,
        )
        for name, wanted in sources.experiment.config.sampling.items()
    ]


def _allotted(settings: EngineSettings, prompts: Sequence[Prompt], answer: int) -> EngineSettings:
    """Return the settings with the context that must be allotted before the first request.

    How much is allotted can change bits, so it belongs to the plan. transformers allots nothing.
    """
    if settings.context is not None or settings.family == "transformers":
        return settings
    longest = max(len(prompt.ids) for prompt in prompts) + answer
    return replace(settings, context=-(-longest // CONTEXT_GRAIN) * CONTEXT_GRAIN)


def _core(
    sources: Sources, samplings: list[Sampling], engine: EngineSettings, chat: str | None
) -> dict[str, Json]:
    config, lock = sources.experiment.config, sources.lock
    few_shot = config.few_shot
    core: dict[str, Json] = {
        "title": config.title,
        "experiment_sha256": sources.experiment.sha256,
        "data_sha256": sources.data.sha256,
        "examples_sha256": sources.examples.sha256 if sources.examples else None,
        "chat_template_sha256": _sha256(chat),
        "snapshot": lock.snapshot,
        "weights": lock.weights,
        "tokenizer": lock.tokenizer,
        "engine": engine.to_json(),
        "few_shot": {"count": few_shot.count, "seed": few_shot.seed} if few_shot else None,
        "sampling": [
            {
                "name": sampling.name,
                "settings": sampling.settings.to_json(),
                "seeds": list(sampling.seeds),
            }
            for sampling in samplings
        ],
        "repetitions": config.repetitions,
        "scores": list(config.scores),
    }
    core |= _prompts(sources) | folder_facts(sources.experiment) | config.declared_scoring()
    if sources.experiment.model is not None:
        core["model"] = sources.experiment.model
    if sources.policy is not None:
        core["policy_sha256"] = sources.policy.sha256
        core["policy"] = sources.policy.facts
    if sources.model.adapters:
        core["parts"] = [
            {"role": part.role, "snapshot": part.lock.snapshot, "scale": part.scale}
            for part in sources.model.parts
        ]
    return core


def _prompts(sources: Sources) -> dict[str, Json]:
    """Return what the core says of the prompt, or of each of several by its name."""
    config, templates = sources.experiment.config, sources.templates
    if config.prompt is not None:
        return {
            "template_sha256": templates[0].sha256,
            "prompt": prompt_facts(config.prompt),
        }
    return {
        "prompts": [
            {"name": name, "template_sha256": template.sha256, **prompt_facts(prompt)}
            for (name, prompt), template in zip(config.prompts.items(), templates, strict=True)
        ]
    }


def _sha256(text: str | None) -> str | None:
    return None if text is None else hashlib.sha256(text.encode("utf-8")).hexdigest()
