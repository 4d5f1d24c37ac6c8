"""The seed of one request, for engines that draw with random numbers of their own."""

from __future__ import annotations

from reprollm.canon import digest


def seed_of(request: str) -> int:
    """Return a request's seed: an integer in [0, 2**31 - 1), which every engine takes.

    It follows from the request id, which covers the seed of the experiment and the repetition: two
    repetitions draw differently, and what else is asked has no part in it. 2**31 - 1 and above are
    left out because servers take some of these numbers to mean "choose one yourself".

    Args:
        request: the request id, hex.
    """
    return int(digest("reprollm/seed/v1", bytes.fromhex(request))[:16], 16) % (2**31 - 1)
