"""Two programs that share no line take the same answers from outputs, and count the same of them.

Outputs, references and sources are drawn from seeds: labels in markup, JSON in prose, tags and
mentions that fit and that do not, odd white space, composed and decomposed letters, no text at all.
"""

from __future__ import annotations

import json
import random
from collections.abc import Mapping
from typing import Any

import pytest

from reprollm.experiment.patterns import compiled
from reprollm.review import verify as alone
from reprollm.scores.measures import MEASURES, OfItems, OfSums, Sums, add
from reprollm.scores.measures.protocol import Ratio
from reprollm.scores.parsers import Mention, parser
from reprollm.scores.parsers.answer import Texts
from reprollm.statistics.bootstrap import ranked
from reprollm.statistics.mcnemar import mcnemar
from reprollm.statistics.proportion import wilson
from reprollm.statistics.resampling import dealt, draws, sums

WORDS = [
    *"der Haus. Ja Nein ja, NEIN **Ja** JA! straße STRASSE 3.5 1,000 a-b-2 &quot;x&amp;".split(),
    *'<skipped> foo- ſ ß İ é e\u0301 😀 none B-PER I-PER O s-per E-x _ - [ ] { } " :'.split(),
    *("\t", "\u00a0", "a\u2028b", "\x1f", "-\n"),
]
TAGS = "O O O B-PER I-PER B-LOC I-LOC S-x e-X _ -".split()
SCHEMA = {"type": "object", "required": ["label"], "properties": {"label": {"enum": ["Ja", 3]}}}
RANGE = {"properties": {"label": {"type": "integer", "minimum": -5}}, "additionalProperties": False}
PARSERS: dict[str, dict[str, Any] | None] = {
    "nothing declared": None,
    "text": {"parser": "text", "normalise": ["nfkc", "casefold", "whitespace", "punctuation"]},
    "text with labels": {"parser": "text", "labels": ["Ja", "Nein", "straße"]},
    "labels": {"parser": "labels", "labels": ["Ja", "Nein", "none"], "normalise": ["casefold"],
               "refusals": ["(?i)der", "\\bfoo"]},
    "regex with a named group": {"parser": "regex", "pattern": "(?P<answer>[Jj]a|Nein)?x?"},
    "regex": {"parser": "regex", "pattern": "(ja|nein|Ja)", "labels": ["Ja", "Nein"]},
    "json": {"parser": "json", "field": "label"},
    "json, a path": {"parser": "json", "field": "b.1.c", "labels": ["Ja", "Nein", "B-PER"]},
    "json with a schema": {"parser": "json", "field": "label", "schema": json.dumps(SCHEMA)},
    "json, a range": {"parser": "json", "field": "label", "schema": json.dumps(RANGE)},
    "tags": {"parser": "tags"},
    "mentions": {"parser": "mentions", "normalise": ["casefold", "punctuation"]},
}  # fmt: skip
DRAWN = 60


def drawn_text(pick: random.Random) -> str:
    """Return a text as models write them, and as nobody should."""
    label = pick.choice(["Ja", "Nein", 3, True, None, ["Ja"], {"a": 1}, 1.5, -0])
    nested = {"label": label, "b": [1, {"c": pick.choice(WORDS)}]}
    return pick.choice((
        "", "  \n",
        json.dumps(nested, ensure_ascii=pick.random() < 0.5) + pick.choice(("", " end", "}{")),
        'x {"label": ' + pick.choice(("NaN", "1e5", '"\\ud800"', "01", "-0", "9" * 30)) + "}",
        json.dumps([pick.choice(TAGS) for _ in range(pick.randrange(6))]),
        " ".join(pick.choice(TAGS[:7]) for _ in range(pick.randrange(6))),
        "\n".join(pick.choice(WORDS) + pick.choice("\t ") + "loc" for _ in range(3)),
        pick.choice((" ", "\n", "")).join(pick.choice(WORDS) for _ in range(pick.randrange(12))),
    ))  # fmt: skip


def drawn_case(pick: random.Random) -> tuple[str, str, str]:
    """Return output, reference and source."""
    if pick.random() < 0.5:
        return drawn_text(pick), pick.choice((drawn_text(pick), "Ja", "nein")), drawn_text(pick)
    size = pick.randrange(1, 7)
    words = [pick.choice(WORDS) for _ in range(size)]
    lines = ("".join(words[at : at + pick.randrange(1, 3)]) + "\tper" for at in range(size))
    output = pick.choice(("\n".join(lines), " ".join(pick.choice(TAGS) for _ in range(size))))
    reference = json.dumps([pick.choice(TAGS[:9]) for _ in range(size)])
    return output, reference, pick.choice((" ".join(words), json.dumps(words)))


def plain(texts: Texts) -> tuple[Any, ...]:
    value: Any = texts.parsed.value
    if isinstance(value, tuple):
        value = tuple((one.start, one.end, one.type) for one in value if isinstance(one, Mention))
    return texts.output, (texts.parsed.status, value), texts.reference, texts.source


@pytest.mark.parametrize("name", PARSERS)
def test_both_programs_take_the_same_answers_and_count_the_same(name: str) -> None:
    pick = random.Random(name)
    one, other = parser(PARSERS[name]), alone.Parser(PARSERS[name])
    assert one.version == other.version
    for _ in range(DRAWN):
        case = drawn_case(pick)
        texts, said = one.texts(*case), other.texts(*case)
        assert plain(texts) == tuple(said), case
        for measure in MEASURES.values():
            counts = alone.FAMILIES[alone.SCORES[measure.name].family](said)
            assert measure.counts(texts) == counts, (measure.name, case)


def answers(names: str, pick: random.Random) -> list[tuple[Texts, alone.Texts]]:
    one, other = parser(PARSERS[names]), alone.Parser(PARSERS[names])
    cases = [drawn_case(pick) for _ in range(30)]
    return [(one.texts(*case), other.texts(*case)) for case in cases]


@pytest.mark.parametrize("name", MEASURES)
def test_both_programs_make_the_same_of_sums_of_counts(name: str) -> None:
    measure, score = MEASURES[name], alone.SCORES[name]
    assert (measure.lower_is_better, measure.proportion) == (score.lower, score.proportion)
    summed: Sums = {}
    theirs: alone.Counts = {}
    known = "mentions" if measure.needs == "mentions" else "labels"
    for texts, said in answers(known, random.Random(name)):
        counts, again = measure.counts(texts), alone.FAMILIES[score.family](said)
        add(summed, counts, 2)
        alone.add_counts(theirs, again, 2)
        for each in (counts, summed):
            _agree(measure.name, each)
    assert summed == theirs


def _agree(name: str, counts: Mapping[tuple[str, ...], tuple[int, ...]]) -> None:
    """Hold every aggregation of some counts by the one program against the other's."""
    measure, score, found = MEASURES[name], alone.SCORES[name], dict(counts)
    for aggregation in measure.aggregations:
        called = aggregation.name
        if isinstance(aggregation, OfItems):
            terms, again = aggregation.terms(counts), score.terms(called, found)
            values = terms and [t.value if isinstance(t, Ratio) else t for t in terms]
            assert values == (again and [alone.quotient(term) for term in again])
        elif isinstance(aggregation, OfSums):
            assert aggregation.value(counts) == score.of_sums(found, [])[called, None]
        else:
            labels = list(aggregation.labels(counts))
            assert labels == score.labels(found)
            values = score.of_sums(found, [*labels, "nobody's"])
            for label in [*labels, "nobody's"]:
                assert aggregation.value(counts, label) == values["label", label]


@pytest.mark.parametrize("clusters", [1, 7, 1000, 1003, 2500])
def test_both_programs_draw_the_same_units(clusters: int) -> None:
    assert dealt("3", clusters) == alone.dealt("3", clusters)
    size = max(dealt("3", clusters)) + 1
    times = alone.times_drawn("3", 12, size)
    assert [draws("3", 12, size).count(unit) for unit in range(size)] == times


def test_both_programs_add_the_same_over_resamples() -> None:
    pick = random.Random(5)
    rows = [[pick.randrange(-9, 9), pick.randrange(10**12), 0] for _ in range(40)]
    columns = alone.Columns([{("a",): (row[0], row[1]), ("b",): (row[2],)} for row in rows])
    for number, summed in enumerate(sums(rows, "x", 9)):
        assert columns.sums("x", number) == {("a",): tuple(summed[:2])}
    many = [{(str(key),): (pick.randrange(9),) for key in range(300)} for _ in range(5)]
    wide = alone.Columns(many)
    listed = [[unit[(key[0],)][0] for key in wide.keys] for unit in many]
    for number, summed in enumerate(sums(listed, "x", 9)):
        found = wide.sums("x", number)
        assert [found.get(key, (0,))[0] for key in wide.keys] == summed


def test_both_programs_know_the_same_statistics() -> None:
    for hits, n in ((0, 0), (0, 9), (4, 9), (9, 9)):
        assert wilson(hits, n, 0.9) == alone.wilson(hits, n, 0.9)
        test = mcnemar(hits, n)
        assert (test.p, test.mid_p) == alone.mcnemar(hits, n)
    values = [0.5, 0.25, 0.125, 0.75, 1.0]
    found = ranked(values, 0.683)
    assert found is not None
    assert (found.low, found.high) == alone.ranked(values, 5, 0.683)
    assert alone.ranked(values[:2], 5, 0.683) is None


PATTERNS = {
    "(?i)(ja|nein)": True, "a{2,9}b*?": True, "[(+*]+x": True, "(?:ab)*c": True, "a?b?": True,
    "(a+)+": False, "(a|b)*": False, "(a|b)?": True, "((a+)b){2}": False, "a{1001}": False,
    "(a)\\1": False, "(?P=x)": False, "(?>a)": False, "a++": False, "(?#x)": False,
    "(?x)a": False, "a+" * 13: False, "a" * 501: False, "(": False, "[a-": False, "x{}": True,
    "(?<=a)b": True, "\\d+": True, "(?(1)a)": False,
}  # fmt: skip


@pytest.mark.parametrize("pattern", PATTERNS)
def test_both_programs_refuse_the_same_patterns(pattern: str) -> None:
    def accepted(refusal: type[Exception], compile_: Any) -> bool:
        try:
            compile_(pattern)
        except refusal:
            return False
        return True

    assert accepted(ValueError, compiled) is PATTERNS[pattern]
    assert accepted(alone.Defect, alone.check_pattern) is PATTERNS[pattern]
