"""The finding `sealed_order`: whether the published order of the rows is foreseen best.

After Oren et al. 2023 (arXiv:2310.17623), with an exact permutation p-value in place of the paper's
t-test. The log-probability l of a sequence is the sum of those of its rows (`math.fsum`). In each
shard the B + 1 values, of the published order and of its B permutations, are standardised with
their own mean and standard deviation (divisor B + 1; 0 where all are equal or one is not finite),
and T_b is the sum over shards of the standardised value of permutation b, T_0 that of the published
order. p = (1 + number of b >= 1 with T_b >= T_0) / (B + 1). All B + 1 orders enter alike, so
that T_0 .. T_B are exchangeable where the model has not seen the published order, and p is exact
(`reprollm.sealing.order` has the argument).

The statistic that is shown is the share of permutations that the published order beats, averaged
over shards, with Hoeffding's interval over shards. `shift` in the detail says by how many standard
deviations of T_1 .. T_B the published order is above their mean.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from reprollm.canon import Json
from reprollm.contamination.material import Found, Material
from reprollm.contamination.ranked import (
    ERROR_RATE,
    LEVEL,
    MODE,
    impossible,
    judged,
    obstacle,
)
from reprollm.records.evidence import decimal, evidence
from reprollm.statistics.hoeffding import mean_interval
from reprollm.statistics.permutation import permutation_p
from reprollm.statistics.power import detectable_shift

METHOD, VERSION = "sealed_order", "1"
SET = "order"


def findings(material: Material) -> list[Found]:
    """Return the finding of the data set; empty where no order is examined."""
    declared = (material.checks.get("sealed") or {}).get("order")
    if not declared:
        return []
    parameters: dict[str, Json] = {**declared, "level": decimal(LEVEL)}
    shards, orders = int(declared["shards"]), int(declared["permutations"]) + 1
    measured = material.of(SET)
    reason = obstacle(material, measured, shards * orders)
    if reason is not None:
        return [impossible(METHOD, VERSION, parameters, reason)]
    sums = {(each.subject, each.variant): math.fsum(each.logprobs or ()) for each in measured}
    values = [[sums[str(shard), b] for b in range(orders)] for shard in range(shards)]
    return [Found(METHOD, "*", _evidence(material.core, parameters, values))]


def totals(values: Sequence[Sequence[float]]) -> list[float]:
    """Return T_0 .. T_B of the log-probabilities of each shard in each order.

    Args:
        values: one sequence a shard, of B + 1 log-probabilities, that of the published order first.
    """
    shards = [_standardised(shard) for shard in values]
    return [math.fsum(column) for column in zip(*shards, strict=True)]


def _standardised(values: Sequence[float]) -> list[float]:
    """Return how many standard deviations each value is above the mean of all."""
    if not all(map(math.isfinite, values)):
        return [0.0] * len(values)
    mean = math.fsum(values) / len(values)
    deviation = math.sqrt(math.fsum((value - mean) ** 2 for value in values) / len(values))
    if deviation == 0:
        return [0.0] * len(values)
    return [(value - mean) / deviation for value in values]


def _evidence(
    core: Mapping[str, Any], parameters: Mapping[str, Json], values: Sequence[Sequence[float]]
) -> dict[str, Json]:
    published, *null = totals(values)
    p, smallest = permutation_p(published, null), 1 / (len(null) + 1)
    beaten = [sum(value < shard[0] for value in shard[1:]) / len(null) for shard in values]
    detectable = detectable_shift(len(null), LEVEL)
    return evidence(
        "test",
        METHOD,
        VERSION,
        mode=MODE,
        parameters=parameters,
        n=int(core["data"]["items"]),
        verdict=judged(p, smallest),
        statistic=math.fsum(beaten) / len(beaten),
        p=p,
        interval=mean_interval(beaten),
        detail={
            "total": decimal(published),
            "shift": decimal(_shift(published, null)),
            "beaten": [decimal(share) for share in beaten],
            "smallest_p": decimal(smallest),
            "detectable_shift": None if detectable is None else decimal(detectable),
            "error_rate": ERROR_RATE,
        },
    )


def _shift(published: float, null: Sequence[float]) -> float:
    mean = math.fsum(null) / len(null)
    deviation = math.sqrt(math.fsum((value - mean) ** 2 for value in null) / len(null))
    return (published - mean) / deviation if deviation else 0.0
