"""What a preset says of a whole set: how many, how sure, and against what background.

Boilerplate and quotations make honest items match too. So a control set, held-out twins or other
items of the same kind that cannot have leaked, is scanned with the same index and preset, and the
test set is reported as the excess over it: the difference of the two shares with Newcombe's
interval (1998, method 10) and Fisher's exact p, one-sided. The p-value is about the difference of
two sets of texts. It is as good as the claim that the control could not have leaked and is of the
same kind; that claim is the user's.

Shares are of the items that could be checked. Their interval is Clopper and Pearson's, as if the
items were drawn from a larger set of such items; of the items themselves the share is exact.

Of a corpus of which only a random fraction f of the documents is here, an item that stands in c
documents is missed with probability (1 - f) ** c.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from reprollm.corpus.presets.judged import CONTAMINATED, UNCHECKABLE, Judged
from reprollm.errors import InvalidInput
from reprollm.statistics.fisher import fisher_greater
from reprollm.statistics.proportion import clopper_pearson, newcombe

LEVEL = 0.95
COPIES = (1, 2, 4, 8, 16, 64)
"""Numbers of copies for which the probability of missing all is told."""

Interval = tuple[float, float]


@dataclass(frozen=True)
class Tally:
    """How many items of a set got which answer."""

    items: int
    contaminated: int
    uncheckable: int

    @property
    def checked(self) -> int:
        """Items that were long enough."""
        return self.items - self.uncheckable

    @property
    def clean(self) -> int:
        """Items that could be checked and were not found in the scanned part."""
        return self.checked - self.contaminated

    @property
    def share(self) -> float | None:
        """Contaminated ones among the checked; None where none could be checked."""
        return self.contaminated / self.checked if self.checked else None

    @property
    def interval(self) -> Interval:
        """Clopper and Pearson's interval of the share at `LEVEL`; [0, 1] without checked items."""
        return clopper_pearson(self.contaminated, self.checked, LEVEL)


@dataclass(frozen=True)
class Excess:
    """The test set against its control.

    Attributes:
        difference: share of the test set minus that of the control.
        interval: Newcombe's, at `LEVEL`.
        p: Fisher's exact p that the test set has so many or more, the margins being fixed.
    """

    difference: float
    interval: Interval
    p: float


def tally(judged: Sequence[Judged]) -> Tally:
    """Return how many items got which answer."""
    verdicts = [each.verdict for each in judged]
    return Tally(len(verdicts), verdicts.count(CONTAMINATED), verdicts.count(UNCHECKABLE))


def excess(tests: Tally, control: Tally) -> Excess | None:
    """Return the excess over the control; None where either has no item that could be checked."""
    if tests.share is None or control.share is None:
        return None
    return Excess(
        tests.share - control.share,
        newcombe(tests.contaminated, tests.checked, control.contaminated, control.checked, LEVEL),
        fisher_greater(tests.contaminated, tests.clean, control.contaminated, control.clean),
    )


def missed(fraction: float, copies: Sequence[int] = COPIES) -> list[tuple[int, float]]:
    """Return, for each number of copies, the probability that none is in the scanned part.

    Args:
        fraction: share of the corpus's documents that was scanned, drawn at random; in (0, 1].
        copies: documents of the whole corpus that hold the item.

    Raises:
        InvalidInput: the fraction is not in (0, 1].
    """
    if not 0 < fraction <= 1:
        raise InvalidInput(
            f"expected a fraction of the corpus above 0 and at most 1, found {fraction!r}"
        )
    return [(count, (1 - fraction) ** count) for count in copies]
