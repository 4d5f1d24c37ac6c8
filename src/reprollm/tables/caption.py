"""What stands over and under a table: of which models, how intervals were made, what to heed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal

from reprollm.tables.measured import Arm, Book, ModelFacts, Number, Pair
from reprollm.tables.words import Language, aggregation_name, decimal, score_name, short, word

_HEX = 12
_OF_ITEMS = "mean_of_ratios"
_WARNINGS = {
    "sign-depends-on-aggregation": "sign",
    "ranking-depends-on-aggregation": "ranking",
    "identical-passes": "identical",
    "no-variation": "constant",
    "runaway": "runaway",
    "unparsed": "unparsed",
}


def sentences(
    books: Sequence[Book], arms: Sequence[Arm], numbers: Sequence[Number], language: Language
) -> Iterator[str]:
    """Yield the sentences of the caption."""
    for place, book in enumerate(books):
        yield _ended(book.title)
        for model in book.models:
            yield _ended(_model(model, language))
        own = [arm for arm in arms if arm.ledger == place and arm.settings]
        for sampling, settings in dict.fromkeys((arm.sampling, arm.settings) for arm in own):
            yield _ended(f"{sampling}: {settings}")
        yield word("record", language, book.name, str(book.size), book.root[:_HEX])
    levels = {str(number.interval.get("level")) for number in numbers if number.low is not None}
    if levels:
        shown = "/".join(sorted(_per_cent(level, language) for level in levels))
        yield word("intervals", language, shown, "; ".join(_merged(numbers, language)))


def notes(
    numbers: Sequence[Number],
    pairs: Sequence[Pair],
    names: Mapping[tuple[str, str], str],
    kinds: tuple[bool, bool],
    language: Language,
) -> Iterator[str]:
    """Yield the sentences below the table.

    Args:
        numbers: those that are shown.
        pairs: comparisons between the arms shown.
        names: of arms, by run and cell.
        kinds: whether there are marks of significance, and whether there are best values.
        language: of the sentences.
    """
    marked, ranked = kinds
    yield word("n", language)
    if ranked:
        yield word("best", language)
    if marked:
        tests = sorted({pair.tests for pair in pairs})
        made = ", ".join(dict.fromkeys(pair.test for pair in pairs))
        counted = "/".join(map(str, tests))
        yield word("significant", language, decimal("0.05", language), counted, made)
    for pair in pairs:
        yield _compared(pair, names, language)
    yield from _heeded(numbers, language)


def _ended(text: str) -> str:
    return text if text.endswith((".", "!", "?")) else f"{text}."


def _model(model: ModelFacts, language: Language) -> str:
    parts = [f"{word('snapshot', language)} {model.snapshot[:_HEX]}"] if model.snapshot else []
    if model.snapshot:
        quantized = model.quantization
        parts.append(
            word("quantized", language, quantized) if quantized else word("not quantized", language)
        )
    parts += [part for part in (model.dtype, model.engine) if part]
    known = model.trust in ("owned", "attested", "claimed")
    parts.append(
        word("trust", language, word(str(model.trust), language))
        if known
        else word("unattested", language)
    )
    return f"{model.name}: {', '.join(parts)}"


def _merged(numbers: Sequence[Number], language: Language) -> Iterator[str]:
    """Yield how intervals were made, one sentence a method."""
    with_one = [number for number in numbers if number.low is not None]
    for method in dict.fromkeys(str(number.interval.get("method")) for number in with_one):
        if method == "wilson":
            yield word("wilson", language)
            continue
        own = [n.interval for n in with_one if str(n.interval.get("method")) == method]
        parts = (_span(own, name) for name in ("clusters", "resamples", "seed"))
        yield word("bootstrap", language, *parts) if method == "bootstrap" else method


def _span(intervals: Sequence[Mapping[str, object]], name: str) -> str:
    values = {str(each.get(name)) for each in intervals}
    if len(values) > 1 and all(value.isdigit() for value in values):
        numbers = sorted(map(int, values))
        return f"{numbers[0]}–{numbers[-1]}"
    return "/".join(sorted(values))


def _per_cent(level: str, language: Language) -> str:
    return decimal(f"{(Decimal(level) * 100).normalize():f}", language)


def _compared(pair: Pair, names: Mapping[tuple[str, str], str], language: Language) -> str:
    of = names[pair.of.run, pair.of.cell]
    against = names[pair.against.run, pair.against.cell]
    separator = "; " if language == "de" else ", "
    interval = ""
    if pair.low is not None and pair.high is not None:
        ends = separator.join(short(end, language) for end in (pair.low, pair.high))
        interval = f" [{ends}]"
    missing = word("none", language)
    place = aggregation_name(pair.aggregation, language)
    return word(
        "compared",
        language,
        pair.name if pair.group is None else f"{pair.name}, {pair.group}",
        score_name(pair.score, language),
        place,
        of,
        against,
        missing if pair.difference is None else short(pair.difference, language),
        interval,
        missing if pair.p_adjusted is None else short(pair.p_adjusted, language),
        str(pair.tests),
        pair.test,
    )


def _heeded(numbers: Sequence[Number], language: Language) -> Iterator[str]:
    """Yield what a reader should know of the values, one sentence a score and matter.

    An answer without a value of its own is missing from a mean of items alone: sums of counts have
    what it counts.
    """
    means = [number for number in numbers if number.aggregation == _OF_ITEMS]
    for score in dict.fromkeys(number.score for number in means):
        own = [number for number in means if number.score == score]
        lacking = sum(number.undefined for number in own)
        if lacking:
            name = score_name(score, language)
            total = sum(number.n for number in own)
            yield word("undefined", language, name, str(lacking), str(total), name)
    for code, sentence in _WARNINGS.items():
        concerned: dict[tuple[str, ...], list[str]] = {}
        for score in dict.fromkeys(n.score for n in numbers if code in n.warnings):
            said = _counted(code, [n for n in numbers if n.score == score])
            concerned.setdefault(said, []).append(score_name(score, language))
        for said, names in concerned.items():
            yield word(sentence, language, "; ".join(names), *said)


def _counted(code: str, numbers: Sequence[Number]) -> tuple[str, ...]:
    """Return of how many a warning of one score speaks, and among how many."""
    if code in ("runaway", "unparsed"):
        each = {(n.ledger, n.run, n.cell, n.group): n for n in numbers}.values()
        return (
            str(sum(n.counted.get(code, 0) for n in each)),
            str(sum(n.n for n in each)),
        )
    arms = {(n.ledger, n.run, n.cell) for n in numbers}
    warned = {(n.ledger, n.run, n.cell) for n in numbers if code in n.warnings}
    return str(len(warned)), str(len(arms))
