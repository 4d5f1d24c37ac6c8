"""The test of a pair: McNemar's where its conditions hold, else exchanges of whole clusters."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from dataclasses import dataclass

from reprollm.canon import Json
from reprollm.conclusions.pairing import Pairing
from reprollm.conclusions.sums import Layout, count_rows, difference_rows, in_units, layout_of
from reprollm.records.evidence import decimal
from reprollm.scores.measures.protocol import Measure, OfSums
from reprollm.scores.tally import billionths
from reprollm.statistics.mcnemar import McNemar, mcnemar
from reprollm.statistics.sign_flip import SignFlip, sign_flip

MCNEMAR, EXACT, DRAWN, NONE = "mcnemar-exact", "sign-flip-exact", "sign-flip", "none"


@dataclass(frozen=True)
class Tested:
    """What a test found.

    Attributes:
        name: which it was.
        p: its two-sided p-value; None where nothing could be tested.
        mcnemar: McNemar's test, where it was that.
        flipped: the exchanges, where it was those.
        seed: of the exchanges that were drawn; None where none were.
    """

    name: str
    p: float | None
    mcnemar: McNemar | None = None
    flipped: SignFlip | None = None
    seed: str | None = None

    def to_json(self, p_adjusted: float | None, tests: int) -> dict[str, Json]:
        """Return the test as it stands in evidence.

        Args:
            p_adjusted: its p-value within the family.
            tests: size of the family.
        """
        mcnemar, flipped = self.mcnemar, self.flipped
        return {
            "name": self.name,
            "p": None if self.p is None else decimal(self.p),
            "p_adjusted": None if p_adjusted is None else decimal(p_adjusted),
            "tests": tests,
            "permutations": flipped.drawn if flipped else None,
            "seed": self.seed,
            "moved": flipped.moved if flipped else None,
            "b": mcnemar.b if mcnemar else None,
            "c": mcnemar.c if mcnemar else None,
            "mid_p": decimal(mcnemar.mid_p) if mcnemar else None,
        }


def tested(
    measure: Measure,
    sums: OfSums | None,
    pairing: Pairing,
    once: bool,
    level: float,
    permutations: int,
    seed: str,
) -> Tested:
    """Test whether it made a difference which arm gave which answer.

    Args:
        measure: the score.
        sums: the aggregation of sums that is compared; None for the mean of items.
        pairing: the items.
        once: whether either arm has just one distinct pass.
        level: coverage of the odds ratio's interval.
        permutations: the most exchanges that are looked at.
        seed: decides which exchanges are drawn.
    """
    if not pairing.items:
        return Tested(NONE, None)
    if measure.proportion and sums is None and once and pairing.clusters == len(pairing.items):
        b = sum(item.difference > 0 for item in pairing.items)
        c = sum(item.difference < 0 for item in pairing.items)
        found = mcnemar(b, c, level)
        return Tested(MCNEMAR, found.p, mcnemar=found)
    flipped = (
        _by_values(pairing, permutations, seed)
        if sums is None
        else _by_counts(sums, pairing, permutations, seed)
    )
    if flipped is None:
        return Tested(NONE, None)
    name = EXACT if flipped.exact else DRAWN
    return Tested(name, flipped.p, flipped=flipped, seed=None if flipped.exact else seed)


def _by_values(pairing: Pairing, permutations: int, seed: str) -> SignFlip:
    values = [row[0] for row in in_units(difference_rows(pairing), seed) if row[0]]
    total = sum(values)
    return sign_flip(lambda exchanged: total - 2 * exchanged, values, permutations, seed)


def _by_counts(sums: OfSums, pairing: Pairing, permutations: int, seed: str) -> SignFlip | None:
    layout = layout_of(pairing)
    rows = in_units(count_rows(pairing, layout), seed)
    size = layout.size
    whole = [sum(column) for column in zip(*rows, strict=True)]
    if None in (headline(sums, layout, whole[:size]), headline(sums, layout, whole[size:])):
        return None
    moving = [row for row in rows if row[:size] != row[size:]]
    fields = struct.Struct(f"<{2 * size}Q")

    def statistic(exchanged: int) -> int:
        moved = fields.unpack(exchanged.to_bytes(fields.size, "little"))
        change = [moved[size + place] - moved[place] for place in range(size)]
        one = [old + more for old, more in zip(whole[:size], change, strict=True)]
        other = [old - more for old, more in zip(whole[size:], change, strict=True)]
        return _billionths(sums, layout, one) - _billionths(sums, layout, other)

    packed = [int.from_bytes(fields.pack(*row), "little") for row in moving]
    return sign_flip(statistic, packed, permutations, seed)


def headline(sums: OfSums, layout: Layout, row: Sequence[int]) -> float | None:
    """Return an aggregation of summed counts; None where it is undefined."""
    return sums.value(layout.counts(row))


def _billionths(sums: OfSums, layout: Layout, row: Sequence[int]) -> int:
    """Return the same in billionths; 0 where it is undefined."""
    value = headline(sums, layout, row)
    return 0 if value is None else billionths(value)
