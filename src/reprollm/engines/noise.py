"""Gumbel noise that depends on a request and a token position, and on nothing else.

Adding independent Gumbel noise to the scores and taking the largest draws exactly from their
softmax (Gumbel 1954; Maddison, Tarlow and Minka 2014, arXiv 1411.0030). The noise comes from the
counter-based generator Philox4x64-10 (Salmon, Moraes, Dror and Shaw, "Parallel random numbers: as
easy as 1, 2, 3", SC 2011): a keyed function of a counter, with no state to share between rows, so
that batch, order, subset and resumption change no draw.

For output position t and token j the noise is word j mod 4 of the block with counter words
(1 + j div 4, 0, t, 0), least significant first. The key is the first 16 bytes of the request id as
two little-endian 64-bit words. Only numpy's raw stream is used: its compatibility policy (NEP 19)
promises that stream, and not the distributions that are built on it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

_EMPTY = 4
"""Buffer position at which numpy's Philox computes its next block of four words."""


class Noise:
    """The noise of several requests, one row each."""

    def __init__(self, requests: Sequence[str]) -> None:
        """Take the keys from request ids, hex strings of at least 32 digits."""
        keys = [np.frombuffer(bytes.fromhex(request[:32]), dtype="<u8") for request in requests]
        self._keys = [key.astype(np.uint64) for key in keys]
        self._stream = np.random.Philox(key=0)
        self._state: Any = self._stream.state
        self._state["buffer_pos"] = _EMPTY

    def raw(self, position: int, width: int) -> NDArray[np.uint64]:
        """Return the 64-bit words of output position `position`, shape (rows, width)."""
        words = np.empty((len(self._keys), width), dtype=np.uint64)
        counter = np.array([0, 0, position, 0], dtype=np.uint64)
        for row, key in enumerate(self._keys):
            self._state["state"] = {"counter": counter, "key": key}
            self._stream.state = self._state
            words[row] = self._stream.random_raw(width)
        return words

    def gumbel(self, position: int, width: int) -> NDArray[np.float64]:
        """Return standard Gumbel noise for output position `position`, shape (rows, width)."""
        return gumbel_from_words(self.raw(position, width))


def gumbel_from_words(words: NDArray[np.uint64]) -> NDArray[np.float64]:
    """Return Gumbel values from 64-bit words: -log(-log(u)), u = (top 52 bits + 1/2) / 2**52.

    With 52 bits the half is exact in float64 and u lies strictly between 0 and 1 (with 53 the
    largest word would round to 1), so every value is finite: from -3.61 to 36.74.
    """
    values = (words >> np.uint64(12)).astype(np.float64)
    values += 0.5
    values *= 2.0**-52
    for _ in range(2):
        np.log(values, out=values)
        np.negative(values, out=values)
    return values
