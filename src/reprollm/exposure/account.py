"""What ledgers say of the exposure of one data set, and what follows from it, counted.

Everything here is counted exactly, over recorded facts and declarations. What nobody recorded or
declared is not in it: without a declaration on use outside the tool, an account covers recorded
runs only.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from reprollm.exposure.declared import EVERY, Declared
from reprollm.exposure.verdict import VERDICTS, Known, Model, known_of, verdict

SENT = ("not_sent", "sent_without_gold", "sent_with_gold")
"""What can have become of an item, the worst last: gold that was sent is a state of its own."""


@dataclass(frozen=True)
class NamedModel:
    """A model that was asked, by the name that people know it by."""

    name: str
    model: Model


@dataclass(frozen=True)
class Account:
    """What is known of one data set.

    Attributes:
        name: the data set's, for people.
        items: the ids of its items, in order.
        fields: the fields that its items have, in order.
        exposed: the `exposed` records of items.
        declared: what is declared.
        models: the models that were asked.
        policies: what is said of training on inputs, by the digest of the policy file.
        asked: the names under which models were asked, by address.
        prompts_open: whether the ledgers show the prompts.
    """

    name: str
    items: tuple[str, ...]
    fields: tuple[str, ...]
    exposed: tuple[Mapping[str, Any], ...] = ()
    declared: tuple[Declared, ...] = ()
    models: tuple[NamedModel, ...] = ()
    policies: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    asked: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    prompts_open: bool = False

    @property
    def outside(self) -> str:
        """Whether use outside the tool is declared: `yes`, `no`, or `undeclared`."""
        said = [each.evidence.get("outside") for each in self.declared if each.what == "use"]
        return "yes" if True in said else "no" if False in said else "undeclared"


@dataclass(frozen=True)
class Endpoint:
    """What was sent to one endpoint under one policy.

    Attributes:
        address: where.
        server: the server's kind.
        policy: digest of the policy file, or None.
        with_gold, without_gold: how many items of the data set.
        first, last: days of the first and the last record.
    """

    address: str
    server: str
    policy: str | None
    with_gold: int
    without_gold: int
    first: str
    last: str


@dataclass(frozen=True)
class Coverage:
    """How many items of a data set were sent by the recorded runs.

    Attributes:
        items: how many the data set has.
        with_gold, without_gold: how many of them were sent.
        beside: how many other items, examples of prompts, were sent.
        beside_with_gold: how many of these with their gold.
        endpoints: the same for each endpoint.
    """

    items: int
    with_gold: int
    without_gold: int
    beside: int
    beside_with_gold: int
    endpoints: tuple[Endpoint, ...]

    @property
    def sent(self) -> int:
        """How many items were sent in any state."""
        return self.with_gold + self.without_gold


class Facts:
    """The same records, found by item and field."""

    def __init__(self, exposed: Iterable[Mapping[str, Any]], declared: Iterable[Declared]) -> None:
        """Sort the records by what they speak of."""
        self.exposed: dict[str, list[Mapping[str, Any]]] = {}
        for record in exposed:
            self.exposed.setdefault(record["item"], []).append(record)
        self._declared: dict[str, list[Declared]] = {}
        for each in declared:
            self._declared.setdefault(each.subject, []).append(each)

    def known(self, item: str, field: str) -> Known:
        """Return what is known of one field of one item."""
        records = [each for each in self.exposed.get(item, ()) if each["field"] == field]
        mine = [*self._declared.get(EVERY, ()), *self._declared.get(item, ())]
        return known_of(records, [each for each in mine if each.field in (None, field)])


def coverage(account: Account) -> Coverage:
    """Return how much of a data set the recorded runs sent, and where to."""
    split = frozenset(account.items)
    states = states_of(account.exposed)
    counted = Counter(state for item, state in states.items() if item in split)
    places: dict[tuple[str, str, str | None], list[Mapping[str, Any]]] = {}
    for record in account.exposed:
        key = (record["address"], record["server"], record["policy"])
        places.setdefault(key, []).append(record)
    endpoints = []
    for (address, server, policy), records in sorted(places.items(), key=lambda each: str(each[0])):
        there = states_of(records)
        here = Counter(state for item, state in there.items() if item in split)
        days = sorted(record["created"][:10] for record in records)
        with_gold, without = here["sent_with_gold"], here["sent_without_gold"]
        endpoints.append(Endpoint(address, server, policy, with_gold, without, days[0], days[-1]))
    return Coverage(
        items=len(account.items),
        with_gold=counted["sent_with_gold"],
        without_gold=counted["sent_without_gold"],
        beside=len(states.keys() - split),
        beside_with_gold=sum(
            state == "sent_with_gold" for item, state in states.items() if item not in split
        ),
        endpoints=tuple(endpoints),
    )


def states_of(exposed: Iterable[Mapping[str, Any]]) -> dict[str, str]:
    """Return the state of each item that was sent: with its gold, in whatever role, or without."""
    states: dict[str, str] = {}
    for record in exposed:
        gold = record["field"] == "gold" or states.get(record["item"]) == "sent_with_gold"
        states[record["item"]] = "sent_with_gold" if gold else "sent_without_gold"
    return states


def verdicts(
    account: Account, model: Model, facts: Facts | None = None
) -> dict[str, dict[str, int]]:
    """Return how many items have which temporal verdict, for each field."""
    facts = facts or Facts(account.exposed, account.declared)
    counted: dict[str, dict[str, int]] = {}
    for name in account.fields:
        found = Counter(verdict(facts.known(item, name), model) for item in account.items)
        counted[name] = {word: found[word] for word in VERDICTS}
    return counted


@dataclass(frozen=True)
class Timing:
    """How many items are which, as far as was shown, for one model.

    Attributes:
        public: had a field, not `expected`, that was public by the release; at any time where the
            weights are not fixed.
        later: have no field but such as are `expected` or `impossible_by_time`, of these one.
    """

    public: int
    later: int


def timing(account: Account, model: Model, facts: Facts | None = None) -> Timing:
    """Return how many items were public before a model's release, and created after it."""
    facts = facts or Facts(account.exposed, account.declared)
    public = later = 0
    for item in account.items:
        known = [facts.known(item, name) for name in account.fields]
        judged = [each for each in known if not each.expected]
        public += any(_public(each, model) for each in judged)
        later += bool(judged) and all(
            verdict(each, model) == "impossible_by_time" for each in judged
        )
    return Timing(public, later)


def _public(known: Known, model: Model) -> bool:
    if not model.pinned:
        return bool(known.public)
    end = model.released
    return end is not None and any(day.by(end) for day in known.public)


def fields_of(
    gold: bool, exposed: Iterable[Mapping[str, Any]], declared: Iterable[Declared]
) -> tuple[str, ...]:
    """Return the fields of a data set: its source texts, its gold, and what records speak of."""
    named: set[str] = {record["field"] for record in exposed}
    named |= {each.field for each in declared if each.field is not None}
    named |= {"source_text", "gold"} if gold else {"source_text"}
    return tuple(name for name in _FIELDS if name in named)


_FIELDS: Sequence[str] = ("source_text", "question", "gold", "rationale")
