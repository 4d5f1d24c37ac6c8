"""The models side by side: what tells them apart, in one row each."""

from __future__ import annotations

from dataclasses import dataclass

from reprollm.report.content import Content, Counted
from reprollm.report.language import Said, Value
from reprollm.report.models import Model
from reprollm.report.sentence import word


@dataclass(frozen=True)
class Glance:
    """One model in a row.

    Attributes:
        name: its name in the experiment.
        model: the snapshot.
        licence: in a word, and its class.
        cutoff, openness: as the card words them.
        memory: what the engine that answered needs, by place; GB, decimal.
        knew: what the checks decided on whether it knew the texts.
    """

    name: str
    model: Model
    licence: tuple[Value, Value]
    openness: str
    cutoff: str
    memory: tuple[tuple[str, str], ...]
    knew: Value


def glances(content: Content) -> list[Glance]:
    """Return a row for each model; none where there is one alone."""
    by_id = {model.snapshot: model for model in content.models}
    if not content.several:
        return []
    return [
        _glance(content, each, by_id[snapshot])
        for each in content.runs
        if (snapshot := str(each.plan.core.get("snapshot"))) in by_id
    ]


def _glance(content: Content, of: Counted, model: Model) -> Glance:
    family = of.plan.core.get("engine", {}).get("family")
    said = dict(model.card)
    licence, kind = model.licence
    return Glance(
        name=content.name_of(of.run.run),
        model=model,
        licence=(licence or Said("unknown"), word("licence", kind)),
        openness=said.get("openness", ""),
        cutoff=said.get("training cutoff", ""),
        memory=tuple(
            (each.place.upper(), each.gigabytes) for each in model.memory if each.engine == family
        ),
        knew=_knew(of),
    )


def _knew(of: Counted) -> Value:
    """Return the last decision; that none was made or nothing checked is said as well."""
    decided = [one for one in of.findings.whole["decision"] if one.method == "decision"]
    if decided:
        return word("knew", decided[-1].said("verdict"))
    return Said("knew.undecided" if of.findings else "knew.unchecked")
