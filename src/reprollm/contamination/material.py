"""What findings are made of: values read from a committed ledger, and nothing else.

Whoever has the ledger with its openings has all of this, so that every finding can be computed
again without a model.
"""

from __future__ import annotations

from collections.abc import Mapping, Set
from dataclasses import dataclass
from typing import Any, NamedTuple

from reprollm.canon import Json

LIKELIHOOD_FAMILIES = ("transformers", "vllm")
"""Engine families that give the log-probabilities of given texts."""


@dataclass(frozen=True)
class Measured:
    """How well the model foresaw one text: a `likelihood` record with its openings.

    Attributes:
        index: its place in the examination, from 0.
        set: `suspect`, `reference`, `twin`, `order` or `canary`.
        subject: item id; the shard's number, decimal, for `order`; a canary's id.
        variant: 0 for suspect and reference; see `docs/spec.md` for the others.
        tokens: how many tokens have a log-probability.
        bytes: length of the text in UTF-8.
        zlib: length of the zlib level 6 compression of these bytes.
        sealed: the text's commitment in the seal; None of what is published.
        logprobs: one value a token for `suspect` and `reference`; one value in all, the mean over
            the tokens, for `twin` and `canary` (none of a text without tokens); one value a row,
            the sum over its tokens, for `order`. None where the opening is withheld.
        means, deviations: mean and standard deviation of log p over the vocabulary under p, one
            value a token of `suspect` and `reference`; None of other sets, and where the engine
            gives none.
        text: the text; None where it is sealed or withheld.
        text_ids: its token ids, those that the tokenizer adds in front included; likewise.
    """

    index: int
    set: str
    subject: str
    variant: int
    tokens: int
    bytes: int
    zlib: int
    sealed: str | None
    logprobs: tuple[float, ...] | None
    means: tuple[float, ...] | None
    deviations: tuple[float, ...] | None
    text: str | None
    text_ids: tuple[int, ...] | None


@dataclass(frozen=True)
class Continued:
    """How the model went on from an item's beginning: a `continuation` record with its openings.

    Attributes:
        index: the item's place among the suspect texts, from 0.
        subject: item id.
        prefix: how many of the item's own tokens were given.
        expected: the token ids that stand in the text after the prefix, as many as were asked, or
            as many as there are; None where withheld.
        output: the token ids that the model gave, greedily, cut to the length of `expected`.
    """

    index: int
    subject: str
    prefix: int
    expected: tuple[int, ...] | None
    output: tuple[int, ...] | None


@dataclass(frozen=True)
class ItemScore:
    """One score of one item's answers under one sampling: the mean over seeds and repetitions."""

    score: str
    sampling: str
    item: str
    value: float


@dataclass(frozen=True)
class Material:
    """All that the methods may look at.

    Attributes:
        examination: its id, hex.
        plan: the plan's id, hex.
        core: what the examination was made from; `core["checks"]` is what was declared, with the
            hashes of the files that it names; `core["checks"]["sealed"]` is null without a seal, or
            holds `twins`: a list of [item, published variant, variants], `order`: permutations,
            shards and seed, `canaries`: a list of [name, variants], each null where not tested;
            `core["checks"]["screening"]` has `references`, the size of the reference set, and
            `dates`: null, or the dates of `suspect` and `reference` items in their order.
        likelihoods: the final measurement of each text that was measured, in index order; of two
            attempts at a text the one that comes first in the log.
        continuations: likewise.
        items: the ids of the plan's items, in their order.
        gold: whether any of them has a reference.
        scores: the items' scores in the plan's last complete run; empty without one.
        exposed: the plan's `exposed` records, in log order.
        exposures: the plan's `exposure` records, in log order.
        declarations: the ledger's `declaration` records, in log order.
        recorded: findings of this examination that another stage recorded, such as a scan's.
        withheld: what the log commits to and does not open: `<set>/<field>` of likelihoods,
            `continuation/<field>`, `answers` where a score of an answer cannot be had.
    """

    examination: str
    plan: str
    core: Mapping[str, Any]
    likelihoods: tuple[Measured, ...] = ()
    continuations: tuple[Continued, ...] = ()
    items: tuple[str, ...] = ()
    gold: bool = False
    scores: tuple[ItemScore, ...] = ()
    exposed: tuple[Mapping[str, Any], ...] = ()
    exposures: tuple[Mapping[str, Any], ...] = ()
    declarations: tuple[Mapping[str, Any], ...] = ()
    recorded: tuple[Mapping[str, Any], ...] = ()
    withheld: Set[str] = frozenset()

    @property
    def checks(self) -> Mapping[str, Any]:
        """The checks as they were declared, with all parameters and digests."""
        checks: Mapping[str, Any] = self.core["checks"]
        return checks

    @property
    def capable(self) -> bool:
        """Whether the engine gives log-probabilities of given texts."""
        return self.core["engine"]["family"] in LIKELIHOOD_FAMILIES

    def of(self, name: str) -> tuple[Measured, ...]:
        """Return the measured texts of one set, in index order."""
        return tuple(each for each in self.likelihoods if each.set == name)


class Found(NamedTuple):
    """One finding: the method's name, the item's id, a set's name or `*`, and its evidence."""

    method: str
    subject: str
    evidence: dict[str, Json]
