"""`experiment.yaml`, schema `reprollm/experiment/1`: the one place that states what it may hold.

Unknown keys are refused everywhere: a typo must not pass for a setting left at its default. Nothing
that is left out is left to a model or a server; the defaults stand here and go into the plan.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from reprollm.experiment.engine import EngineSettings
from reprollm.experiment.fields import (
    Clock,
    Column,
    Device,
    Encoding,
    FilePath,
    Labels,
    Line,
    Name,
    Positive,
    Seed,
    Seeds,
    Stops,
    Temperature,
    TopP,
)

__all__ = [
    "DataSettings",
    "EngineSettings",
    "ExperimentConfig",
    "FewShotSettings",
    "PromptSettings",
    "SamplingSettings",
]


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class ModelSettings(_Section):
    """Which model: the lock file that names its snapshot by hash."""

    lock: FilePath


class BatchSettings(_Section):
    """How requests are batched: `strict` keeps every bit whatever the batch, `fast` does not."""

    policy: Literal["strict", "fast"]
    size: Positive


class EngineSection(_Section):
    """The engine, and in what and where it computes."""

    family: Literal["transformers"]
    dtype: Literal["float32", "bfloat16", "float16"]
    device: Device
    batch: BatchSettings

    def settings(self) -> EngineSettings:
        """Return the section as the value that engines take."""
        return EngineSettings(
            self.family, self.dtype, self.device, self.batch.policy, self.batch.size
        )


class DataSettings(_Section):
    """The items: a CSV file and what its columns mean.

    `source` names the column that may be withheld for copyright or privacy; `reference` the right
    answer, `stratum` the group under which an item is also scored.
    """

    file: FilePath
    id: Column
    source: Column
    reference: Column | None = None
    stratum: Column | None = None
    encoding: Encoding = "utf-8"
    delimiter: Literal[",", ";", "\t"] = ","

    def named_columns(self) -> tuple[str, ...]:
        """Return the columns that the data file must have, in the order of the settings."""
        names = (self.id, self.source, self.reference, self.stratum)
        return tuple(name for name in names if name is not None)


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
    model: ModelSettings
    engine: EngineSection
    data: DataSettings
    prompt: PromptSettings
    few_shot: FewShotSettings | None = None
    sampling: Annotated[dict[str, SamplingSettings], Labels]
    repetitions: Positive = 1
    slices: Positive = 1
    scores: tuple[Literal["exact_match", "character_error_rate"], ...] = ()

    @model_validator(mode="after")
    def _is_consistent(self) -> ExperimentConfig:
        if len(set(self.scores)) != len(self.scores):
            raise ValueError("expected every score once in scores, found one again")
        if self.scores and self.data.reference is None:
            raise ValueError(
                f"expected data.reference for the score {self.scores[0]}, found none; "
                "name the column with the right answers"
            )
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
