"""What the data files of this package hold: licences, model families, ratings, and their sources.

Every fact names the document that states it, the date of that document or of its copy, and how sure
it is: `read` where that document itself was read, `reported` where another document says so.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal, TypeAlias

STRICT: dict[str, object] = {"extra": "forbid", "strict": True}

Kind: TypeAlias = Literal["permissive", "community", "research-only"]
KINDS: tuple[Kind, ...] = ("permissive", "community", "research-only")
"""Classes of licences, the freest first.

`permissive`: any use, with at most attribution and notices. `community`: any use except under
conditions (users, region, names, uses, sharing alike). `research-only`: no commercial use.
"""

Rating: TypeAlias = Literal["open", "partial", "closed"]
RATINGS: tuple[Rating, ...] = ("open", "partial", "closed")

DIMENSIONS = {
    "base_model_data": "datasources_basemodel",
    "end_model_data": "datasources_endmodel",
    "base_model_weights": "weights_basemodel",
    "end_model_weights": "weights_endmodel",
    "training_code": "trainingcode",
    "code_documentation": "code",
    "hardware_architecture": "hardware_architecture",
    "preprint": "preprint",
    "paper": "paper",
    "model_card": "modelcard",
    "datasheet": "datasheet",
    "package": "package",
    "api": "api",
    "licences": "licenses",
}
"""The European Open Source AI Index's fourteen dimensions: our names, and those of its files.

Since 13 March 2026 it rates twelve: `package` and `api` were left out.
"""
LEFT_OUT_IN_2026 = ("package", "api")
GROUPS = {
    "training_data": ("base_model_data", "end_model_data"),
    "weights": ("base_model_weights", "end_model_weights"),
}
"""Names that a demand may use for two dimensions; the less open one counts."""


@dataclass(frozen=True)
class Source:
    """Where a fact is from: the document, its date (ISO 8601, may lack the day), how sure."""

    __pydantic_config__: ClassVar[dict[str, object]] = STRICT

    document: str
    date: str
    sure: Literal["read", "reported"]


@dataclass(frozen=True)
class Condition:
    """A condition of a licence that people trip over, in our words.

    `threshold` is the number of monthly active users (`about: users`) or of US dollars of revenue
    (`about: revenue`) above which it applies.
    """

    __pydantic_config__: ClassVar[dict[str, object]] = STRICT

    about: Literal[
        "users",
        "revenue",
        "region",
        "naming",
        "use policy",
        "improving other models",
        "non-commercial",
        "share alike",
        "hosting",
        "filtering",
    ]
    text: str
    threshold: int | None = None


@dataclass(frozen=True)
class LicenceEntry:
    """A licence: SPDX identifier or `LicenseRef-<name>`, class, conditions, how it is recognised.

    Attributes:
        words: digests of known texts (`reprollm.snapshot.wording`).
        titles: how the text begins, folded to lower case.
        claims: what model cards write for it in `license` or `license_name`, lower case.
    """

    __pydantic_config__: ClassVar[dict[str, object]] = STRICT

    id: str
    name: str
    kind: Kind
    conditions: tuple[Condition, ...]
    words: tuple[str, ...]
    titles: tuple[str, ...]
    claims: tuple[str, ...]
    source: Source


@dataclass(frozen=True)
class Cutoff:
    """The training cutoff as declared: month of the newest pretraining data, `YYYY-MM`.

    `later` is the month of the newest data in a later stage of training, where that is declared.
    """

    __pydantic_config__: ClassVar[dict[str, object]] = STRICT

    month: str
    source: Source
    later: str | None = None
    note: str | None = None

    @property
    def latest(self) -> str:
        """The month of the newest declared data of any stage."""
        return max(self.month, self.later or self.month)


@dataclass(frozen=True)
class Osaid:
    """What the Open Source Initiative said of a model under its Open Source AI Definition."""

    __pydantic_config__: ClassVar[dict[str, object]] = STRICT

    verdict: Literal["meets", "does not meet"]
    note: str
    source: Source


@dataclass(frozen=True)
class Granted:
    """A licence that a family's own documents name for a version."""

    __pydantic_config__: ClassVar[dict[str, object]] = STRICT

    id: str
    source: Source


@dataclass(frozen=True)
class Version:
    """A released version, or some sizes of it that differ in licence or cutoff.

    Attributes:
        name: for people.
        repos: patterns of the developer's own repositories; the first version that fits is taken.
        model_types: `model_type` of `config.json` or architecture of a GGUF file; a snapshot that
            says another is not this version.
        rated: the system in the Index whose rating is this version's, or None.
    """

    __pydantic_config__: ClassVar[dict[str, object]] = STRICT

    name: str
    repos: tuple[str, ...]
    model_types: tuple[str, ...]
    licence: Granted | None = None
    cutoff: Cutoff | None = None
    osaid: Osaid | None = None
    rated: str | None = None


@dataclass(frozen=True)
class Family:
    """A family of models of one developer; the more special versions first."""

    __pydantic_config__: ClassVar[dict[str, object]] = STRICT

    schema: str
    family: str
    developer: str
    versions: tuple[Version, ...]


@dataclass(frozen=True)
class Form:
    """A system's ratings as a file at one commit of the Index's database says, by our names."""

    __pydantic_config__: ClassVar[dict[str, object]] = STRICT

    commit: str
    date: str
    file: str
    ratings: dict[str, Rating]


@dataclass(frozen=True)
class Rated:
    """A system that the Index rates: the end model that it looked at, and its base.

    The Index rates a family by its newest and largest model; earlier ones stand in its history.
    """

    __pydantic_config__: ClassVar[dict[str, object]] = STRICT

    model: str
    base: str | None
    forms: tuple[Form, ...]


@dataclass(frozen=True)
class Index:
    """The European Open Source AI Index as far as it is used here (CC-BY-4.0)."""

    __pydantic_config__: ClassVar[dict[str, object]] = STRICT

    schema: str
    name: str
    doi: str
    repository: str
    commit: str
    date: str
    systems: tuple[Rated, ...]


@dataclass(frozen=True)
class Licences:
    """The file of licences."""

    __pydantic_config__: ClassVar[dict[str, object]] = STRICT

    schema: str
    licences: tuple[LicenceEntry, ...]
