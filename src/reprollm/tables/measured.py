"""What tables are made of: numbers on record, each with the record that says it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Place:
    """Where a record stands, and what it was derived from.

    Attributes:
        position: the record's place in the log, from 0.
        leaf: its leaf hash, hex.
        code: digest of the code that computed it; None of releases that did not say it.
        size, root: the checkpoint of the log that it was computed from; None likewise.
    """

    position: int
    leaf: str
    code: str | None
    size: int | None
    root: str | None


@dataclass(frozen=True)
class Number:
    """One estimate of one run; values are decimal strings as they stand in the record.

    Attributes:
        ledger: number of the ledger, from 0, among those that were read.
        cell: name of the sampling, behind that of the prompt where there are several.
        interval: its method, level, resamples, seed and clusters, as recorded.
        counted: how many of the n answers are of which status; empty of releases that did not say.
    """

    ledger: int
    run: str
    cell: str
    score: str
    level: str
    group: str | None
    label: str | None
    aggregation: str
    value: str | None
    low: str | None
    high: str | None
    interval: dict[str, object]
    n: int
    items: int | None
    undefined: int
    warnings: tuple[str, ...]
    place: Place
    counted: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class Side:
    """One arm of a comparison: its run and cell."""

    run: str
    cell: str


@dataclass(frozen=True)
class Pair:
    """A declared comparison of two arms on one score; numbers are decimal strings.

    Attributes:
        favours: `of`, `against` or `neither`.
        tests: hypotheses that the adjustment by Holm is over.
    """

    name: str
    ledger: int
    of: Side
    against: Side
    score: str
    aggregation: str
    level: str
    group: str | None
    difference: str | None
    low: str | None
    high: str | None
    test: str
    p_adjusted: str | None
    tests: int
    favours: str
    place: Place


@dataclass(frozen=True)
class Arm:
    """A run's cell with what a caption must say of it; None where it is unknown.

    Attributes:
        model: the model's name in the experiment, or that of its snapshot.
        prompt: name of the prompt, where there are several.
        sampling: name of the sampling setting.
        settings: that setting in words.
    """

    ledger: int
    run: str
    cell: str
    model: str
    prompt: str | None
    sampling: str
    settings: str


@dataclass(frozen=True)
class ModelFacts:
    """What identifies a model and how it was run."""

    name: str
    snapshot: str | None
    quantization: str
    dtype: str | None
    engine: str | None
    trust: str | None


@dataclass(frozen=True)
class Book:
    """One ledger's current runs.

    Attributes:
        name: the experiment's name.
        title: its title.
        size, root: of the ledger's newest checkpoint.
    """

    name: str
    title: str
    size: int
    root: str
    models: tuple[ModelFacts, ...]
    arms: tuple[Arm, ...]
    numbers: tuple[Number, ...]
    pairs: tuple[Pair, ...] = field(default=())
