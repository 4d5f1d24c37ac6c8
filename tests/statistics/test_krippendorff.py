import krippendorff
import numpy
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reprollm.statistics.krippendorff import alpha


def columns(*raters):
    """Return the labels of each item, of raters written as strings with `.` for none."""
    return [[None if c == "." else c for c in item] for item in zip(*raters, strict=True)]


def test_the_published_examples():
    # Krippendorff 2011: sections A (two raters, two labels), B (two raters, more labels) and C
    # (four raters, missing labels); then one of three raters that is often reprinted.
    assert alpha(columns("0100000010", "1110010000")) == pytest.approx(0.095, abs=5e-4)
    assert alpha(columns("aabbdcccedda", "babbbccceddd")) == pytest.approx(0.692, abs=5e-4)
    four = columns("123321412...", "1233224125.3", ".3332342251.", "12332441251.")
    assert alpha(four) == pytest.approx(0.743, abs=5e-4)
    three = columns(".....34121133.3", "1.213343.......", "..21344.21133.4")
    assert alpha(three) == pytest.approx(0.691, abs=5e-4)


LABEL = st.sampled_from(["a", "b", "c", None])


@settings(max_examples=40)
@given(st.lists(st.tuples(LABEL, LABEL, LABEL), min_size=1, max_size=8))
def test_alpha_is_that_of_another_implementation(items):
    used = [item for item in items if sum(label is not None for label in item) > 1]
    if len({label for item in used for label in item if label is not None}) < 2:
        assert alpha(items) is None
        return
    codes = {"a": 1.0, "b": 2.0, "c": 3.0, None: numpy.nan}
    data = numpy.array([[codes[label] for label in item] for item in items]).T
    theirs = krippendorff.alpha(reliability_data=data, level_of_measurement="nominal")
    assert alpha(items) == pytest.approx(theirs, abs=1e-9)


def test_perfect_agreement_is_one_and_labels_alone_say_nothing():
    assert alpha([["a", "a"], ["b", "b", None]]) == 1.0
    assert alpha([["a", None], [None, "b"]]) is None
    assert alpha([]) is None
