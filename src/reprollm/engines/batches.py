"""From requests to batches: which rows are computed together, and how they are padded.

Matrix products over other numbers of rows, and attention over other paddings, round differently.
The *strict* policy removes both dependencies: a prompt is padded to a length that depends on this
prompt alone, only prompts of one such length share a batch, and padding rows raise each batch to
the number of rows from which on the host's kernels give every row the same bits. The *fast* policy
sorts by length and pads to the longest.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from reprollm.canon import digest
from reprollm.prompts.requests import Request

BUCKET = 32
"""Strict prompts are padded to a multiple of this, always by one token at least."""


@dataclass(frozen=True)
class Batch:
    """Requests that are computed together.

    Attributes:
        requests: what is asked, in row order.
        padded: the length to which each prompt is padded on its left.
        dummies: padding rows below the requests, which no one asks for.
        policy: `strict` or `fast`.
    """

    requests: tuple[Request, ...]
    padded: int
    dummies: int
    policy: str

    @property
    def rows(self) -> int:
        """How many rows the model computes."""
        return len(self.requests) + self.dummies

    @property
    def id(self) -> str:
        """A name for this composition: equal for the same requests in the same rows.

        The padded length follows from the requests and is no part of it: who knows the requests'
        ids could otherwise find out how long withheld prompts are.
        """
        shape = f"{self.policy} {self.rows}"
        ids = (request.request.encode("ascii") for request in self.requests)
        return digest("reprollm/batch/v2", shape.encode("ascii"), *ids)[:32]


def bucket(length: int) -> int:
    """Return the strict padded length of a prompt: the next multiple of `BUCKET` above `length`.

    Never `length` itself, so that there is always padding to mask: engines take another code path
    for a batch without a mask.
    """
    return (length // BUCKET + 1) * BUCKET


def strict_batches(requests: Iterable[Request], size: int, least_rows: int) -> list[Batch]:
    """Return batches whose rows keep every bit, whatever else is asked.

    Args:
        requests: what is asked, in any order.
        size: at most so many requests share a batch.
        least_rows: the host's answer (`reprollm.engines.probe`): from so many rows on, a row's
            bits do not depend on the number of rows. 0 where there is no such number: then every
            request is computed alone.
    """
    # Answers to prompts of one length tend to end together, and a batch lasts as long as its
    # longest answer; within a bucket the order changes no bit.
    buckets: dict[int, list[Request]] = {}
    for request in _by_length(requests):
        buckets.setdefault(bucket(len(request.prompt_ids)), []).append(request)
    if least_rows == 0:
        size = 1
    return [
        Batch(part, padded, _dummies(len(part), least_rows), "strict")
        for padded, members in sorted(buckets.items())
        for part in _parts(members, size)
    ]


def fast_batches(requests: Iterable[Request], size: int) -> list[Batch]:
    """Return batches of prompts of similar length, padded to the longest of each batch."""
    return [
        Batch(part, len(part[-1].prompt_ids), 0, "fast")
        for part in _parts(_by_length(requests), size)
    ]


def _by_length(requests: Iterable[Request]) -> list[Request]:
    return sorted(requests, key=lambda request: len(request.prompt_ids))


def _dummies(requests: int, least_rows: int) -> int:
    """Return how many padding rows a strict batch needs: at least one, unless all are alone."""
    return max(1, least_rows - requests) if least_rows else 0


def _parts(requests: Sequence[Request], size: int) -> Iterable[tuple[Request, ...]]:
    for start in range(0, len(requests), size):
        yield tuple(requests[start : start + size])
