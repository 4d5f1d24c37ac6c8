"""Numbers on record, made by hand."""

from __future__ import annotations

from typing import Any

from reprollm.tables.measured import Arm, Book, ModelFacts, Number, Pair, Place, Side

BOOTSTRAP = {"method": "bootstrap", "level": "0.95", "resamples": 999, "seed": "1", "clusters": 40}
HOSTILE = (
    "\\input{x} & 50% $a_b^c~ #1 {|} <script>alert(1)</script> \"'` \u202e\x1b[31m -- ,, **b** "
    "[l](http://x.y) www.a.de =1+1"
)


def place(position: int) -> Place:
    return Place(position, f"{position:064x}", "c0" * 32, 90, "ab" * 32)


def number(cell: str, value: str | None, position: int, **said: Any) -> Number:
    fields: dict[str, Any] = {
        "ledger": 0,
        "run": "r1",
        "cell": cell,
        "score": "character_error_rate",
        "level": "all",
        "group": None,
        "label": None,
        "aggregation": "mean_of_ratios",
        "value": value,
        "low": None,
        "high": None,
        "interval": BOOTSTRAP,
        "n": 40,
        "items": 40,
        "undefined": 0,
        "warnings": (),
        "place": place(position),
    }
    return Number(**{**fields, **said})


def arm(cell: str, model: str = "small", run: str = "r1") -> Arm:
    prompt, _, sampling = cell.rpartition("/")
    return Arm(0, run, cell, model, prompt or None, sampling, "T=0, seeds 0")


def pair(of: str, against: str, p: str, favours: str = "of", **said: Any) -> Pair:
    fields: dict[str, Any] = {
        "name": f"{of}-{against}",
        "ledger": 0,
        "of": Side("r1", of),
        "against": Side("r1", against),
        "score": "character_error_rate",
        "aggregation": "mean_of_ratios",
        "level": "all",
        "group": None,
        "difference": "-0.0123456789",
        "low": "-0.02",
        "high": "-0.001",
        "test": "sign-flip",
        "p_adjusted": p,
        "tests": 2,
        "favours": favours,
        "place": place(70),
    }
    return Pair(**{**fields, **said})


def book(
    arms: tuple[Arm, ...], numbers: tuple[Number, ...], pairs: tuple[Pair, ...] = (), **said: Any
) -> Book:
    fields: dict[str, Any] = {
        "name": "letters",
        "title": "Old letters",
        "size": 95,
        "root": "cd" * 32,
        "models": (ModelFacts("small", "ef" * 32, "", "float32", "transformers 5.0", "owned"),),
    }
    return Book(arms=arms, numbers=numbers, pairs=pairs, **{**fields, **said})


def two_arms() -> Book:
    """Two samplings, of which the first is significantly better."""
    return book(
        (arm("greedy"), arm("warm")),
        (
            number("greedy", "0.052500", 80, low="0.041000", high="0.063500"),
            number("warm", "0.071499", 81, low="0.060000", high="0.083000"),
            number("greedy", None, 82, score="character_error_reduction"),
            number("warm", "-0.250000", 83, score="character_error_reduction", undefined=3),
        ),
        (pair("greedy", "warm", "0.0041"),),
    )
