"""What a seed draws: which version is published, in which order, and the canaries.

Every draw is a hash of a seed of 32 random bytes, so that opening the seed shows that nothing was
picked by hand. A digest is read as an integer and reduced modulo the number of possibilities; with
256 bits against fewer than 2**20 possibilities no share is more than 2**-236 off its ideal.
"""

from __future__ import annotations

from collections.abc import Sequence

from reprollm.canon import digest

SEED_BYTES = 32
CANARY_BYTES = 16


def chosen(seed: bytes, item: str, versions: int) -> int:
    """Return the index, from 0, of the version of `item` that is published."""
    return int(digest("reprollm/seal-choice/v1", seed, item.encode()), 16) % versions


def arranged(seed: bytes, items: Sequence[str]) -> list[str]:
    """Return the items' ids in the order in which they are published, whatever order came in."""
    return sorted(items, key=lambda item: digest("reprollm/seal-order/v1", seed, item.encode()))


def canary(seed: bytes, name: str, variant: int) -> str:
    """Return one canary's text: `canary ` and 128 random bits in hex, grouped like a UUID.

    Variant 0 is published, the others are held back; all are drawn alike.
    """
    drawn = digest("reprollm/seal-canary/v1", seed, name.encode(), str(variant).encode())
    digits = drawn[: 2 * CANARY_BYTES]
    parts = (digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:])
    return "canary " + "-".join(parts)


def canary_name(number: int) -> str:
    """Return the name of canary `number`, from 0."""
    return f"canary-{number + 1}"


def block(row: int, rows: int, blocks: int) -> int:
    """Return to which of `blocks` runs of consecutive rows, of nearly equal length, a row belongs.

    Run k holds the rows from k * rows // blocks up to, and without, (k + 1) * rows // blocks.
    """
    return ((row + 1) * blocks - 1) // rows
