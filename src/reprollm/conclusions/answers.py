"""What conclusions are drawn from: the answers of the cells of a run, as scored and as parsed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from reprollm.canon import Json
from reprollm.scores.measures.protocol import Counts


@dataclass(frozen=True)
class Arm:
    """One cell of one run.

    Attributes:
        run: run id, hex.
        plan: plan id, hex.
        model: the model's name in the experiment; None where it has just one.
        cell: the requests' `sampling`: `<prompt>/<sampling>`, or the sampling's name.
    """

    run: str
    plan: str
    model: str | None
    cell: str

    @property
    def prompt(self) -> str | None:
        """The prompt variant's name; None where the experiment has just one."""
        prompt, sign, _ = self.cell.rpartition("/")
        return prompt if sign else None

    @property
    def sampling(self) -> str:
        """The sampling setting's name."""
        return self.cell.rpartition("/")[2]

    def to_json(self) -> dict[str, Json]:
        """Return the arm as it stands in evidence."""
        return {
            "run": self.run,
            "plan": self.plan,
            "model": self.model,
            "prompt": self.prompt,
            "sampling": self.sampling,
            "cell": self.cell,
        }


@dataclass(frozen=True, slots=True)
class Given:
    """One final answer.

    Attributes:
        index: place of its request in the plan.
        item: the data file's id of the item.
        stratum: the item's stratum, if the data has any.
        seed: seed as a decimal string.
        repetition: 0 for the first asking.
        label: what the parser takes from it; empty where it takes nothing.
        counts: of each score that something is concluded from; None without a reference.
        gold: the reference as a label; None without a reference.
        folded: whether its pass is identical to an earlier one.
    """

    index: int
    item: str
    stratum: str | None
    seed: str | None
    repetition: int
    label: str
    counts: Mapping[str, Counts] | None
    gold: str | None = None
    folded: bool = False

    @property
    def asking(self) -> tuple[str | None, int]:
        """The pass that the answer belongs to."""
        return self.seed, self.repetition


@dataclass(frozen=True)
class Answered:
    """The answers of one arm, in index order, with the passes that were asked and that differ."""

    arm: Arm
    answers: tuple[Given, ...]
    asked: int
    distinct: int


@dataclass(frozen=True, slots=True)
class Item:
    """What an item record says; `annotations` are labels by annotator, None where not opened."""

    document: str | None = None
    split: str | None = None
    annotations: Mapping[str, str] | None = None


@dataclass(frozen=True)
class Standing:
    """A run that the ledger stands for.

    Attributes:
        run: run id, hex.
        plan: plan id, hex.
        core: what the plan was made from.
        cells: its cells in the order of their first index.
        items: its item records by item; those that the plan has none for are as if empty.
    """

    run: str
    plan: str
    core: Mapping[str, Any]
    cells: tuple[Answered, ...]
    items: Mapping[str, Item]

    @property
    def arms(self) -> tuple[Arm, ...]:
        """The run's arms, in the order of its cells."""
        return tuple(cell.arm for cell in self.cells)
