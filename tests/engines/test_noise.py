from __future__ import annotations

import hashlib

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from reprollm.engines.noise import Noise, gumbel_from_words

REQUESTS = [hashlib.sha256(bytes([number])).hexdigest() for number in range(5)]
_WORD = 2**64 - 1


def philox(counter: tuple[int, int, int, int], key: tuple[int, int]) -> tuple[int, ...]:
    """Philox4x64-10, written from the paper (Salmon et al. 2011, section 3.3)."""
    first, second, third, fourth = counter
    low, high = key
    for _ in range(10):
        one, two = 0xD2E7470EE14C6C93 * first, 0xCA5A826395121157 * third
        first, second, third, fourth = (
            (two >> 64) ^ second ^ low,
            two & _WORD,
            (one >> 64) ^ fourth ^ high,
            one & _WORD,
        )
        low, high = (low + 0x9E3779B97F4A7C15) & _WORD, (high + 0xBB67AE8584CAA73B) & _WORD
    return first, second, third, fourth


def test_the_reference_gives_the_published_vectors() -> None:
    # The known answers that are published with Random123, philox4x64 with 10 rounds.
    zeros = (0x16554D9ECA36314C, 0xDB20FE9D672D0FDC, 0xD7E772CEE186176B, 0x7E68B68AEC7BA23B)
    ones = (0x87B092C3013FE90B, 0x438C3C67BE8D0224, 0x9CC7D7C69CD777B6, 0xA09CAEBF594F0BA0)
    assert philox((0, 0, 0, 0), (0, 0)) == zeros
    assert philox((_WORD,) * 4, (_WORD,) * 2) == ones


@given(st.integers(0, 4), st.integers(0, 2**40), st.integers(1, 23))
def test_words_are_philox_of_request_position_and_token(
    number: int, position: int, width: int
) -> None:
    request = REQUESTS[number]
    words = Noise([request]).raw(position, width)[0].tolist()
    raw = bytes.fromhex(request)
    key = (int.from_bytes(raw[:8], "little"), int.from_bytes(raw[8:16], "little"))
    for token, word in enumerate(words):
        assert word == philox((1 + token // 4, 0, position, 0), key)[token % 4]


@given(st.permutations(range(5)), st.integers(1, 5), st.lists(st.integers(0, 50), max_size=5))
def test_neither_companions_nor_earlier_positions_change_a_row(
    order: list[int], rows: int, earlier: list[int]
) -> None:
    noise = Noise([REQUESTS[number] for number in order[:rows]])
    for position in earlier:
        noise.gumbel(position, 7)
    together = noise.gumbel(3, 21)
    for row, number in enumerate(order[:rows]):
        assert np.array_equal(together[row], Noise([REQUESTS[number]]).gumbel(3, 21)[0])


def test_a_wider_vocabulary_keeps_the_noise_of_the_tokens_before() -> None:
    noise = Noise(REQUESTS)
    assert np.array_equal(noise.gumbel(9, 320)[:, :77], noise.gumbel(9, 77))


def test_requests_and_positions_have_unrelated_noise() -> None:
    noise = Noise(REQUESTS)
    drawn = np.concatenate([noise.gumbel(position, 4000) for position in range(3)])
    correlation = np.corrcoef(drawn) - np.eye(len(drawn))
    assert np.abs(correlation).max() < 0.06


def test_the_noise_is_gumbel_distributed() -> None:
    values = np.sort(Noise(REQUESTS[:1]).gumbel(0, 100_000)[0])
    expected = np.exp(-np.exp(-values))
    reached = (np.arange(len(values)) + 0.5) / len(values)
    # The Kolmogorov distance of 100,000 true draws stays below this with probability 0.9999.
    assert np.abs(expected - reached).max() < 0.007


def test_extreme_words_give_finite_noise() -> None:
    ends = gumbel_from_words(np.array([0, 2**64 - 1], dtype=np.uint64))
    assert np.isfinite(ends).all()
    assert ends[0] < -3.6 and ends[1] > 36
