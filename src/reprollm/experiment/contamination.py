"""Section `contamination` of `experiment.yaml`: the checks, fixed before anything is measured.

Every part is optional. Seeds, scores, references and the primary test stand here and enter the log
with the plan, so that none can be chosen after the results are seen.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from reprollm.experiment.fields import Column, FilePath, Line, Name, Positive, Scale, Seed

Primary = Literal["sealed_twins", "sealed_order", "canaries", "none"]
ScreeningScore = Literal["loss", "zlib", "min_k_20", "min_k_pp_20"]


def _share(value: str) -> str:
    if not 0 < Decimal(value) <= 1:
        raise ValueError(f"expected a share above 0 and at most 1, found {value}")
    return value


Share = Annotated[Scale, AfterValidator(_share)]


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class FamilySettings(_Section):
    """The family of primary tests that are corrected together: its name, and how many they are."""

    name: Name
    tests: Positive = 1


class OrderSettings(_Section):
    """The test of the sealed order: permutations, shards of consecutive rows, and the seed."""

    permutations: Annotated[int, Field(ge=19, le=9999)] = 99
    shards: Positive = 12
    seed: Seed = "1"


class SealedSettings(_Section):
    """Parameters of the sealed tests that have any."""

    order: OrderSettings | None = None


class GuardSettings(_Section):
    """The blind-baseline guard: label permutations, and their seed."""

    permutations: Annotated[int, Field(ge=19, le=9999)] = 199
    seed: Seed = "1"


class ScreeningSettings(_Section):
    """Membership scores against an i.i.d. reference set that was never in any training text.

    `reference` has the columns of the data file; `date` names a column that the guard may use.
    """

    reference: FilePath
    scores: Annotated[tuple[ScreeningScore, ...], Field(min_length=1)] = (
        "loss",
        "zlib",
        "min_k_20",
        "min_k_pp_20",
    )
    guard: GuardSettings = GuardSettings()
    date: Column | None = None

    @model_validator(mode="after")
    def _each_score_once(self) -> ScreeningSettings:
        if len(set(self.scores)) != len(self.scores):
            raise ValueError("expected every score once in scores, found one again")
        return self


class ScanSettings(_Section):
    """One corpus to search for the items' texts; `fraction` is the share of it that is here.

    `tokenizer` is the `tokenizer.json` in whose tokens a preset counts; `near` also looks for near
    duplicates of whole documents, `rephrase` for rephrasings by the embedding model of a lock.
    """

    name: Name
    corpus: Annotated[tuple[Line, ...], Field(min_length=1)]
    preset: Name = "robust"
    n: Positive | None = None
    control: FilePath | None = None
    fraction: Share = "1"
    options: tuple[Name, ...] = ()
    tokenizer: FilePath | None = None
    near: bool = False
    rephrase: FilePath | None = None

    @model_validator(mode="after")
    def _rephrasings_have_a_control(self) -> ScanSettings:
        if self.rephrase is not None and self.control is None:
            raise ValueError(
                f"expected control in the scan {self.name}, to hold rephrasings against, found "
                "none; name a file of items that cannot have leaked"
            )
        return self


class ExtractionSettings(_Section):
    """Verbatim continuation: the share of an item that is given, and the tokens that are asked."""

    prefix: Share = "0.5"
    tokens: Positive = 50


class ExposureSettings(_Section):
    """What is declared of exposures that the tool cannot see."""

    declarations: FilePath


class ContaminationSettings(_Section):
    """The checks of an experiment.

    `text` is the template of an item's columns as the item would stand in a training text; without
    it, the source, a line break and the reference. `secrets` is the private part of the data's
    seal, which the sealed tests need.
    """

    family: FamilySettings | None = None
    primary: Primary = "none"
    text: FilePath | None = None
    secrets: FilePath | None = None
    sealed: SealedSettings | None = None
    screening: ScreeningSettings | None = None
    scan: tuple[ScanSettings, ...] = ()
    extraction: ExtractionSettings | None = None
    exposure: ExposureSettings | None = None

    @model_validator(mode="after")
    def _is_consistent(self) -> ContaminationSettings:
        if (self.primary == "none") != (self.family is None):
            raise ValueError(
                "expected a family just where there is a primary test, found "
                f"{'none' if self.family is None else 'one'} with primary {self.primary}"
            )
        if self.primary != "none" and self.secrets is None:
            raise ValueError(
                f"expected secrets for the primary test {self.primary}, found none; name the "
                "private part of the seal"
            )
        names = [scan.name for scan in self.scan]
        if len(set(names)) != len(names):
            raise ValueError("expected every scan's name once, found one again")
        return self

    @property
    def measures(self) -> bool:
        """Whether a check asks the model for anything."""
        sealed = self.secrets is not None or self.primary != "none"
        order = self.sealed is not None and self.sealed.order is not None
        return sealed or order or self.screening is not None or self.extraction is not None
