"""Bootstrap draws of clusters that any program can repeat, and fast exact sums over them.

Clusters are resampled with replacement (Efron 1979, Annals of Statistics 7:1; Field and Welsh 2007,
JRSS B 69:369, for clusters). The draws follow from a seed by SHAKE-256 alone: resample b of n units
is made of the n big-endian 32-bit words that are the first 4 n bytes of SHAKE-256 over the parts
`reprollm/resampling/v1`, seed, b and n, each framed as in `canon.digest`, numbers in decimal; word
w stands for unit w n >> 32.

Up to `UNITS` clusters are units themselves. More are dealt at random into `UNITS` groups, and
groups are drawn (Wolter 2007, Introduction to Variance Estimation, chapter 2: random groups): the
interval then costs the same for any number of clusters, and its width varies by 1/sqrt(2 UNITS), 2
%, which is below what 999 resamples leave to chance. The deal is the order of the clusters by (word
i of SHAKE-256 over `reprollm/groups/v1`, seed and the number of clusters; i); the cluster at place
j belongs to group j modulo `UNITS`.
"""

from __future__ import annotations

import hashlib
import struct
from collections.abc import Callable, Iterator, Sequence
from operator import itemgetter
from types import ModuleType

from reprollm.statistics.bootstrap import Interval, ranked

UNITS = 1000
_LARGE = 2**16
_LIMIT = 2**63


def draws(seed: str, resample: int, n: int) -> list[int]:
    """Return the `n` units, from 0, of one resample; a unit may come more than once."""
    return [word * n >> 32 for word in _words("reprollm/resampling/v1", seed, (resample, n), n)]


def dealt(seed: str, clusters: int) -> list[int]:
    """Return the unit, from 0, of each of the clusters 0 … `clusters` - 1."""
    if clusters <= UNITS:
        return list(range(clusters))
    words = _words("reprollm/groups/v1", seed, (clusters,), clusters)
    units = [0] * clusters
    for place, cluster in enumerate(sorted(range(clusters), key=words.__getitem__)):
        units[cluster] = place % UNITS
    return units


def sums(rows: Sequence[Sequence[int]], seed: str, resamples: int) -> Iterator[list[int]]:
    """Yield the sums of each column over the units of each resample, exactly.

    numpy, where it is installed and there is enough to do, changes nothing but the time.

    Args:
        rows: one a unit, at least two, all with the same number of integers (n, columns).
        seed: decides the draws.
        resamples: how many are drawn.
    """
    n = len(rows)
    least = [min(column) for column in zip(*rows, strict=True)]
    most = [max(column) for column in zip(*rows, strict=True)]
    widest = max((high - low for low, high in zip(least, most, strict=True)), default=0)
    farthest = max((abs(value) for value in (*least, *most)), default=0)
    if n * (widest + farthest) >= _LIMIT:
        yield from _plain(rows, seed, resamples)
        return
    numpy = _numpy() if n * resamples >= _LARGE else None
    if numpy is None:
        yield from _packed(rows, least, seed, resamples)
    else:
        yield from _by_matrix(numpy, rows, seed, resamples)


def percentile_interval(
    statistic: Callable[[Sequence[int]], float | None],
    rows: Sequence[Sequence[int]],
    seed: str,
    level: float,
    resamples: int,
) -> Interval | None:
    """Return the percentile interval of a statistic of column sums.

    Args:
        statistic: its value on the sums of the columns; None where it is not defined.
        rows: integers of each unit (n, columns).
        seed: decides the draws.
        level: coverage aimed at, in (0, 1).
        resamples: how many are drawn.

    Returns:
        None of fewer than two units, or where fewer than half of the resamples are defined.
    """
    if len(rows) < 2:
        return None
    return ranked([statistic(each) for each in sums(rows, seed, resamples)], level)


def _words(tag: str, seed: str, numbers: tuple[int, ...], n: int) -> tuple[int, ...]:
    return struct.unpack(f">{n}I", _stream(tag, seed, numbers, n))


def _stream(tag: str, seed: str, numbers: tuple[int, ...], n: int) -> bytes:
    state = hashlib.shake_256()
    for part in (tag, seed, *map(str, numbers)):
        raw = part.encode("ascii")
        state.update(len(raw).to_bytes(8, "big") + raw)
    return state.digest(4 * n)


def _plain(rows: Sequence[Sequence[int]], seed: str, resamples: int) -> Iterator[list[int]]:
    """Add integers of any size."""
    for resample in range(resamples):
        drawn = [rows[unit] for unit in draws(seed, resample, len(rows))]
        yield [sum(column) for column in zip(*drawn, strict=True)]


def _packed(
    rows: Sequence[Sequence[int]], least: Sequence[int], seed: str, resamples: int
) -> Iterator[list[int]]:
    """Add all columns of a unit at once: as fields of 64 bits of one integer, none below zero."""
    n, columns = len(rows), len(least)
    fields = struct.Struct(f"<{columns}Q")
    lifted = (
        fields.pack(*(value - low for value, low in zip(row, least, strict=True))) for row in rows
    )
    units = [int.from_bytes(row, "little") for row in lifted]
    base = [n * low for low in least]
    for resample in range(resamples):
        total = sum(itemgetter(*draws(seed, resample, n))(units))
        raised = fields.unpack(total.to_bytes(fields.size, "little"))
        yield [value + low for value, low in zip(raised, base, strict=True)]


def _by_matrix(
    numpy: ModuleType, rows: Sequence[Sequence[int]], seed: str, resamples: int
) -> Iterator[list[int]]:
    n = len(rows)
    counts = numpy.array(rows, dtype=numpy.int64).reshape(n, -1)
    for resample in range(resamples):
        stream = _stream("reprollm/resampling/v1", seed, (resample, n), n)
        words = numpy.frombuffer(stream, ">u4").astype(numpy.uint64)
        units = (words * numpy.uint64(n) >> numpy.uint64(32)).astype(numpy.int64)
        yield (numpy.bincount(units, minlength=n) @ counts).tolist()


def _numpy() -> ModuleType | None:
    try:
        import numpy
    except ImportError:
        return None
    return numpy
