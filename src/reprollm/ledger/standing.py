"""Which runs a ledger stands for, where an experiment has one plan for each of several models.

Plans that were made from the same files and ask different models are sisters (`model` in their
cores names the model). A family of sisters stands or falls together: a ledger stands for the last
family of which every model was run to the end, else for that of the last complete run, else for
that of the last run. A plan without `model` is a family of its own.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, TypeAlias

_MADE_FROM = ("experiment_sha256", "data_sha256", "template_sha256", "examples_sha256", "prompts")

Cores: TypeAlias = Mapping[str, Mapping[str, Any]]
"""The cores of a log's plans, by plan id, in log order."""


class Begun(NamedTuple):
    """A run: its id, its plan's, and whether every planned request has its answer."""

    run: str
    plan: str
    complete: bool


@dataclass(frozen=True)
class Standing:
    """One model of the family that counts: its plan, and the run of it that counts, if any."""

    plan: str
    model: str | None
    run: Begun | None

    @property
    def complete(self) -> bool:
        """Whether there is a run that answered everything."""
        return self.run is not None and self.run.complete


def are_sisters(one: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    """Return whether two cores are of the same files and of different models."""
    models = one.get("model"), other.get("model")
    return (
        None not in models
        and models[0] != models[1]
        and all(one.get(name) == other.get(name) for name in _MADE_FROM)
    )


def predecessors(cores: Cores) -> dict[str, str]:
    """Return the plan from which each later plan deviates, by its id.

    It is the last plan before it in the log with the same model; without one, the last that is not
    its sister. Sisters do not deviate from one another.
    """
    found: dict[str, str] = {}
    earlier: list[str] = []
    for plan, core in cores.items():
        same = (one for one in reversed(earlier) if cores[one].get("model") == core.get("model"))
        strange = (one for one in reversed(earlier) if not are_sisters(cores[one], core))
        before = next(same, None) or next(strange, None)
        if before is not None:
            found[plan] = before
        earlier.append(plan)
    return found


def standing(cores: Cores, begun: Sequence[Begun]) -> tuple[Standing, ...]:
    """Return the models of the family that counts, in the log order of their plans.

    Of each model the last complete run counts, else the last. Nothing where no run was begun.

    Args:
        cores: the log's plans.
        begun: the runs of these plans in the order in which they began.
    """
    known = [run for run in begun if run.plan in cores]
    if not known:
        return ()
    complete = [run for run in known if run.complete]
    for run in reversed(complete):
        found = tuple(_family(cores, known, run.plan))
        if all(each.complete for each in found):
            return found
    return tuple(_family(cores, known, (complete or known)[-1].plan))


def _family(cores: Cores, begun: Sequence[Begun], plan: str) -> Iterator[Standing]:
    """Yield the models of a plan's family."""
    own = cores[plan].get("model")
    if own is None:
        yield Standing(plan, None, _counting(begun, [plan]))
        return
    plans: dict[str, list[str]] = {}
    for other, core in cores.items():
        alike = core.get("model") == own and all(
            core.get(name) == cores[plan].get(name) for name in _MADE_FROM
        )
        if alike or are_sisters(core, cores[plan]):
            plans.setdefault(core["model"], []).append(other)
    for model, each in plans.items():
        run = _counting(begun, each)
        yield Standing(run.plan if run else each[-1], model, run)


def _counting(begun: Sequence[Begun], plans: Sequence[str]) -> Begun | None:
    """Return the last complete run of some plans, else the last."""
    own = [run for run in begun if run.plan in plans]
    complete = [run for run in own if run.complete]
    return next(reversed(complete or own), None)
