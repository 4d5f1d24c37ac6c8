import pytest

from reprollm.errors import InvalidInput
from reprollm.scores.earlier.measures import Ratio, character_error_rate, exact_match, measure


@pytest.mark.parametrize(
    ("output", "reference", "expected"),
    [
        ("und er sprach", "und er sprach", Ratio(0, 13)),
        ("vnd er sprach", "und er sprach", Ratio(1, 13)),
        ("", "abc", Ratio(3, 3)),
        ("abcdef", "abc", Ratio(3, 3)),
        ("abcdefgh", "ab", Ratio(6, 2)),
        ("kitten", "sitting", Ratio(3, 7)),
        ("u\u0308ber", "über", Ratio(2, 4)),
        ("abc\n", " abc", Ratio(0, 3)),
    ],
)
def test_character_error_rate_counts_edits_in_code_points(output, reference, expected):
    assert character_error_rate(output, reference) == expected


def test_an_empty_reference_leaves_the_rate_undefined():
    assert character_error_rate("some text", "").value is None


def test_exact_match_ignores_only_white_space_at_the_ends():
    assert exact_match("abc \n", "abc") == Ratio(1, 1)
    assert exact_match("a bc", "abc") == Ratio(0, 1)
    assert exact_match("Abc", "abc") == Ratio(0, 1)


def test_an_unknown_score_is_refused_by_name():
    with pytest.raises(InvalidInput, match="exact_match, character_error_rate, found 'cer'"):
        measure("cer")
