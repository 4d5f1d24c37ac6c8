"""Both verifiers find the same in the same material, by programs that share no line.

The material is drawn from seeds, with ties, texts without tokens, impossible tokens, missing
dates, withheld moments, scans, and items that were sent, so that every branch is taken.
"""

from __future__ import annotations

import math
import random
from array import array
from typing import Any

import pytest

from reprollm.canon import dumps
from reprollm.contamination.findings import findings_of
from reprollm.contamination.material import Continued, ItemScore, Material, Measured
from reprollm.records.evidence import evidence
from reprollm.review import verify as alone

PLAN, EXAMINATION, SNAPSHOT = "1" * 64, "2" * 64, "3" * 64
WORDS = "vnd er ſprach zu jhm; Das Wort ward FLEISCH, 神 sprach: Ä é 12 mal!".split()
DAYS = ("2019", "2020-05", "2021-06-07", "2022-03-04T05:06:07.000Z", "2023-02-30", "")


def drawn(seed: int) -> Material:
    """Return the material of an examination, as a seed draws it."""
    pick = random.Random(seed)
    items, others = pick.choice(((24, 22), (24, 24), (7, 30))), pick.randint(2, 5)
    twins = [[f"i{n}", pick.randrange(others), others] for n in range(items[0])]
    canaries = [[f"c{n}", pick.choice((4, 9))] for n in range(pick.randint(1, 3))]
    order = {"permutations": pick.choice((19, 39)), "shards": 3, "seed": 1}
    dated = seed % 3 == 0
    checks: dict[str, Any] = {
        "sealed": {"twins": twins, "order": order, "canaries": canaries},
        "screening": {
            "scores": ["min_k_20", "loss", "zlib", "min_k_pp_20"],
            "guard": {"permutations": 19, "seed": seed},
            "date": "year" if dated else None,
            "dates": {
                name: [pick.choice(("", "1500", "1600", "1700")) for _ in range(size)]
                for name, size in zip(("suspect", "reference"), items, strict=True)
            }
            if dated
            else None,
        },
        "extraction": {"prefix": "0.5", "tokens": 12},
        "scan": [{"name": "one", "preset": "robust"}, {"name": "two", "preset": "palm"}],
        "exposure": {},
    }
    core: dict[str, Any] = {
        "snapshot": SNAPSHOT,
        "engine": {"family": "transformers"} if seed % 5 else {"family": "server", "server": {}},
        "data": {"sha256": "4" * 64, "items": items[0]},
        "family": {"name": "f", "tests": pick.randint(1, 40)} if seed % 2 else None,
        "primary": pick.choice(("sealed_twins", "sealed_order", "canaries", None)),
        "checks": checks,
    }
    texts = _texts(pick, items, twins, order, canaries) if seed % 5 else ()
    return Material(
        examination=EXAMINATION,
        plan=PLAN,
        core=core,
        likelihoods=texts,
        continuations=tuple(_continued(pick, n) for n in range(items[0] if seed % 4 else 0)),
        items=tuple(f"i{n}" for n in range(items[0])),
        gold=bool(seed % 2),
        scores=tuple(
            ItemScore(score, "greedy", f"i{n}", pick.choice((0.0, 0.25, 1.0)))
            for score in ("exact_match", "character_error_rate")
            for n in range(items[0])
        ),
        exposed=tuple(_exposed(pick) for _ in range(pick.randint(0, 12))),
        declarations=tuple(_declared(pick) for _ in range(pick.randint(0, 25))),
        recorded=(_scanned(),),
    )


def _texts(
    pick: random.Random, items: Any, twins: Any, order: Any, canaries: Any
) -> tuple[Measured, ...]:
    names = [("suspect", f"i{n}", 0) for n in range(items[0])]
    names += [("reference", f"r{n}", 0) for n in range(items[1])]
    names += [("twin", item, v) for item, _, size in twins for v in range(size)]
    orders = range(order["permutations"] + 1)
    names += [("order", str(shard), b) for shard in range(order["shards"]) for b in orders]
    names += [("canary", name, v) for name, size in canaries for v in range(size)]
    moments = pick.random() < 0.8
    return tuple(_measured(pick, n, name, moments) for n, name in enumerate(names))


def _measured(
    pick: random.Random, index: int, name: tuple[str, str, int], moments: bool
) -> Measured:
    tokens = pick.choice((0, 1, 4, 5, 6, 30, 31))
    values = [-pick.choice((0.0, 0.5, 1.5, pick.random() * 9)) for _ in range(tokens)]
    if tokens and pick.random() < 0.03:
        values[0] = -math.inf
    of_item = name[0] in ("suspect", "reference")
    if name[0] == "order":
        values = [-100 * pick.random() for _ in range(4)]
    elif not of_item:
        tokens = max(tokens, int(pick.random() < 0.97))
        values = [-pick.choice((1.0, 2.0, pick.random()))][:tokens]
    text = " ".join(pick.choice(WORDS) for _ in range(pick.randint(0, 12)))
    known = moments and of_item
    return Measured(
        index, *name, tokens, len(text.encode()), pick.choice((0, 9, 40)), None, tuple(values),
        tuple(pick.random() - 3 for _ in values) if known else None,
        tuple(pick.choice((0.0, 1.0, 2.5)) for _ in values) if known else None,
        text if of_item else None, None,
    )  # fmt: skip


def _continued(pick: random.Random, index: int) -> Continued:
    expected = tuple(pick.randrange(4) for _ in range(pick.choice((0, 3, 8, 12))))
    output = expected if pick.random() < 0.3 else tuple(pick.randrange(4) for _ in expected[2:])
    return Continued(index, f"i{index}", pick.choice((0, 1, 5)), expected, output)


def _exposed(pick: random.Random) -> dict[str, Any]:
    return {
        "item": pick.choice(("i1", "i2", "i3", "e1")),
        "field": pick.choice(("source_text", "question", "gold")),
        "role": pick.choice(("prompt", "few_shot")),
        "address": pick.choice(("https://a", "https://b")),
        "server": "openai",
        "policy": pick.choice((None, "5" * 64)),
        "created": f"202{pick.randrange(5)}-01-01T00:00:00.000Z",
    }


def _declared(pick: random.Random) -> dict[str, Any]:
    what = pick.choice(("use", "publication", "release", "creation", "creation"))
    name = {"publication": "first_seen", "release": "released", "creation": "created"}.get(what)
    said: dict[str, Any] = {"outside": pick.choice((True, False)), "from": pick.choice(DAYS)}
    if name:
        said = {
            name: pick.choice(DAYS), "sha256": pick.choice(("6" * 64, None)),
            "type": pick.choice(("git_commit", "web")), "proved": pick.choice((True, False)),
            "expected": pick.random() < 0.1,
        }  # fmt: skip
    if what == "release":
        said["cutoff"] = pick.choice(("2021-03", None, "2020"))
    subject = SNAPSHOT if what == "release" else pick.choice(("*", "i1", "i2", "i4"))
    field = pick.choice((None, "source_text", "gold"))
    return {"what": what, "subject": subject, "field": field, "evidence": said}


def _scanned() -> dict[str, Any]:
    said = evidence(
        "fact", "scan", "1", mode="corpus", parameters={"scan": "one"}, n=9, verdict="found",
        statistic=0.5, detail={"tally": {"contaminated": 1, "items": 2, "uncheckable": 3}},
    )  # fmt: skip
    return {"finding": "contamination/scan", "subject": "*", "evidence": said}


def as_alone(given: Material) -> alone.Material:
    """Return the same material in the form that the stand-alone verifier reads from the log."""
    made = alone.Material(dict(given.core), given.examination, given.plan)
    for each in given.likelihoods:
        logprobs = array("d", each.logprobs or ())
        if each.set == "order":
            value: Any = math.fsum(logprobs)
        elif each.set in alone.DRAWN_SETS:
            value = logprobs[0] if logprobs else None
        else:
            moments = [
                array("d", part) for part in (each.means, each.deviations) if part is not None
            ]
            value = alone.membership(logprobs, moments, each.zlib)
        name = (each.index, each.set, each.subject, each.variant, each.tokens)
        made.texts.append(alone.Text(*name, each.text or "", value))
    for one in given.continuations:
        ids = (array("I", one.expected or ()), array("I", one.output or ()))
        made.continued.append((one.subject, one.prefix, *ids))
    made.items, made.gold = list(given.items), given.gold
    scores: dict[tuple[str, str], dict[str, float]] = {}
    for score in given.scores:
        scores.setdefault((score.score, score.sampling), {})[score.item] = score.value
    made.scores = list(scores.items())
    made.exposed, made.declared = (
        list(map(dict, given.exposed)),
        list(map(dict, given.declarations)),
    )
    made.scanned = [
        alone.Finding(record["finding"].removeprefix("contamination/"), record["subject"],
                      record["evidence"])
        for record in given.recorded
    ]  # fmt: skip
    return made


@pytest.mark.parametrize("seed", range(20))
def test_both_programs_find_the_same(seed: int) -> None:
    given = drawn(seed)
    found = [(each.method, each.subject, dumps(each.evidence)) for each in findings_of(given)]
    again = alone._expected(as_alone(given), [], {})
    assert [(*each[:2], dumps(each.evidence)) for each in again.values()] == found


def test_a_word_of_the_guard_is_the_same_in_both() -> None:
    from reprollm.screening.features import features, words

    texts = [" ".join(WORDS), "ſ ﬁ Ǆ ß İ 神神a ١٢ x́y", "", "A" * 50]
    assert [alone.split_words(text) for text in texts] == list(map(words, texts))
    ours, theirs = features(texts), alone.guard_features(texts, None)
    assert [list(map(sorted, group)) for group in theirs] == [
        list(map(list, group)) for group in (ours.words, ours.form)
    ]
