"""The report in plain words: what was asked, of what, what came out, and what to make of it.

Every sentence is a message with values, or a statement that a contamination check recorded.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from reprollm.report.concluded import determinism, pairs
from reprollm.report.contamination import Findings
from reprollm.report.content import Content
from reprollm.report.estimates import Estimate, headlines
from reprollm.report.language import Number, Said, Value, rounded, short
from reprollm.report.messages import MESSAGES
from reprollm.report.models import Model
from reprollm.report.sentence import Sentence, decimal, word

_MOST_ARMS = 12
_FOUND = "evidence for"


def summary(content: Content) -> list[tuple[str, list[Sentence]]]:
    """Return what is to be said, by topic."""
    return [
        ("asked", list(_asked(content))),
        ("model", [sentence for model in content.models for sentence in _model(model)]),
        ("result", list(_result(content))),
        ("sure", list(_sure(content))),
        ("again", list(_again(content))),
        ("seen", list(_seen(content))),
    ]


def warnings(content: Content) -> list[Sentence]:
    """Return what a reader must not overlook: each kind of warning once, with what it is of."""
    found: dict[tuple[str, str], list[Estimate]] = {}
    for one in content.estimates:
        if one.level == "all":
            for code in one.warnings:
                found.setdefault((code, arm(content, one.run, one.cell)), []).append(one)
    return [_warning(code, name, ones[0]) for (code, name), ones in found.items()]


def arm(content: Content, run: str, cell: str) -> str:
    """Return the name of an arm: its model, where there are several, and its cell."""
    name = content.name_of(run)
    return f"{name} · {cell}" if name else cell


def _warning(code: str, name: str, one: Estimate) -> Sentence:
    values: dict[str, Value] = {"arm": name, "score": word("score", one.score)}
    values |= {key: int(one.counted.get(key, 0)) for key in ("runaway", "unparsed")}
    values["total"] = one.n
    values |= {key: int(one.passes.get(key, 0)) for key in ("asked", "distinct")}
    key = f"warning.{code}"
    return Sentence(key, values) if key in MESSAGES else Sentence("warning", {"code": code})


def _asked(content: Content) -> Iterator[Sentence]:
    items = max(each.item_count for each in content.runs)
    yield Sentence("asked", {"requests": content.planned, "items": items})
    if content.answered == content.planned:
        yield Sentence("answered.all")
    else:
        missing = content.planned - content.answered
        yield Sentence("answered.some", {"missing": missing}, mark="bad")
    reused = sum(each.run.reused for each in content.runs)
    if reused:
        yield Sentence("reused", {"n": reused})


def _model(model: Model) -> Iterator[Sentence]:
    licence, kind = model.licence
    values: dict[str, Value] = {"name": model.name, "licence": licence or Said("unknown")}
    values["kind"] = word("licence", kind)
    values["quantization"] = model.quantization or Said("not.quantized")
    values["id"] = model.snapshot[:16]
    if model.parameters is None:
        yield Sentence("model", values)
    else:
        yield Sentence("model.sized", {**values, "parameters": model.parameters})


def _result(content: Content) -> Iterator[Sentence]:
    by_score: dict[str, list[Estimate]] = {}
    for one in headlines(content.estimates):
        by_score.setdefault(one.score, []).append(one)
    if not by_score:
        yield Sentence("result.none")
    for group in by_score.values():
        if len(group) == 1:
            yield _headline(content, group[0])
        else:
            yield from _headlines(content, group)
        if f"means.{group[0].score}" in MESSAGES:
            yield Sentence(f"means.{group[0].score}", mark="inner dim")
    yield from _compared(content)
    if content.claims:
        holding = sum(one.verdict == "holds" for one in content.claims)
        mark = "good" if holding == len(content.claims) else "bad"
        values: dict[str, Value] = {"holding": holding, "claims": len(content.claims)}
        yield Sentence("result.claims", values, mark=mark)


def _compared(content: Content) -> Iterator[Sentence]:
    """Yield what the declared comparisons came to."""
    found = pairs(content)
    if found:
        yield Sentence("result.compared")
    for one in found[:_MOST_ARMS]:
        values: dict[str, Value] = {
            "of": one.of,
            "against": one.against,
            "score": word("score", one.score),
            "difference": decimal(one.difference),
            "verdict": Said(f"favours.{one.shown}"),
            "p": decimal(one.p),
            "items": one.n,
        }
        if one.low is None or one.high is None:
            yield Sentence("result.pair.alone", values, mark="inner")
        else:
            values |= {"low": decimal(one.low), "high": decimal(one.high)}
            yield Sentence("result.pair", values, mark="inner")
    if len(found) > _MOST_ARMS:
        yield Sentence("result.pairs.more", {"n": len(found) - _MOST_ARMS}, mark="inner")


def _headlines(content: Content, group: Sequence[Estimate]) -> Iterator[Sentence]:
    """Yield what came out by one score for several arms."""
    one = group[0]
    yield Sentence("result.of", {"score": word("score", one.score), "better": _better(one)})
    for each in group[:_MOST_ARMS]:
        sentence = _headline(content, each)
        key = {"result": "result.arm", "result.alone": "result.arm.alone"}.get(sentence.key)
        yield replace(sentence, key=key or sentence.key, mark="inner")
    if len(group) > _MOST_ARMS:
        yield Sentence("result.more", {"n": len(group) - _MOST_ARMS}, mark="inner")


def _headline(content: Content, one: Estimate) -> Sentence:
    values: dict[str, Value] = {
        "arm": arm(content, one.run, one.cell),
        "score": word("score", one.score),
        "n": one.n,
    }
    if one.value is None:
        return Sentence("result.undefined", values)
    values |= {"value": Number(rounded(one.value)), "better": _better(one)}
    if one.low is None or one.high is None:
        return Sentence("result.alone", values)
    values |= {"low": Number(rounded(one.low)), "high": Number(rounded(one.high))}
    values["percent"] = Number(short(str(100 * float(one.interval.get("level", "0.95")))))
    return Sentence("result", values)


def _better(one: Estimate) -> Said:
    return Said("better.lower" if one.lower_is_better else "better.higher")


def _sure(content: Content) -> Iterator[Sentence]:
    shown = [one for one in headlines(content.estimates) if one.value is not None]
    with_interval = [one for one in shown if one.low is not None]
    if not shown:
        yield Sentence("sure.nothing")
        return
    if with_interval:
        one = max(with_interval, key=lambda one: one.clusters)
        key = "sure.documents" if one.clusters < one.items else "sure.items"
        yield Sentence(key, {"items": one.items, "clusters": one.clusters})
    else:
        yield Sentence("sure.no.interval")
    yield Sentence("sure.planned")
    yield from _trust(content)


def _trust(content: Content) -> Iterator[Sentence]:
    """Yield by what right the answers are the models': once where it is the same of all."""
    by: dict[str, list[str]] = {}
    for each in content.runs:
        by.setdefault(each.run.trust or "claimed", []).append(content.name_of(each.run.run))
    for trust, names in by.items():
        if len(by) > 1:
            yield Sentence("of.model", {"name": ", ".join(names)})
        yield Sentence(f"trust.{trust}", mark="" if trust == "owned" else "bad")


def _again(content: Content) -> Iterator[Sentence]:
    asked = sum(len(each.alike) for each in content.runs)
    same = sum(sum(each.alike.values()) for each in content.runs)
    if content.rerun is not None:
        at = content.rerun
        yield Sentence("again.rerun", {"origin": at.origin, "records": at.size})
    if not asked:
        yield Sentence("again.never")
    elif asked == same:
        yield Sentence("again.same", {"asked": asked, "requests": content.planned}, mark="good")
    else:
        values: dict[str, Value] = {
            "asked": asked,
            "differ": asked - same,
            "requests": content.planned,
        }
        yield Sentence("again.differs", values, mark="bad")
    yield from determinism(content)


def _seen(content: Content) -> Iterator[Sentence]:
    if not content.findings:
        yield Sentence("seen.unknown")
        return
    for each in content.runs:
        said = list(_seen_by(each.findings))
        if content.several:
            yield Sentence("of.model", {"name": content.name_of(each.run.run)})
            said = [replace(one, mark=f"inner {one.mark}".strip()) for one in said]
        yield from said


def _seen_by(findings: Findings) -> Iterator[Sentence]:
    """Yield whether one model knew the texts."""
    decisions = [one for one in findings.whole["decision"] if one.method == "decision"]
    for one in decisions:
        verdict = one.said("verdict")
        if f"decision.{verdict}" in MESSAGES:
            yield Sentence(f"decision.{verdict}", mark="bad" if verdict == _FOUND else "")
        yield Sentence(recorded=one.words, mark="dim")
    if not decisions:
        yield Sentence("seen.undecided" if findings else "seen.unknown")
