from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import cohen_kappa_score

from reprollm.statistics.kappa import kappa


def test_cohens_own_example():
    # Cohen 1960, table 1, as counts of 200: kappa is .492.
    rows = [[88, 14, 18], [10, 40, 10], [2, 6, 12]]
    pairs = {(a, b): rows[i][j] for i, a in enumerate("abc") for j, b in enumerate("abc")}
    assert kappa(pairs) == (200 * 140 - (120 * 100 + 60 * 60 + 20 * 40)) / (200**2 - 16_400)
    assert kappa(pairs) == pytest.approx(0.492, abs=5e-4)


LABELS = st.sampled_from("abcd")


@settings(max_examples=40)
@given(st.lists(st.tuples(LABELS, LABELS), min_size=1, max_size=15))
def test_kappa_is_that_of_scikit_learn(pairs):
    if len({label for pair in pairs for label in pair}) == 1:
        assert kappa(Counter(pairs)) is None
    else:
        theirs = cohen_kappa_score([a for a, _ in pairs], [b for _, b in pairs])
        assert kappa(Counter(pairs)) == pytest.approx(theirs, abs=1e-12)


def test_of_nothing_and_of_one_label_alone_it_is_undefined():
    assert kappa({}) is None
    assert kappa({("a", "a"): 7}) is None
