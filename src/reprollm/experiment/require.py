"""Holds the cards of a model's parts against what the experiment requires, before any plan."""

from __future__ import annotations

from reprollm.card import card_of, unmet
from reprollm.errors import DemandUnmet
from reprollm.experiment.config import RequireSettings
from reprollm.snapshot.model import Model


def refuse_unmet(require: RequireSettings | None, model: Model) -> None:
    """Raise `DemandUnmet` when the base or an adapter does not meet a demand."""
    if require is None:
        return
    demand = require.demand()
    for part in model.parts:
        sentence = unmet(card_of(part.lock), demand)
        if sentence is not None:
            raise DemandUnmet(sentence)
