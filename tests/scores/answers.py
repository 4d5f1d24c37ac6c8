"""Answers as values, for what is computed of them alone."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping, Sequence
from typing import Any

from reprollm.scores.answers import Scorable
from reprollm.scores.items import Place
from reprollm.scores.passes import passes_of
from reprollm.scores.row import Row
from reprollm.scores.settings import Settings
from reprollm.scores.summary import Summary


def answer(index: int, output: str | None, reference: str | None, **facts: Any) -> Scorable:
    """Return an answer; its item is named by its index unless `item` says otherwise."""
    values: dict[str, Any] = {
        "index": index,
        "request": f"{index:064x}",
        "item": f"i{index}",
        "stratum": None,
        "sampling": "greedy",
        "seed": "0",
        "repetition": 0,
        "finish": "stop",
        "output": output,
        "reference": reference,
        "has_output": True,
        "has_reference": reference is not None,
    }
    return Scorable(**{**values, **facts})


def rows(
    answers: Sequence[Scorable], settings: Settings, places: Mapping[str, Place] | None = None
) -> list[Row]:
    """Return all estimates of some answers."""
    summary = Summary(settings, places or {}, passes_of(answers))
    deque(summary.judged(answers), maxlen=0)
    return [row for row, _ in summary.rows()]


def one(found: Sequence[Row], **wanted: Any) -> Row:
    """Return the one row with these values."""
    [row] = [
        row for row in found if all(getattr(row, name) == value for name, value in wanted.items())
    ]
    return row
