"""One model of the benchmark, from its seed to everything that is said of it."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random

from calibration import frozen
from calibration.designed import Sealed, canary, order, twins, variant_scores
from calibration.foreseen import continued, foresee, log_likelihoods, open_model
from calibration.guarded import Case, cases, null_ps
from calibration.membership import Row, compare, compare_all, finite, scored
from calibration.models import train
from calibration.null import Null, Split, fresh_texts, null_orders, null_twins, splits
from calibration.planted import World, draw
from calibration.power import Power, power
from reprollm.engines.transformers import TransformersEngine

EXTRACTION = "extraction"


@dataclass(frozen=True)
class Report:
    """What one model showed.

    Attributes:
        seed: of the model and all its texts.
        leak: whether texts were planted.
        rows: each score and the extraction at each repetition count; without a leak, none.
        verbatim: by repetition count, the share of the texts that were continued word for word.
        sealed: the sealed tests at each repetition count; without a leak, none.
        power: of the sealed twins, likewise.
        splits: the scores on fresh texts.
        nulls: the sealed tests, and the guard, on fresh texts.
        guarded: the guard's cases; of the model without a leak alone.
        short_texts_hold: texts of no token and of one have no score or a finite one.
        training, measuring: CPU seconds.
    """

    seed: int
    leak: bool
    rows: tuple[Row, ...]
    verbatim: dict[int, float]
    sealed: tuple[Sealed, ...]
    power: tuple[Power, ...]
    splits: tuple[Split, ...]
    nulls: tuple[Null, ...]
    guarded: tuple[Case, ...]
    short_texts_hold: bool
    training: float
    measuring: float


def report(seed: int, leak: bool) -> Report:
    """Train one model, measure it, and return what it showed."""
    world = draw(seed, leak=leak)
    with tempfile.TemporaryDirectory(prefix="contamination-") as folder:
        training = train(world, seed, Path(folder))
        began = time.process_time()
        engine = open_model(Path(folder))
        rng = Random(seed + 1_000_000)
        rows, verbatim = _membership(engine, world) if leak else ([], {})
        sealed, powers = _sealed(engine, world, rng) if leak else ([], [])
        fresh = splits(foresee(engine, fresh_texts(rng)))
        nulls, guarded = _nulls(engine, rng, leak)
        short = finite(foresee(engine, [world.reference[0].split(" ")[0], ""]))
    return Report(
        seed,
        leak,
        tuple(rows),
        verbatim,
        tuple(sealed),
        tuple(powers),
        tuple(fresh),
        tuple(nulls),
        tuple(guarded),
        short,
        training,
        time.process_time() - began,
    )


def _membership(engine: TransformersEngine, world: World) -> tuple[list[Row], dict[int, float]]:
    texts = {count: [group.published for group in groups] for count, groups in world.groups.items()}
    own = {count: foresee(engine, of_count) for count, of_count in texts.items()}
    rows = compare_all(own, foresee(engine, world.reference))
    known = [float(each.longest) for each in continued(engine, world.reference)]
    verbatim = {}
    for count, of_count in texts.items():
        found = continued(engine, of_count)
        verbatim[count] = sum(each.exact for each in found) / len(found)
        rows.append(compare(EXTRACTION, count, [float(each.longest) for each in found], known))
    return rows, verbatim


def _sealed(
    engine: TransformersEngine, world: World, rng: Random
) -> tuple[list[Sealed], list[Power]]:
    def measure(texts: Sequence[str]) -> list[float]:
        return log_likelihoods(engine, texts)

    sealed, powers = [], []
    for count, groups in world.groups.items():
        scores = variant_scores(groups, measure)
        chosen = [group.chosen for group in groups]
        sealed.append(Sealed("sealed_twins", count, len(groups), twins(chosen, scores)))
        powers += power(count, chosen, scores, rng)
    for count, lines in world.ordered.items():
        p = order(lines, frozen.SHARDS, frozen.PERMUTATIONS, measure)
        sealed.append(Sealed("sealed_order", count, len(lines), p))
    for count, drawn in world.canaries.items():
        sealed.append(Sealed("canaries", count, 1, canary(measure(drawn))))
    return sealed, powers


def _nulls(engine: TransformersEngine, rng: Random, leak: bool) -> tuple[list[Null], list[Case]]:
    def measure(texts: Sequence[str]) -> list[float]:
        return log_likelihoods(engine, texts)

    found = [null_twins(rng, measure)]
    if leak:
        return found, []
    found.append(null_orders(rng, measure))
    found.append(Null("guard", 1 / (frozen.GUARD_PERMUTATIONS + 1), null_ps(rng)))
    return found, cases(rng, lambda texts: scored("min_k_20", foresee(engine, texts)))
