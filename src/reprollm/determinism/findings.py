"""What asking again showed: how many answers reached which level, and where the others parted."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from reprollm.canon import Json
from reprollm.compare.levels import Level, level_of
from reprollm.compare.verdict import Verdict, judge
from reprollm.determinism.job import Answered
from reprollm.determinism.variation import Variation

_KEPT = 8


@dataclass(frozen=True)
class Divergence:
    """Where the two answers to one request part.

    Attributes:
        request: its id, hex.
        step: the first differing token, from 0.
        margin: the smaller difference of the two best scores there; None where none was given.
        ulps: the same in units in the last place of the dtype.
    """

    request: str
    step: int
    margin: float | None
    ulps: float | None

    def to_json(self) -> dict[str, Json]:
        """Return the place as canonical JSON; numbers as decimals."""
        return {
            "request": self.request,
            "step": self.step,
            "margin": _decimal(self.margin),
            "ulps": _decimal(self.ulps),
        }


@dataclass(frozen=True)
class Finding:
    """One variation against the baseline.

    Attributes:
        variation: how was asked.
        levels: how many requests reached which level.
        failures: requests that either of the two did not answer; the level of those that just one
            answered is L0.
        logprob_difference: the largest difference of log-probabilities of tokens shared from the
            start, nats; None where the engine gives none.
        logprob_ulps: likewise in units in the last place.
        divergences: of the requests with other tokens, in the order of their steps.
        threads: with how many threads the engine says that it computed; None where it says none.
        refused: why the engine could not be opened so; then nothing was compared.
    """

    variation: Variation
    levels: Mapping[Level, int]
    failures: int
    logprob_difference: float | None
    logprob_ulps: float | None
    divergences: tuple[Divergence, ...]
    threads: int | None
    refused: str | None = None

    @property
    def compared(self) -> int:
        """How many requests were compared."""
        return sum(self.levels.values())

    @property
    def level(self) -> Level | None:
        """The level that every request reached; None where none was compared."""
        return min((level for level, number in self.levels.items() if number), default=None)

    def share(self, least: Level) -> float:
        """Return the share of the requests that reached `least` or more, from 0 to 1."""
        reached = sum(number for level, number in self.levels.items() if level >= least)
        return reached / self.compared if self.compared else 0.0

    def to_json(self) -> dict[str, Json]:
        """Return the finding as canonical JSON; numbers as decimals."""
        return {
            "variation": self.variation.name,
            "says": self.variation.says,
            "counts": self.variation.counts,
            "level": self.level,
            "compared": self.compared,
            "levels": {level.lower(): self.levels.get(level, 0) for level in Level},
            "failures": self.failures,
            "logprob_difference": _decimal(self.logprob_difference),
            "logprob_ulps": _decimal(self.logprob_ulps),
            "divergences": [each.to_json() for each in self.divergences[:_KEPT]],
            "threads": self.threads,
            "refused": self.refused,
        }


def find(
    variation: Variation,
    baseline: Mapping[str, Answered],
    again: Mapping[str, Answered],
    dtype: str,
    threads: int | None = None,
) -> Finding:
    """Return what one variation shows against the baseline.

    Args:
        variation: how was asked.
        baseline: answers by request id.
        again: likewise.
        dtype: decides the unit in the last place, and with it the tolerance of L2.
        threads: with how many threads the engine says that it computed.
    """
    levels: Counter[Level] = Counter()
    verdicts: dict[str, Verdict] = {}
    failures = 0
    for request, once in baseline.items():
        other = again.get(request)
        if other is None or once.tokens is None or other.tokens is None:
            failures += 1
            both = other is not None and once.tokens is None and other.tokens is None
            levels[Level.SETTINGS] += not both
            continue
        same = once.tokens.ids == other.tokens.ids and once.finish == other.finish
        verdicts[request] = judge(same, dtype, once.tokens, other.tokens)
        levels[level_of(dtype, once.tokens, other.tokens) if same else Level.SETTINGS] += 1
    return Finding(
        variation=variation,
        levels=+levels,
        failures=failures,
        logprob_difference=_largest(v.logprob_difference for v in verdicts.values()),
        logprob_ulps=_largest(v.logprob_ulps for v in verdicts.values()),
        divergences=tuple(sorted(_divergences(verdicts), key=lambda each: each.step)),
        threads=threads,
    )


def refusal(variation: Variation, sentence: str) -> Finding:
    """Return the finding of a variation under which the engine could not be opened."""
    return Finding(variation, {}, 0, None, None, (), None, sentence)


def declared_level(findings: Iterable[Finding]) -> Level | None:
    """Return the level that every variation reached which a run with the same settings may meet.

    None where one of them could not be asked.
    """
    counting = [finding.level for finding in findings if finding.variation.counts]
    known = [level for level in counting if level is not None]
    return min(known) if known and len(known) == len(counting) else None


def _divergences(verdicts: Mapping[str, Verdict]) -> list[Divergence]:
    return [
        Divergence(request, verdict.first_difference, verdict.margin, verdict.margin_ulps)
        for request, verdict in verdicts.items()
        if verdict.first_difference is not None
    ]


def _largest(values: Iterable[float | None]) -> float | None:
    return max((value for value in values if value is not None), default=None)


def _decimal(value: float | None) -> str | None:
    return None if value is None else f"{value:.6g}"
