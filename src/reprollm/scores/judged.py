"""One final answer, parsed and held against its reference by every measure of a run."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from reprollm.canon import dumps
from reprollm.scores.answers import Scorable
from reprollm.scores.items import NOWHERE, Place, Places
from reprollm.scores.measures import Counts, Measure, measure
from reprollm.scores.parsers import Parser, Status, parser
from reprollm.scores.passes import Passes
from reprollm.scores.settings import Settings


@dataclass(frozen=True, slots=True)
class Judged:
    """A final answer with its reference, as all measures see it.

    Attributes:
        answer: the answer.
        place: document and split of its item.
        status: what became of the output.
        counts: for each measure, in their order, what it counts.
        counted: whether the answer's pass is not folded into an earlier one.
    """

    answer: Scorable
    place: Place
    status: Status
    counts: tuple[Counts, ...]
    counted: bool

    @property
    def runaway(self) -> bool:
        """Whether the answer ended only because it ran out of tokens."""
        return self.answer.finish == "length"


@dataclass(frozen=True, slots=True)
class ItemScore:
    """The score of one final answer under one measure.

    Attributes:
        index: place of its request in the plan.
        request: request id, hex.
        item: the data file's id of the item.
        stratum: the item's stratum, if the data has any.
        document: the document that the item was taken from, if any is named.
        split: the part of the data that the item belongs to, if any is named.
        sampling: name of the sampling setting, behind that of the prompt where there are several.
        seed: seed as a decimal string; None where an imported log does not say it.
        repetition: 0 for the first asking.
        score: name of the measure.
        counts: what the measure counts, as canonical JSON.
        value: the item's score; None where it is undefined or the measure has none of one answer.
        status: what became of the output.
        runaway: whether the answer ended only because it ran out of tokens.
        counted: whether the answer's pass is not folded into an earlier one.
    """

    index: int
    request: str
    item: str
    stratum: str | None
    document: str | None
    split: str | None
    sampling: str
    seed: str | None
    repetition: int
    score: str
    counts: str
    value: float | None
    status: str
    runaway: bool
    counted: bool


class Judge:
    """The measures and the parser of a run."""

    def __init__(self, settings: Settings) -> None:
        """Raise `InvalidInput` for a score or parser that does not exist."""
        self.measures: tuple[Measure, ...] = tuple(measure(name) for name in settings.names)
        self.parser: Parser = parser(settings.answer)

    def version(self, of: Measure) -> str:
        """Return the version of a measure's definition and of the parser's."""
        return f"{of.version} {self.parser.version}"

    def judge(self, answer: Scorable, places: Places, passes: Passes) -> Judged | None:
        """Return an answer as measured; None where a text is missing or withheld."""
        if answer.output is None or answer.reference is None:
            return None
        texts = self.parser.texts(answer.output, answer.reference, answer.source or "")
        return Judged(
            answer,
            places.get(answer.item, NOWHERE),
            texts.parsed.status,
            tuple(
                {} if one.needs == "source" and answer.source is None else one.counts(texts)
                for one in self.measures
            ),
            passes.counts(answer),
        )

    def items(self, judged: Judged) -> Iterator[ItemScore]:
        """Yield the score of an answer under each measure."""
        answer, place = judged.answer, judged.place
        for one, counts in zip(self.measures, judged.counts, strict=True):
            yield ItemScore(
                answer.index,
                answer.request,
                answer.item,
                answer.stratum,
                place.document,
                place.split,
                answer.sampling,
                answer.seed,
                answer.repetition,
                one.name,
                spelled(counts),
                one.value(counts),
                judged.status,
                judged.runaway,
                judged.counted,
            )


def spelled(counts: Counts) -> str:
    """Return counts as canonical JSON: an array a key, `[*key, *numbers]`, sorted by key."""
    if len(counts) == 1 and () in counts:
        return f"[[{','.join(map(str, counts[()]))}]]"
    return dumps([[*key, *counts[key]] for key in sorted(counts)]).decode()


def item_line(judged: Judged, name: str, counts: Counts) -> bytes:
    """Return the canonical line of one item score in the table that is hashed.

    Written out because a verification computes millions; nothing in it needs an escape but keys.
    """
    return (
        f'{{"counts":{spelled(counts)},"index":{judged.answer.index},'
        f'"request":"{judged.answer.request}","score":"{name}","status":"{judged.status}"}}'
    ).encode()
