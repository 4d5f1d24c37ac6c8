"""Studies that between them have every score, every parser of answers and every conclusion."""

from __future__ import annotations

import json
import random
from typing import Any

from review.studies import Item, Study

TEXTS = [
    "exact_match", "character_error_rate", "word_error_rate", "source_character_error_rate",
    "character_error_reduction", "chrf", "bleu", "rouge_l",
]  # fmt: skip
LABELS = ["accuracy", "precision", "recall", "f1", "cohens_kappa"]
ENTITIES = [
    f"entity_{rate}_{scheme}"
    for scheme in ("strict", "fuzzy")
    for rate in ("precision", "recall", "f1")
]
INTERVALS = {"level": "0.9", "resamples": 99, "seed": "4"}
ODD = (
    "ſprach STRASSE İstanbul é e\u0301 3.5 1,000 &quot;x&amp; 😀 zu\u00a0jhm Das <b>Wort</b>".split(
        " "
    )
)


def labelled() -> Study:
    """Labels of two models under two prompts, three passes, annotators, and all conclusions."""
    pick = random.Random("labels")
    items = [
        Item(
            reference=pick.choice(("Ja", "Nein")) if number != 7 else None,
            stratum=pick.choice(("alt", "neu", None)),
            document=f"d{number // 3}" if number < 10 else None,
            split=pick.choice(("dev", "test", None)),
            labels={"anna": pick.choice(("Ja", "nein.")), "bert": pick.choice(("Ja", "Nein", " "))}
            if number % 3
            else {},
        )
        for number in range(12)
    ]

    def outputs() -> list[str]:
        said = ("ja", "Nein.", "**Ja**", "vielleicht", "", "Als KI sage ich nichts", "Ja…")
        return [pick.choice(said[: 3 + 4 * (pick.random() < 0.4)]) for _ in items]

    def cell() -> dict[tuple[str, int], list[str]]:
        first = outputs()
        return {("0", 0): first, ("0", 1): list(first), ("7", 0): outputs()}

    cells = {model: {f"{p}/greedy": cell() for p in ("kurz", "lang")} for model in ("a", "b")}
    answer = {"parser": "labels", "labels": ["Ja", "Nein"], "normalise": ["casefold"],
              "refusals": ["Als KI"]}  # fmt: skip
    arms = [{"model": m, "prompt": p} for m in ("a", "b") for p in ("kurz", "lang")]
    pairs: list[dict[str, Any]] = [
        {"name": "right", "score": "accuracy", "of": arms[0], "against": arms[2]},
        {"name": "f1", "score": "f1", "of": arms[0], "against": arms[1], "split": "dev"},
        {"name": "kappa", "score": "cohens_kappa", "of": arms[0], "against": arms[3]},
        {"name": "macro", "score": "f1", "of": arms[0], "against": arms[2], "aggregation": "macro"},
    ]
    claims: list[dict[str, Any]] = [
        {"name": "near", "says": "Half.", "score": "accuracy", "of": arms[0], "is": "0.5",
         "within": "0.5"},
        {"name": "far", "says": "All.", "score": "accuracy", "of": arms[1], "at_least": "1"},
        {"name": "label", "says": "Some.", "score": "f1", "aggregation": "label", "label": "Ja",
         "of": arms[0], "at_most": "1"},
        {"name": "no such", "says": "?", "score": "f1", "of": arms[0], "stratum": "x",
         "at_most": "1"},
        {"name": "better", "says": "a beats b.", "comparison": "right"},
    ]  # fmt: skip
    core = {
        "scores": LABELS, "answer": answer, "intervals": INTERVALS, "claims": claims,
        "comparisons": {"comparisons": pairs, "permutations": 199, "seed": "2", "tests": 4},
        "determinism": {"class": "score", "within": "0.5"},
    }  # fmt: skip
    return Study(items, cells, core)


def read() -> Study:
    """Texts with sources, one pass of two cells, no item records; McNemar and one text score."""
    pick = random.Random("texts")
    items = [
        Item(
            reference=" ".join(pick.choice(ODD) for _ in range(pick.randrange(6))),
            source=" ".join(pick.choice(ODD) for _ in range(4)) if number % 4 else None,
            stratum=("lang", "kurz")[number % 2],
        )
        for number in range(14)
    ]

    def outputs() -> list[str]:
        words = (" ".join(pick.choice(ODD) for _ in range(pick.randrange(6))) for _ in items)
        return [pick.choice((item.reference or "", word)) for item, word in
                zip(items, words, strict=True)]  # fmt: skip

    greedy, warm = {"sampling": "greedy"}, {"sampling": "warm"}
    pairs = [
        {"name": "same", "score": "exact_match", "of": greedy, "against": warm},
        {"name": "errors", "score": "character_error_rate", "of": greedy, "against": warm},
        {"name": "mended", "score": "character_error_reduction", "of": greedy, "against": warm},
        *(
            {
                "name": f"all {name}",
                "score": name,
                "of": greedy,
                "against": warm,
                "aggregation": "corpus",
            }
            for name in ("character_error_rate", "chrf", "bleu")
        ),
    ]
    core = {
        "scores": TEXTS, "intervals": INTERVALS,
        "comparisons": {"comparisons": pairs, "permutations": 99, "seed": "1", "tests": None},
        "determinism": {"class": "bitwise", "within": None},
    }  # fmt: skip
    cells = {None: {name: {("0", 0): outputs()} for name in ("greedy", "warm")}}
    return Study(items, cells, core)


def named() -> Study:
    """Mentions looked up in sources, with documents."""
    pick = random.Random("entities")
    items = []
    for number in range(9):
        size = pick.randrange(2, 7)
        tags = [pick.choice(("O", "O", "B-PER", "I-PER", "B-LOC")) for _ in range(size)]
        words = " ".join(pick.choice(ODD[:8]) for _ in range(size))
        items.append(Item(json.dumps(tags), words, document=f"d{number // 2}"))

    def output(item: Item) -> str:
        words = (item.source or "").split()
        lines = (f"{pick.choice(words)}\t{pick.choice(('per', 'LOC'))}" for _ in range(3))
        return pick.choice(("\n".join(lines), "nichts", ""))

    cells = {None: {"greedy": {("0", 0): [output(item) for item in items]}}}
    answer = {"parser": "mentions", "normalise": ["casefold"]}
    return Study(items, cells, {"scores": ENTITIES, "answer": answer, "intervals": INTERVALS})
