"""A report of made-up items, as many as wanted, for measuring, testing and showing the page.

Two models were asked for the modern spelling of lines of old letters, by two prompts; there are
strata, splits and documents, answers of every status, answers that were asked again, contamination
findings, claims that hold and one that fails. Nothing is drawn: equal numbers give equal pages.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any, TypeAlias

from rapidfuzz.distance import Levenshtein

from reprollm.ledger.read import Attempt, Item, Plan, Run
from reprollm.records.checkpoint import Checkpoint
from reprollm.records.evidence import evidence
from reprollm.report.contamination import Finding, sort
from reprollm.report.content import Concluded, Content, Counted
from reprollm.report.estimates import Estimate
from reprollm.report.gathering import items_of
from reprollm.report.language import Language
from reprollm.report.memory import Memory
from reprollm.report.models import Model
from reprollm.report.page import page
from reprollm.report.rows import Row

Replaced: TypeAlias = Mapping[int, Mapping[str, Any]]
"""Fields of rows that are to be others, by the place of the row."""

SCORES = ("exact_match", "character_error_rate")
STRATA = ("long-s", "abbreviation", "umlaut", "plain")
SPLITS = ("train", "test")
MODELS = ("kurrent-1b", "kurrent-7b")
CELLS = ("plain/greedy", "expert/greedy")
_SPREAD, _IDS = 3**161, 2**256
TIME = "2026-01-01T00:00:00.000Z"
_WORDS = (
    "vnnd der herr zu Cölln ließ dem bothen ein brieff geben den er jhme auff der straß bey der "
    "alten mülen vor langer zeit versprochen hatte wie man hernach erfuhr"
).split()
_MODERN = {
    "vnnd": "und", "Cölln": "Köln", "bothen": "Boten", "brieff": "Brief", "jhme": "ihm",
    "auff": "auf", "straß": "Straße", "bey": "bei", "mülen": "Mühlen", "herr": "Herr",
    "zeit": "Zeit",
}  # fmt: skip


def write(
    path: Path, number: int, language: Language = "en", replaced: Replaced | None = None
) -> None:
    """Write the page of `number` requests to `path`, some of them with other texts."""
    made = content(number)
    items = items_of(made, lambda: rows(number, replaced), SCORES)
    with path.open("wb") as file:
        for piece in page(made, items, language):
            file.write(piece.encode())


def content(number: int) -> Content:
    """Return what the page of `number` requests shows besides them."""
    names = [f"brief-{at // 20:05d}-{at % 20:02d}" for at in range(_items(number))]
    return Content(
        checkpoint=Checkpoint("reprollm/letters/0123456789abcdef", 3 * number, _hash("root")),
        runs=tuple(_counted(number, at, names) for at in range(len(MODELS))),
        attempts=tuple(_attempt(number, at) for at in range(len(MODELS))),
        environments=(),
        models=tuple(_model(at) for at in range(len(MODELS))),
        estimates=tuple(_estimates(number)),
        claims=_claims(),
        comparisons=_comparisons(number),
        deviations=(),
        exposures=(),
    )


def rows(number: int, replaced: Replaced | None = None) -> Iterator[Row]:
    """Yield `number` requests: of each item one for every model and prompt."""
    half = number // len(MODELS)
    for at in range(half * len(MODELS)):
        run, index = divmod(at, half)
        yield Row(**{**_row(at, run, index), **(replaced or {}).get(at, {})})


def _row(at: int, run: int, index: int) -> dict[str, Any]:
    item = index // len(CELLS)
    source, reference = _line(item)
    status, output = _answer(at, reference)
    scored = output is not None
    edits = Levenshtein.distance(output, reference) if output is not None else 0
    return {
        "run": run,
        "index": index,
        "item": f"brief-{item // 20:05d}-{item % 20:02d}",
        "cell": CELLS[index % len(CELLS)],
        "seed": "0",
        "repetition": 0,
        "request": f"{at * _SPREAD % _IDS:064x}",
        "asked": at,
        "stratum": STRATA[item % len(STRATA)],
        "split": SPLITS[item % 5 == 0],
        "document": f"brief-{item // 20:05d}",
        "status": status,
        "runaway": at % 97 == 5,
        "position": None if status == "failed" else 2 * at + 1,
        "leaf": None if status == "failed" else f"{(at * _SPREAD + 1) * _SPREAD % _IDS:064x}",
        "prompt": f"Schreibe in heutiger Rechtschreibung:\n{source}\nAntwort:",
        "source": source,
        "reference": reference,
        "output": output,
        "has_source": True,
        "has_reference": True,
        "again": (0, 1, 1, 2)[at % 4] if at % 3 == 0 else 0,
        "scores": {
            SCORES[0]: float(output == reference) if scored else None,
            SCORES[1]: edits / len(reference) if scored else None,
        },
        "message": "out of memory: 3 of 4 requests of its batch" if status == "failed" else "",
    }


def _answer(at: int, reference: str) -> tuple[str, str | None]:
    """Return the status and the output of an answer."""
    special: dict[int, tuple[str, str | None]] = {
        7: ("empty", ""),
        11: ("refused", "Das kann ich leider nicht lesen."),
        13: ("unparsed", "```json\n{"),
        17: ("withheld", None),
        19: ("failed", None),
    }
    if at % 101 in special:
        return special[at % 101]
    if at % 3 == 1:
        return "answered", reference.replace("ü", "u\u0308", 1).replace("Herr", "herr", 1)
    return "answered", reference


@lru_cache(maxsize=64)
def _words(start: int) -> tuple[str, str]:
    words = (*_WORDS, *_WORDS)[start : start + 9]
    return " ".join(words), " ".join(_MODERN.get(word, word) for word in words)


def _line(item: int) -> tuple[str, str]:
    """Return an item's text as it was written, and as it is to be."""
    written, modern = _words(item * 7 % len(_WORDS))
    return f"{written} {item}", f"{modern} {item}"


def _items(number: int) -> int:
    return max(1, number // len(MODELS) // len(CELLS))


def _counted(number: int, at: int, names: list[str]) -> Counted:
    half = number // len(MODELS)
    run = Run(
        _hex(f"run {at}"), _hex(f"plan {at}"), "letters", half, half - half // 101, 1, TIME,
        "2026-01-01T00:41:07.000Z", 0, "owned", "recorded",
    )  # fmt: skip
    core = {
        "title": "Spelling of old letters",
        "model": MODELS[at],
        "snapshot": _hex(f"snapshot {at}"),
        "experiment_sha256": _hex("experiment"),
        "data_sha256": _hex("data"),
        "template_sha256": _hex("template"),
        "prompts": [{"name": cell.partition("/")[0]} for cell in CELLS],
        "engine": {"family": "transformers", "dtype": "bfloat16", "device": "cuda"},
        "sampling": [
            {"name": "greedy", "settings": {"temperature": "0", "max_tokens": 128}, "seeds": ["0"]}
        ],
        "repetitions": 1,
    }
    plan = Plan(_hex(f"plan {at}"), "letters", core, half, _hex("requests"))
    items = {name: Item(name[:11], None, None) for name in names[:1]}
    alike = {str(at): at % 2 == 1 for at in range(max(1, half // 4))}
    return Counted(run, plan, items, len(names), alike, sort(list(_findings(names, at)), names))


def _attempt(number: int, at: int) -> Attempt:
    half = number // len(MODELS)
    return Attempt(
        _hex(f"attempt {at}")[:32], _hex(f"run {at}"), _hex(f"plan {at}"), 0, half, half, TIME,
        "2026-01-01T00:41:07.000Z", "complete", half, half // 101, None, f"gpu-node-{at + 1}", None,
        _hex("environment"), "full", {}, _hex("code"), "owned",
    )  # fmt: skip


def _model(at: int) -> Model:
    identity = (
        ("snapshot", _hex(f"snapshot {at}")),
        ("weights", _hex(f"weights {at}")),
        ("files", "11"),
        ("architecture", "LlamaForCausalLM"),
        ("parameters", str((1_100_000_000, 7_200_000_000)[at])),
        ("stored", ("BF16", "int4 (group 128)")[at]),
        ("context", "8192"),
    )
    return Model(
        name=MODELS[at],
        snapshot=_hex(f"snapshot {at}"),
        named=(MODELS[at],),
        licence=("Apache-2.0", "permissive"),
        quantization=("", "gptq, 4 bit")[at],
        parameters=(1_100_000_000, 7_200_000_000)[at],
        weight_bytes=(2_200_000_000, 3_900_000_000)[at],
        identity=identity,
        memory=(Memory("vllm", "gpu", "6.2", "8"), Memory("transformers", "cpu", "31.4", "32")),
        card=(("licence", "Apache-2.0 (its licence file)"), ("training cutoff", "unknown")),
    )


def _estimates(number: int) -> Iterator[Estimate]:
    half = number // len(MODELS) // len(CELLS)
    for at in range(len(MODELS)):
        for place, cell in enumerate(CELLS):
            for score, base in zip(SCORES, (0.64, 0.041), strict=True):
                better = (0.06 if base > 0.5 else -0.012) * at + 0.003 * place
                yield _estimate(at, cell, score, base + better, half, None)
                for step, stratum in enumerate(STRATA):
                    value = (base + better) * (0.8 + 0.12 * step)
                    yield _estimate(at, cell, score, value, half // len(STRATA), stratum)


def _estimate(
    at: int, cell: str, score: str, value: float, n: int, stratum: str | None
) -> Estimate:
    wide = 0.2 * value / (1 if stratum is None else 0.6)
    codes = ("identical-passes", "runaway") if (at, cell) == (0, CELLS[0]) else ()
    return Estimate(
        run=_hex(f"run {at}"),
        score=score,
        version=f"{score}/1 text/1",
        cell=cell,
        level="all" if stratum is None else "stratum",
        group=stratum,
        label=None,
        aggregation="mean_of_ratios",
        value=f"{value:.6f}",
        low=f"{value - wide / 2:.6f}",
        high=f"{value + wide / 2:.6f}",
        interval={"method": "bootstrap", "level": "0.95", "resamples": 999, "seed": "1"},
        n=n,
        items=n,
        clusters=max(1, n // 20),
        undefined=0,
        counted={"answered": n, "runaway": 3},
        passes={"asked": 3, "distinct": 1},
        warnings=codes,
        table=_hex(f"table {score} {at}"),
    )


def _claims() -> tuple[Concluded, ...]:
    arm = {"cell": CELLS[0], "model": MODELS[0]}
    value = {
        "kind": "value", "score": "character_error_rate", "arm": arm, "value": "0.041000",
        "low": "0.036900", "high": "0.045100", "estimate": {"position": 4711},
    }  # fmt: skip
    said = "The character error rate of kurrent-1b is at most 0.030."
    held = "The character error rate of kurrent-1b is 0.041 within 0.005."
    beats = "kurrent-7b corrects better than kurrent-1b."
    by = {"kind": "comparison", "difference": "-0.012", "p_adjusted": "0.0021"}
    return (
        Concluded(_hex("run 0"), "error-rate", "holds",
                  {**value, "says": held, "is": "0.041", "within": "0.005", "because": "value"}),
        Concluded(_hex("run 0"), "low-error", "fails",
                  {**value, "says": said, "at_most": "0.030", "because": "value"}),
        Concluded(_hex("run 1"), "large-better", "holds",
                  {**by, "says": beats, "because": "difference"}),
    )  # fmt: skip


def _comparisons(number: int) -> tuple[Concluded, ...]:
    of, against = ({"cell": CELLS[0], "model": model} for model in reversed(MODELS))
    pair = {
        "kind": "pair", "score": "character_error_rate", "of": {"arm": of, "value": "0.029"},
        "against": {"arm": against, "value": "0.041"}, "favours": "of", "warnings": [],
        "pairs": {"items": number // 4, "clusters": number // 80},
        "effect": {"difference": "-0.012", "low": "-0.0171", "high": "-0.0068"},
        "test": {"name": "sign-flip", "p": "0.0021", "p_adjusted": "0.0021"},
    }  # fmt: skip
    repeated: dict[str, Any] = {"kind": "determinism", "class": "tokens", "verdict": "fails"}
    repeated |= {"kept": number // 6, "compared": number // 4}
    return (
        Concluded(_hex("run 1"), "large-against-small", None, pair),
        Concluded(_hex("run 0"), "determinism", None, repeated),
    )


def _findings(names: list[str], at: int) -> Iterator[Finding]:
    """Yield what was found of a model: only the second shows that it knew the texts."""

    def said(method: str, subject: str, claim: str, verdict: str, **more: Any) -> Finding:
        found = evidence(
            claim, method, "1", mode="records", parameters={}, n=len(names), verdict=verdict, **more
        )
        return Finding(_hex("examination"), method, subject, found)

    yield said("scan", "*", "fact", "contaminated items", statistic=0.25, interval=(0.23, 0.27))
    test, decision, statement, z, p = (
        ("published does not stand out", "no evidence found", "No evidence found by", 0.4, 0.41),
        ("published stands out", "evidence for", "Evidence of training on these items by", 4.1,
         0.0004),
    )[at]  # fmt: skip
    yield said("sealed_twins", "*", "test", test, statistic=z, p=p)
    detail = {"statement": f"{statement} sealed_twins, the primary test (p = {p})."}
    yield said("decision", "*", "decision", decision, detail=detail)
    for place, name in enumerate(names):
        yield said("scan", name, "fact", "contaminated" if place % 4 == 0 else "not found")
        if place % 2 == 0:
            p = ((place * 37 % 100 + 1) / 101) ** (1 + at)
            yield said("min_k_20", name, "screening", "listed" if p < 0.1 else "not listed", p=p)


def _hash(text: str) -> bytes:
    return hashlib.sha256(text.encode()).digest()


def _hex(text: str) -> str:
    return _hash(text).hex()
