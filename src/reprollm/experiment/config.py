"""`experiment.yaml`, schema `reprollm/experiment/1`: the one place that states what it may hold.

Unknown keys are refused everywhere: a typo must not pass for a setting left at its default. Nothing
that is left out is left to a model or a server; the defaults stand here and go into the plan.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from reprollm.card.demand import Demand
from reprollm.experiment.applicable import check_applicable
from reprollm.experiment.concluding import check_concluding
from reprollm.experiment.contamination import ContaminationSettings
from reprollm.experiment.engine import EngineSettings, ServerKind, ServerSettings
from reprollm.experiment.factors import check_arms, one_of
from reprollm.experiment.fields import (
    Annotators,
    Clock,
    Column,
    Device,
    Dimension,
    Encoding,
    FilePath,
    Labels,
    Line,
    Month,
    Name,
    Positive,
    Scale,
    Seed,
    Seeds,
    ServerUrl,
    Stops,
    Temperature,
    TopP,
    Variable,
)
from reprollm.experiment.form import Form
from reprollm.experiment.importers import Importer
from reprollm.experiment.scoring import (
    AnswerSettings,
    ClaimSettings,
    ComparisonSettings,
    DeterminismSettings,
    FamilySettings,
    IntervalSettings,
    ScoreName,
    check_scores,
)
from reprollm.experiment.server_kinds import check_served

__all__ = [
    "ContaminationSettings",
    "DataSettings",
    "EngineSettings",
    "ExperimentConfig",
    "FewShotSettings",
    "PromptSettings",
    "RequireSettings",
    "SamplingSettings",
]


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class AdapterSettings(_Section):
    """An adapter on the model: the lock of its snapshot, and how strongly it is applied."""

    lock: FilePath
    scale: Scale = "1"


class ModelSettings(_Section):
    """Which model: the lock file that names its snapshot by hash, and adapters in their order."""

    lock: FilePath
    adapters: tuple[AdapterSettings, ...] = ()


class RequireSettings(_Section):
    """What the experiment demands of the model's card; it is refused otherwise.

    `licence` is the least free class that will do; `openness` the least open rating by dimension of
    the European Open Source AI Index; `cutoff_before` the month before which all declared training
    data must be. Unknown satisfies none of them.
    """

    licence: Literal["permissive", "community", "research-only"] | None = None
    openness: dict[Dimension, Literal["open", "partial"]] = Field(default_factory=dict)
    osaid: Literal["meets"] | None = None
    cutoff_before: Month | None = None

    def demand(self) -> Demand:
        """Return the section as the value that a card is held against."""
        return Demand(self.licence, self.openness, self.osaid is not None, self.cutoff_before)


class BatchSettings(_Section):
    """How requests are batched: `strict` keeps every bit whatever the batch, `fast` does not."""

    policy: Literal["strict", "fast"]
    size: Positive


class ServerSection(_Section):
    """A server that answers; without `url` one is started on the files themselves.

    `trust` is the weakest class of trust that will do. An address that is not this machine's needs
    `remote: allowed`. `key_variable` names the environment variable that holds the API's key.
    `policy` is a file on what the server's operator says about training on inputs.
    """

    kind: ServerKind
    url: ServerUrl | None = None
    model: Line
    trust: Literal["owned", "attested", "claimed"] = "attested"
    remote: Literal["refused", "allowed"] = "refused"
    key_variable: Variable | None = None
    policy: FilePath | None = None

    def settings(self) -> ServerSettings:
        """Return the section as the value that engines take."""
        return ServerSettings(
            self.kind, self.url, self.model, self.trust, self.remote, self.key_variable
        )


class EngineSection(_Section):
    """The engine, and in what and where it computes.

    `dtype` is `native` for servers, which decide themselves, and the dtype of the KV cache for
    llama.cpp, which computes as its file stores the weights.
    """

    family: Literal["transformers", "vllm", "llamacpp", "server"]
    dtype: Literal["float32", "bfloat16", "float16", "native"]
    device: Device
    batch: BatchSettings
    threads: Positive | None = None
    context: Positive | None = None
    quantization: Line | None = None
    kv_cache: Line | None = None
    server: ServerSection | None = None

    @model_validator(mode="after")
    def _servers_are_described(self) -> EngineSection:
        if (self.server is None) == (self.family == "server"):
            raise ValueError(
                "expected a section server just where the family is server, found "
                f"{'none' if self.server is None else 'one'} with {self.family}"
            )
        if (self.dtype == "native") != (self.family == "server"):
            raise ValueError(
                "expected the dtype native for servers, which choose it themselves, and for no "
                f"other engine, found {self.dtype} with {self.family}"
            )
        check_applicable(self.family, self.quantization, self.kv_cache)
        if self.threads not in (None, 1) and self.batch.policy == "strict":
            raise ValueError(
                "expected one thread under the strict batch policy, under which sums may not be "
                f"split, found {self.threads}; leave threads out or set the policy fast"
            )
        return self

    def settings(self) -> EngineSettings:
        """Return the section as the value that engines take."""
        return EngineSettings(
            family=self.family,
            dtype=self.dtype,
            device=self.device,
            batch_policy=self.batch.policy,
            batch_size=self.batch.size,
            threads=self.threads,
            context=self.context,
            quantization=self.quantization,
            kv_cache=self.kv_cache,
            server=self.server.settings() if self.server else None,
        )


class NamedModelSettings(ModelSettings):
    """One of several models; `engine` takes the place of the experiment's for this one."""

    engine: EngineSection | None = None


class DataSettings(_Section):
    """The items: a file, its form (CSV with a header without one), and what its columns mean.

    `source` names the column that may be withheld for copyright or privacy; `reference` the right
    answer, `stratum` the group under which an item is also scored. `split` names the column with
    the part of the data that an item belongs to, `document` that with the document that it is part
    of, `annotators` for each the column with their labels. What is `private` is never sent to a
    server on another machine. `seal` is the public part of the data set's seal. `question` and
    `rationale` name the columns that hold these; in accounts of exposure every other column but the
    id counts as part of the question.
    """

    file: FilePath
    id: Column
    source: Column
    reference: Column | None = None
    stratum: Column | None = None
    encoding: Encoding = "utf-8"
    delimiter: Literal[",", ";", "\t"] = ","
    form: Form | None = None
    private: bool = False
    seal: FilePath | None = None
    question: Column | None = None
    rationale: Column | None = None
    split: Column | None = None
    document: Column | None = None
    annotators: Annotated[dict[str, Column], Annotators] = Field(default_factory=dict)

    def described_columns(self) -> tuple[str, ...]:
        """Return the columns that say what an item is, which only the data file must have."""
        named = (self.split, self.document, *self.annotators.values())
        return tuple(name for name in named if name is not None)

    def named_columns(self) -> tuple[str, ...]:
        """Return the columns of texts that a file of items must have, in order of the settings."""
        names = (
            self.id,
            self.source,
            self.reference,
            self.stratum,
            self.question,
            self.rationale,
        )
        return tuple(name for name in names if name is not None)

    def importer(self) -> Importer | None:
        """Return what reads the file; None for CSV with a header."""
        return self.form.importer(self.encoding, self.delimiter) if self.form else None

    def endings(self) -> tuple[str, ...]:
        """Return how the names of files end that count in a folder of data; none: no folders."""
        importer = self.importer()
        return importer.endings if importer else ()


class PromptSettings(_Section):
    """The prompt's template; with `chat` it is the user's turn in the model's chat template.

    `clock` is the time that a chat template sees as now.
    """

    template: FilePath
    chat: bool = False
    system: str | None = None
    clock: Clock | None = None

    @model_validator(mode="after")
    def _only_chats_have_a_system_text(self) -> PromptSettings:
        if self.system is not None and not self.chat:
            raise ValueError(
                "expected no system text without a chat template, found one; "
                "set chat: true or put the text into the template"
            )
        return self


class FewShotSettings(_Section):
    """Examples before each item: chosen by hash of seed, item id and example id."""

    file: FilePath
    count: Positive
    seed: Seed
    encoding: Encoding = "utf-8"
    delimiter: Literal[",", ";", "\t"] = ","


class SamplingSettings(_Section):
    """One way of choosing tokens; temperature 0 takes the likeliest and has no seeds."""

    temperature: Temperature
    top_k: Annotated[int, Field(ge=0, le=2**31 - 1)] = 0
    top_p: TopP = "1"
    max_tokens: Positive
    stop: Stops = ()
    seeds: Seeds = ("0",)

    @model_validator(mode="after")
    def _greedy_has_nothing_to_draw(self) -> SamplingSettings:
        if Decimal(self.temperature) != 0:
            return self
        if self.seeds != ("0",):
            raise ValueError(
                "expected no seeds at temperature 0, where nothing is drawn, "
                f"found {', '.join(self.seeds)}; use repetitions to ask again"
            )
        if self.top_k or Decimal(self.top_p) != 1:
            raise ValueError(
                "expected no top_k or top_p at temperature 0, where they change nothing, "
                "found one; remove it"
            )
        return self


class ExperimentConfig(_Section):
    """A whole experiment."""

    schema_version: Literal["reprollm/experiment/1"] = Field(alias="schema")
    name: Name
    title: Line
    model: ModelSettings | None = None
    models: dict[Name, NamedModelSettings] = Field(default_factory=dict)
    engine: EngineSection
    data: DataSettings
    prompt: PromptSettings | None = None
    prompts: dict[Name, PromptSettings] = Field(default_factory=dict)
    few_shot: FewShotSettings | None = None
    sampling: Annotated[dict[str, SamplingSettings], Labels]
    repetitions: Positive = 1
    slices: Positive = 1
    scores: tuple[ScoreName, ...] = ()
    answer: AnswerSettings | None = None
    intervals: IntervalSettings | None = None
    comparisons: FamilySettings | None = None
    claims: tuple[ClaimSettings, ...] = ()
    determinism: DeterminismSettings | None = None
    require: RequireSettings | None = None
    contamination: ContaminationSettings | None = None

    def variants(self) -> dict[str | None, PromptSettings]:
        """Return the prompt's variants by name; a single prompt has none."""
        found: dict[str | None, PromptSettings] = {}
        if self.prompt is not None:
            found[None] = self.prompt
        found.update(self.prompts)
        return found

    def arms(self) -> dict[str | None, tuple[ModelSettings, EngineSection]]:
        """Return each model with its engine by name; a single model has none."""
        found: dict[str | None, tuple[ModelSettings, EngineSection]] = {}
        if self.model is not None:
            found[None] = self.model, self.engine
        found.update({name: (each, each.engine or self.engine)
                      for name, each in self.models.items()})  # fmt: skip
        return found

    def of_model(self, name: str | None) -> ExperimentConfig:
        """Return the experiment as if this one of its models were its only one."""
        model, engine = self.arms()[name]
        return self.model_copy(update={"model": model, "engine": engine, "models": {}})

    def declared_scoring(self) -> dict[str, Any]:
        """Return what is declared of answers, intervals, comparisons and claims, as JSON values.

        A section that is left out is left out here too, so that a plan which declares nothing of it
        is the same plan as before there was such a section.
        """
        sections = {
            "answer": self.answer,
            "intervals": self.intervals,
            "comparisons": self.comparisons,
            "determinism": self.determinism,
        }
        found: dict[str, Any] = {
            name: section.model_dump(mode="json", by_alias=True)
            for name, section in sections.items()
            if section is not None
        }
        if self.claims:
            found["claims"] = [
                claim.model_dump(mode="json", by_alias=True) for claim in self.claims
            ]
        return found

    @model_validator(mode="after")
    def _checks_have_their_seal(self) -> ExperimentConfig:
        checks = self.contamination
        if checks is None or self.data.seal is not None:
            return self
        for name, part in (("secrets", checks.secrets), ("sealed", checks.sealed)):
            if part is not None:
                raise ValueError(
                    f"expected data.seal where contamination.{name} is set, found none; name the "
                    "public part of the seal"
                )
        return self

    @model_validator(mode="after")
    def _private_data_stay_here(self) -> ExperimentConfig:
        servers = [engine.server for _, engine in self.arms().values()]
        allowed = any(server is not None and server.remote == "allowed" for server in servers)
        if self.data.private and allowed:
            raise ValueError(
                "expected remote: refused for data marked private, found remote: allowed; run a "
                "server on this machine, or use data that may leave it"
            )
        return self

    @model_validator(mode="after")
    def _its_server_can_do_it(self) -> ExperimentConfig:
        sampled = [
            (name, settings.temperature, settings.top_k) for name, settings in self.sampling.items()
        ]
        for model, engine in self.arms().values():
            check_served(engine.settings(), sampled, bool(model.adapters))
        return self

    @model_validator(mode="after")
    def _factors_are_named_once(self) -> ExperimentConfig:
        one_of("model", self.model, self.models)
        one_of("prompt", self.prompt, self.prompts)
        return self

    @model_validator(mode="after")
    def _arms_exist(self) -> ExperimentConfig:
        levels: dict[str, Mapping[str, Any]] = {
            "model": self.models,
            "prompt": self.prompts,
            "sampling": self.sampling,
        }
        named = self.comparisons.comparisons if self.comparisons else ()
        for comparison in named:
            where = f"the comparison {comparison.name}"
            for arm in (comparison.of, comparison.against):
                check_arms(arm.model_dump(), levels, where)
        for claim in self.claims:
            if claim.comparison is None:
                check_arms(claim.of.model_dump(), levels, f"the claim {claim.name}")
        parts: list[ComparisonSettings | ClaimSettings] = [*named, *self.claims]
        for part in parts:
            for factor, column in (("stratum", self.data.stratum), ("split", self.data.split)):
                if getattr(part, factor) is not None and column is None:
                    raise ValueError(
                        f"expected data.{factor} where {part.name} names one, found none; name the "
                        "column"
                    )
        return self

    @model_validator(mode="after")
    def _can_be_concluded(self) -> ExperimentConfig:
        has_reference = self.data.reference is not None
        check_concluding(self.comparisons, self.claims, self.scores, has_reference)
        return self

    @model_validator(mode="after")
    def _is_consistent(self) -> ExperimentConfig:
        if len(set(self.scores)) != len(self.scores):
            raise ValueError("expected every score once in scores, found one again")
        if self.scores and self.data.reference is None:
            raise ValueError(
                f"expected data.reference for the score {self.scores[0]}, found none; "
                "name the column with the right answers"
            )
        check_scores(self.scores, self.answer)
        seen: dict[SamplingSettings, str] = {}
        for name, settings in self.sampling.items():
            drawn = settings.model_copy(update={"seeds": ()})
            if drawn in seen:
                raise ValueError(
                    f"expected different settings for every sampling, found {seen[drawn]!r} and "
                    f"{name!r} alike; give one of them all seeds"
                )
            seen[drawn] = name
        return self
