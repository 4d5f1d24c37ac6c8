from __future__ import annotations

import math
import random
from collections import Counter

import pytest

from reprollm.screening.features import features
from reprollm.screening.guard import guard
from reprollm.statistics.auroc import auroc
from reprollm.statistics.permutation import permutation
from reprollm.statistics.uniformity import uniformity_p

from .archive import NAMES, TEMPLATES, items


def plain(suspects: list[str], reference: list[str], seed: str, draws: int) -> tuple[float, float]:
    """Return area and p by the definition alone: whole numbers, loops, no arrays."""
    seen = features([*suspects, *reference])
    total, first = len(seen.words), len(suspects)
    order = permutation(seed, 0, total)
    joined = [one + other for one, other in zip(seen.words, seen.form, strict=True)]
    groups = (seen.words, seen.form, joined)

    def statistic(chosen: set[int]) -> float:
        return max(area(names, chosen) for names in groups)

    def area(names: list[tuple[str, ...]], chosen: set[int]) -> float:
        sides = ([t for t in order if t in chosen], [t for t in order if t not in chosen])
        folds = {text: place % 10 for side in sides for place, text in enumerate(side)}
        size = len({name for own in names for name in own})
        scores = [0] * total
        for fold in range(10):
            learned = [text for text in range(total) if folds[text] != fold]
            inside = Counter(n for text in learned if text in chosen for n in names[text])
            outside = Counter(n for text in learned if text not in chosen for n in names[text])
            level = rounded(outside.total() + size) - rounded(inside.total() + size)
            for text in range(total):
                if folds[text] == fold:
                    scores[text] = sum(
                        rounded(inside[n] + 1) - rounded(outside[n] + 1) + level
                        for n in names[text]
                    )
        return auroc(
            [scores[text] for text in range(total) if text in chosen],
            [scores[text] for text in range(total) if text not in chosen],
        )

    found = statistic(set(range(first)))
    null = [statistic(set(permutation(seed, b, total)[:first])) for b in range(1, draws + 1)]
    return found, (1 + sum(value >= found for value in null)) / (draws + 1)


def rounded(value: int) -> int:
    return round(1_000_000 * math.log(value))


def test_the_guard_is_its_definition_to_the_last_digit():
    draw = random.Random(31)
    suspects, reference = items(draw, 25, TEMPLATES[:4]), items(draw, 30)
    found = guard(suspects, reference, "7", 19)
    assert (found.area, found.p) == plain(suspects, reference, "7", 19)


def test_sets_that_are_drawn_alike_are_not_blocked():
    draw = random.Random(12)
    found = guard(items(draw, 120), items(draw, 120), "1", 99)
    assert not found.blocks
    assert 0.4 < found.area <= found.limit < 0.65


def test_another_mix_of_templates_is_blocked():
    draw = random.Random(13)
    found = guard(items(draw, 120, TEMPLATES[:4]), items(draw, 120), "1", 99)
    assert found.p == 0.01
    assert found.area > max(0.65, found.limit)


def test_half_the_names_are_blocked():
    draw = random.Random(14)
    found = guard(items(draw, 120, names=NAMES[:60]), items(draw, 120), "1", 99)
    assert found.p == 0.01
    assert found.area == found.areas["words"]


@pytest.mark.parametrize(
    "form", [str.upper, lambda text: text.replace(".", " ;"), "{0} {0}".format]
)
def test_another_form_of_some_texts_is_blocked(form):
    draw = random.Random(15)
    suspects = [form(text) if draw.random() < 0.3 else text for text in items(draw, 120)]
    found = guard(suspects, items(draw, 120), "1", 99)
    assert found.blocks
    assert found.areas["form"] > found.limit


def test_another_time_is_blocked_where_dates_are_given():
    draw = random.Random(16)
    suspects, reference = items(draw, 80), items(draw, 80)
    early = [f"19{draw.randrange(10, 70)}" for _ in suspects]
    late = [f"19{draw.randrange(40, 99)}" for _ in reference]
    assert not guard(suspects, reference, "1", 99).blocks
    assert guard(suspects, reference, "1", 99, (early, late)).blocks


def test_its_p_is_valid_where_nothing_differs():
    draw = random.Random(17)
    ps = []
    for number in range(120):
        pooled = items(draw, 48, sentences=1)
        ps.append(guard(pooled[:24], pooled[24:], str(number), 19).p)
    blocked = sum(p <= 0.05 for p in ps) / len(ps)
    assert blocked <= 0.05 + 3 * (0.05 * 0.95 / len(ps)) ** 0.5
    assert uniformity_p(ps, step=0.05) > 0.001


def test_texts_without_any_feature_in_common_are_not_told_apart():
    found = guard(["a"] * 20, ["a"] * 20, "1", 19)
    assert (found.p, found.area) == (1.0, 0.5)


def test_the_seed_decides_everything():
    draw = random.Random(18)
    suspects, reference = items(draw, 30), items(draw, 30)
    assert guard(suspects, reference, "1", 39) == guard(suspects, reference, "1", 39)
    assert guard(suspects, reference, "1", 39).areas != guard(suspects, reference, "2", 39).areas


def test_the_limit_is_where_blocking_begins():
    draw = random.Random(19)
    for number in range(30):
        mixed = items(draw, 10, TEMPLATES[:3]) + items(draw, 20)
        found = guard(mixed, items(draw, 30), str(number), 19)
        assert found.blocks == (found.area > found.limit)
