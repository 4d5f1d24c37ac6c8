from __future__ import annotations

import numpy as np
import pytest

from reprollm.corpus.rephrase import (
    NEARER,
    NOT_NEARER,
    Nearest,
    NearestPassages,
    nearer_by_chance,
    normalised,
    screened,
    threshold,
)
from reprollm.errors import InvalidInput


def control(*cosines: float) -> list[Nearest]:
    return [Nearest(str(at), "d", cosine) for at, cosine in enumerate(cosines)]


def test_the_nearest_passage_is_kept_over_batches() -> None:
    items = normalised(np.array([[1, 0], [1, 1]], np.float32))
    search = NearestPassages(["a", "b"], items)
    search.look(["one"], normalised(np.array([[0, 2]], np.float32)))
    search.look(["two", "three"], normalised(np.array([[3, 4], [-1, 0]], np.float32)))
    search.look(["same"], normalised(np.array([[3, 4]], np.float32)))
    found = search.nearest()
    assert [(each.item, each.document) for each in found] == [("a", "two"), ("b", "two")]
    assert [each.cosine for each in found] == pytest.approx([0.6, 1.4 / 2**0.5], abs=1e-6)


def test_the_threshold_is_the_controls_quantile() -> None:
    cosines = [at / 100 for at in range(100)]
    assert threshold(control(*cosines), 0.99) == 0.98
    assert threshold(control(*cosines), 0.5) == 0.49


def test_an_item_is_nearer_only_above_the_quantile() -> None:
    reference = control(*[at / 100 for at in range(100)])
    suspects = [Nearest("x", "d", 0.985), Nearest("y", "d", 0.98)]
    found = screened(suspects, reference)
    assert [each.verdict for each in found] == [NEARER, NOT_NEARER]
    assert [each.p for each in found] == pytest.approx([2 / 101, 3 / 101], abs=1e-12)


def test_how_often_an_item_without_a_leak_lies_above_the_quantile_is_told() -> None:
    # Of 100 control items the quantile 0.99 is the 99th: two of 101 ranks lie above it.
    assert nearer_by_chance(100, 0.99) == pytest.approx(2 / 101, abs=1e-12)
    assert nearer_by_chance(40, 0.99) == pytest.approx(1 / 41, abs=1e-12)


def test_no_threshold_is_taken_from_few_control_items() -> None:
    with pytest.raises(InvalidInput, match="at least 20 control items"):
        screened([Nearest("x", "d", 0.9)], control(*[0.1] * 19))


def test_a_zero_vector_is_near_nothing() -> None:
    vectors = normalised(np.array([[0, 0], [3, 4]], np.float32))
    assert vectors.tolist() == [[0, 0], pytest.approx([0.6, 0.8])]
