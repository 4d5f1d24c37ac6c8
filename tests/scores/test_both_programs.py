"""`verify.py` has these definitions once more, in the standard library; both agree exactly."""

import json
from collections.abc import Mapping

from hypothesis import given, settings
from hypothesis import strategies as st

from reprollm.review import verify as alone
from reprollm.scores.measures import MEASURES, ByLabel, OfSums, Ratio, Sums, Texts, add
from reprollm.scores.parsers import parser

WORDS = st.sampled_from(
    "Ja ja Nein STRASSE strasse ſo ﬁn u\u0308ber über 1,5 3. - 5-6 &quot;x&amp; &lt;b&gt; ge-\n \n "
    "<skipped> \t ... „Ja“ **Ja** `Nein` $x^2$ Antwort: answer: 12 { } B-pers I-pers O _ [ ] İ \0 "
    "\u0085 \x1c \u3000 ٣ a b c.".split(" ")
)
TEXTS = st.builds(str.join, st.sampled_from(["", " ", "\n"]), st.lists(WORDS, max_size=6))
LABELS = ["Ja", "Nein", "12", "a", "b", "c.", "Straße", "x^2"]
TAGS = st.sampled_from("O O B-pers I-pers B-loc i-LOC E-loc S-work _ -".split())
TOKENS = st.sampled_from(["Aias", "Soph", ".", "Ant", "1", ",", "sah", "«x»", "Aias'"])
LABELLED = st.builds(
    str.replace,
    st.sampled_from(
        [
            "L",
            "**L**",
            " L.\nweil",
            "Antwort: L",
            'x {"a": "L"} y',
            '{"a": {"b": [1, "L", 2.5, true]}}',
        ]
    ),
    st.just("L"),
    st.sampled_from([*LABELS, *map(str.upper, LABELS)]),
)
ANSWERS = st.fixed_dictionaries(
    {
        "parser": st.sampled_from(["text", "regex", "json", "labels"]),
        "pattern": st.sampled_from([r"(?i)answer:\s*(?P<answer>\w+)", r"Antwort: (\S+)", r"(x)?a"]),
        "field": st.sampled_from(["a", "a.b.0", "a.b.1", "a.b.2", "a.b.3", "b"]),
        "schema": st.sampled_from([None, '{"properties":{"a":{"type":"string"}}}']),
        "labels": st.sampled_from([LABELS, LABELS[:2]]),
        "refusals": st.sampled_from([[], [r"\s\s"]]),
    }
)
STEPS = st.lists(
    st.sampled_from(["nfc", "nfkc", "casefold", "whitespace", "punctuation"]), max_size=3
)


@st.composite
def tagged(draw):
    """Return an output of tags or mentions, the right tags, and the source."""
    tokens = draw(st.lists(TOKENS, min_size=1, max_size=7))
    gold = [draw(TAGS) for _ in tokens]
    said = [draw(TAGS) for _ in tokens]
    places = draw(st.lists(st.integers(0, len(tokens) - 1), max_size=4))
    lines = [f"{' '.join(tokens[at : at + draw(st.integers(1, 3))])}\tpers" for at in places]
    output = draw(st.sampled_from([json.dumps(said), " ".join(said), "\n".join(lines)]))
    source = draw(st.sampled_from([json.dumps(tokens), " ".join(tokens), "".join(tokens)]))
    return output, json.dumps(gold), source


def agreed(answer: Mapping[str, object], output: str, reference: str, source: str) -> Texts:
    """Return an answer as both programs see it."""
    ours = parser(answer).texts(output, reference, source)
    theirs = alone.Parser(answer).texts(output, reference, source)
    assert (ours.output, ours.reference, ours.source) == (
        theirs.output,
        theirs.reference,
        theirs.source,
    )
    assert ours.parsed.status == theirs.parsed.status
    if isinstance(ours.parsed.value, tuple):
        found = [(one.start, one.end, one.type) for one in ours.parsed.value]
        assert found == [tuple(one) for one in theirs.parsed.value]
    elif ours.parsed.status == "answered":
        assert ours.parsed.value == theirs.parsed.value
    for name, measure in MEASURES.items():
        counts = alone.FAMILIES[alone.SCORES[name].family](theirs)
        assert measure.counts(ours) == counts
        item = alone.SCORES[name].item
        value = item(counts) if item else None
        assert measure.value(counts) == (Ratio(*value).value if isinstance(value, tuple) else value)
    return ours


def check(answers: list[Texts]) -> None:
    """Compare the aggregates of both programs."""
    for name, measure in MEASURES.items():
        sums: Sums = {}
        for each in answers:
            add(sums, measure.counts(each))
        ours = {
            (one.name, None): one.value(sums)
            for one in measure.aggregations
            if isinstance(one, OfSums)
        }
        for one in measure.aggregations:
            if isinstance(one, ByLabel):
                ours |= {(one.name, label): one.value(sums, label) for label in one.labels(sums)}
        theirs = alone.SCORES[name]
        assert ours == theirs.of_sums(sums, theirs.labels(sums))


@settings(max_examples=60)
@given(ANSWERS, STEPS, st.lists(st.tuples(TEXTS | LABELLED, TEXTS | LABELLED, TEXTS), max_size=3))
def test_answers_that_are_texts(answer, steps, many):
    steps = steps if answer["labels"] == LABELS[:2] else ["casefold", "nfkc"]
    check([agreed({**answer, "normalise": steps}, *each) for each in many])


@settings(max_examples=40)
@given(STEPS, st.lists(st.tuples(TEXTS, TEXTS, TEXTS), max_size=3))
def test_outputs_that_are_answers_as_they_are(steps, many):
    check([agreed({"normalise": steps}, *each) for each in many])


@settings(max_examples=60)
@given(st.sampled_from(["tags", "mentions"]), STEPS, st.lists(tagged(), max_size=3))
def test_answers_that_are_mentions(kind, steps, many):
    check([agreed({"parser": kind, "normalise": steps}, *each) for each in many])
