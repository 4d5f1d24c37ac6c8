import math

import pytest

from reprollm.compare.levels import Level, Tokens, common_prefix, level_of

LOGPROBS = [-0.5, -0.25, -1.0]
ONE = Tokens([5, 6, 7], LOGPROBS, [3.0, 2.0, 0.5])


def moved(by: float, margins: list[float] | None = None) -> Tokens:
    return Tokens(ONE.ids, [-0.5, -0.25, -1.0 - by], ONE.margins if margins is None else margins)


def test_equal_bits_are_the_highest_level() -> None:
    assert level_of("float32", ONE, Tokens([5, 6, 7], list(LOGPROBS), [3.0, 2.0, 0.5])) == "L3"


@pytest.mark.parametrize(
    ("dtype", "by", "level"),
    [
        ("float32", 2e-6, Level.TOLERANCE),
        ("float32", 2.0**-13, Level.TOLERANCE),
        ("float32", 2.0**-12, Level.TOKENS),
        ("float16", 2.0**-5, Level.TOLERANCE),
        ("float16", 2.0**-4, Level.TOKENS),
        ("bfloat16", 2.0**-2, Level.TOLERANCE),
        ("bfloat16", 2.0**-1, Level.TOKENS),
        ("native", 2e-6, Level.TOKENS),
    ],
)
def test_how_far_log_probabilities_may_move_depends_on_the_type(
    dtype: str, by: float, level: Level
) -> None:
    assert level_of(dtype, ONE, moved(by)) is level
    assert level_of(dtype, moved(by), ONE) is level


def test_one_other_token_leaves_the_settings_alone() -> None:
    assert level_of("float32", ONE, Tokens([5, 6, 8], LOGPROBS, ONE.margins)) is Level.SETTINGS
    assert level_of("float32", ONE, Tokens([5, 6], LOGPROBS[:2], [3.0, 2.0])) is Level.SETTINGS


def test_other_margin_bits_are_other_bits() -> None:
    other = moved(0.0, [3.0, 2.0, math.nextafter(0.5, 1) + 1e-6])
    assert level_of("float32", ONE, other) is Level.TOLERANCE


def test_a_missing_sign_of_zero_is_another_bit() -> None:
    assert level_of("float32", Tokens([5], [-0.0], []), Tokens([5], [0.0], [])) is Level.TOLERANCE


def test_without_log_probabilities_nothing_above_the_tokens_is_seen() -> None:
    bare = Tokens([5, 6, 7], [], [])
    assert level_of("float32", bare, bare) is Level.TOKENS
    assert level_of("float32", ONE, bare) is Level.TOKENS


def test_an_engine_without_margins_still_reaches_the_highest_level() -> None:
    bare = Tokens(ONE.ids, ONE.logprobs, [])
    assert level_of("float32", bare, bare) is Level.BITS


def test_empty_answers_are_equal() -> None:
    assert level_of("float32", Tokens([], [], []), Tokens([], [], [])) is Level.BITS


def test_margins_without_end_are_equal_to_themselves() -> None:
    """Where truncation leaves one token, its margin is infinite."""
    endless = Tokens([5], [-0.5], [math.inf])
    assert level_of("bfloat16", endless, Tokens([5], [-0.5], [math.inf])) is Level.BITS


def test_levels_are_ordered() -> None:
    assert min(Level) is Level.SETTINGS
    assert max(Level) is Level.BITS
    assert common_prefix([1, 2, 3], [1, 2, 4]) == common_prefix([1, 2], [1, 2, 3]) == 2
