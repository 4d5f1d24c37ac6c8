"""The blind-baseline guard: can the suspects be told from the reference without any model?

Membership scores compare suspects with a reference set that must be like them. Where the two differ
in wording, form or time, a model foresees one better than the other though it saw neither, and the
scores speak of that difference (Das et al. 2024, arXiv:2406.16201: on public benchmarks such blind
classifiers beat every membership score). So a classifier that sees only the texts tries to tell
them apart; where it can, every verdict from the scores is `uninterpretable`.

The classifier is naive Bayes on the presence of `screening.features`, cross-fitted:

1. Of N texts (the suspects first) some set S is taken for the suspects. Within S, and within the
   rest, texts are counted off into ten folds: text i is in fold j mod 10, where j texts of its own
   side stand before it in `permutation(seed, 0, N)`.
2. Feature f has in fold g the weight L(a + 1) - L(b + 1) - L(A + V) + L(B + V): a and b count the
   texts with f within S and outside it, in all folds but g; A and B are their sums over features,
   V is the number of features, and L(x) = round(10^6 ln x), half to even. A text's score is the sum
   of its features' weights in its own fold: a whole number.
3. T(S) is the largest of three areas under the ROC curve, of the classifiers that see the words,
   the form, and both.
4. For b = 1 … B, S_b are the texts at the first places of `permutation(seed, b, N)`, as many as
   there are suspects. p = (1 + #{T(S_b) >= T}) / (B + 1).

Where suspects and reference are exchangeable, P(p <= a) <= a exactly, whatever the classifier:
every labelling goes through the same steps. An analytic p of a cross-validated area is not valid.
That the guard finds no difference is no proof that there is none: it sees what its features see.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, TypeAlias

from reprollm.screening.features import features
from reprollm.statistics.permutation import permutation

if TYPE_CHECKING:
    import numpy as np

    Whole: TypeAlias = np.ndarray[Any, np.dtype[np.int64]]

VERSION = "1"
LEVEL = 0.05
FOLDS = 10
LEAST = 20
"""Texts that each side must have; with fewer the guard could not see even plain differences."""
_UNIT = 1_000_000


@dataclass(frozen=True)
class Guarded:
    """What the guard found.

    Attributes:
        p: permutation p of the largest area.
        areas: area under the ROC curve by `words`, `form`, `both`.
        limit: the largest area without any difference in all but a share `LEVEL` of the
            permutations: an area above it is blocked.
        permutations: how many were drawn.
    """

    p: float
    areas: dict[str, float]
    limit: float
    permutations: int

    @property
    def area(self) -> float:
        """The largest of the areas: the statistic."""
        return max(self.areas.values())

    @property
    def blocks(self) -> bool:
        """Whether suspects and reference can be told apart."""
        return self.p <= LEVEL


def guard(
    suspects: Sequence[str],
    reference: Sequence[str],
    seed: str,
    permutations: int,
    dates: tuple[Sequence[str | None], Sequence[str | None]] | None = None,
) -> Guarded:
    """Return whether texts alone tell suspects from reference.

    Args:
        suspects: at least one text.
        reference: at least one text.
        seed: decides folds and permutations.
        permutations: B.
        dates: of the suspects and of the reference, as text that sorts by time.
    """
    pooled = [*dates[0], *dates[1]] if dates is not None else None
    seen = features([*suspects, *reference], pooled)
    total, first = len(seen.words), len(suspects)
    order = permutation(seed, 0, total)
    both = [one + other for one, other in zip(seen.words, seen.form, strict=True)]
    bags = {
        name: _Bag.of(names, order)
        for name, names in (("words", seen.words), ("form", seen.form), ("both", both))
    }
    areas = {name: bag.area(range(first)) for name, bag in bags.items()}
    null = []
    for number in range(1, permutations + 1):
        labelled = permutation(seed, number, total)[:first]
        null.append(max(bag.twice(labelled) for bag in bags.values()))
    pairs = 2 * first * (total - first)
    observed = max(bag.twice(range(first)) for bag in bags.values())
    p = (1 + sum(value >= observed for value in null)) / (permutations + 1)
    return Guarded(p, areas, _limit(null) / pairs, permutations)


def _limit(null: Sequence[int]) -> int:
    """Return the largest value that is not blocked: fewer than LEVEL (B + 1) - 1 lie above it."""
    above = math.floor(LEVEL * (len(null) + 1) + 1e-9)
    return sorted(null, reverse=True)[max(0, above - 1)]


@dataclass(frozen=True)
class _Bag:
    """Which text has which features, as two parallel arrays.

    Attributes:
        texts: number of the text, one entry for each feature of each text.
        names: number of the feature, likewise.
        order: the texts in the order in which they are counted off into folds.
        size: number of features.
    """

    texts: Whole
    names: Whole
    order: Whole
    size: int

    @classmethod
    def of(cls, features: Sequence[Sequence[str]], order: Sequence[int]) -> _Bag:
        import numpy as np

        known = {name: place for place, name in enumerate(sorted(set().union(*features)))}
        texts = [text for text, own in enumerate(features) for _ in own]
        names = [known[name] for own in features for name in own]
        whole = partial(np.array, dtype=np.int64)
        return cls(whole(texts), whole(names), whole(order), len(known))

    def area(self, labelled: Sequence[int]) -> float:
        """Return the area under the ROC curve where the texts `labelled` are the suspects."""
        return self.twice(labelled) / (2 * len(labelled) * (len(self.order) - len(labelled)))

    def twice(self, labelled: Sequence[int]) -> int:
        """Return 2 for each pair in which the suspect's score is larger, 1 for each tie, summed."""
        import numpy as np

        suspect = np.zeros(len(self.order), bool)
        suspect[list(labelled)] = True
        scores = self._scores(suspect)
        ranked, own = np.sort(scores[~suspect]), scores[suspect]
        lower = np.searchsorted(ranked, own, "left").sum()
        return int(lower + np.searchsorted(ranked, own, "right").sum())

    def _scores(self, suspect: Any) -> Whole:
        import numpy as np

        scores = np.zeros(len(suspect), np.int64)
        cells = self._folds(suspect)[self.texts] * self.size + self.names
        chosen = suspect[self.texts]
        inside, outside = self._learned(cells[chosen]), self._learned(cells[~chosen])
        logarithms = _logarithms(len(suspect) + 1)
        weights = logarithms[inside + 1] - logarithms[outside + 1]
        for fold in range(FOLDS):
            weights[fold] += _logarithm(int(outside[fold].sum()) + self.size)
            weights[fold] -= _logarithm(int(inside[fold].sum()) + self.size)
        np.add.at(scores, self.texts, weights.reshape(-1)[cells])
        return scores

    def _folds(self, suspect: Any) -> Whole:
        """Return the fold of each text, either side being counted off by itself."""
        import numpy as np

        folds = np.zeros(len(suspect), np.int64)
        for side in (suspect, ~suspect):
            own = self.order[side[self.order]]
            folds[own] = np.arange(len(own)) % FOLDS
        return folds

    def _learned(self, cells: Whole) -> Whole:
        """Return by fold and feature the number of texts in all other folds that have it."""
        import numpy as np

        counts = np.bincount(cells, minlength=FOLDS * self.size).reshape(FOLDS, self.size)
        learned: Whole = counts.sum(0) - counts
        return learned


def _logarithm(value: int) -> int:
    return round(_UNIT * math.log(value)) if value else 0


def _logarithms(largest: int) -> Whole:
    """Return L(0) … L(largest), with 0 for L(0)."""
    import numpy as np

    return np.array([*map(_logarithm, range(largest + 1))], np.int64)
