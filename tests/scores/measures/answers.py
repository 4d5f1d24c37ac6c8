"""Answers as the tests of measures need them."""

from collections.abc import Sequence

from reprollm.scores.measures import MEASURES, Sums, add
from reprollm.scores.parsers import Texts, parser


def texts(output: str, reference: str, source: str = "", **answer: object) -> Texts:
    return parser(answer or None).texts(output, reference, source)


def value(name: str, output: str, reference: str, source: str = "", **answer: object):
    """Return the score of one answer."""
    measure = MEASURES[name]
    return measure.value(measure.counts(texts(output, reference, source, **answer)))


def summed(name: str, answers: Sequence[Texts]) -> Sums:
    sums: Sums = {}
    for each in answers:
        add(sums, MEASURES[name].counts(each))
    return sums


def aggregated(name: str, aggregation: str, answers: Sequence[Texts], label: str | None = None):
    """Return an aggregate of several answers, made as a row of estimates is."""
    measure = MEASURES[name]
    way = next(each for each in measure.aggregations if each.name == aggregation)
    if label is not None:
        return way.value(summed(name, answers), label)
    if not hasattr(way, "terms"):
        return way.value(summed(name, answers))
    terms = [each for each in map(way.terms, map(measure.counts, answers)) if each is not None]
    numbers = [[t if isinstance(t, float) else t.value for t in each] for each in terms]
    return way.value([sum(column) for column in zip(*numbers, strict=True)], len(terms))
