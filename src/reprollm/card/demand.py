"""What an experiment demands of a model's card, and the sentence that refuses a model.

Unknown never satisfies a demand, and neither does what is known of a base only.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from reprollm.card.card import Card
from reprollm.card.entries import KINDS, Kind, Rating
from reprollm.card.openness import at_least, rating


@dataclass(frozen=True)
class Demand:
    """Demands; what is None or empty is not demanded.

    Attributes:
        licence: the least free class of licence that will do.
        openness: by dimension or group of the Index, the least open rating that will do.
        osaid: whether the model must meet the Open Source AI Definition.
        cutoff_before: the newest declared training data must be older than this month (`YYYY-MM`).
    """

    licence: Kind | None = None
    openness: Mapping[str, Rating] = field(default_factory=dict)
    osaid: bool = False
    cutoff_before: str | None = None


def unmet(card: Card, demand: Demand) -> str | None:
    """Return one sentence on the first demand that the card does not meet, or None."""
    if demand.licence is not None and (found := _licence(card, demand.licence)):
        return found
    for name, wanted in demand.openness.items():
        if found := _openness(card, name, wanted):
            return found
    if demand.osaid and (found := _osaid(card)):
        return found
    return _cutoff(card, demand.cutoff_before) if demand.cutoff_before else None


def _licence(card: Card, wanted: Kind) -> str | None:
    licence = card.licence
    if licence.kind in KINDS[: KINDS.index(wanted) + 1]:
        return None
    least = wanted if wanted == "permissive" else f"{wanted} or freer"
    found = f"{licence.identity or 'no licence'} of class {licence.kind}"
    others = "".join(f", beside {other.id} of class {other.kind}" for other in licence.others)
    return _refused(card, f"a licence of class {least}", f"{found}{others} ({licence.evidence})")


def _openness(card: Card, name: str, wanted: Rating) -> str | None:
    least = wanted if wanted == "open" else f"{wanted} or more open"
    expected = f"{name.replace('_', ' ')} that the European Open Source AI Index rates {least}"
    found = rating(card.rated, name) if card.rated else None
    if card.rated is None or found is None or not card.own:
        return _refused(card, expected, _nothing(card, "rating", found and found[0]))
    rated, form = found
    if at_least(rated, wanted):
        return None
    where = f"its rating of {card.rated.model} of {form.date}, commit {form.commit[:12]}"
    return _refused(card, expected, f"{rated} ({where})")


def _osaid(card: Card) -> str | None:
    expected = "a model that meets the Open Source AI Definition"
    verdict = card.osaid.verdict if card.osaid else None
    if card.osaid is None or not card.own:
        return _refused(card, expected, _nothing(card, "verdict", verdict))
    if verdict == "meets":
        return None
    source = card.osaid.source
    return _refused(card, expected, f"that it does not ({source.document}, {source.date})")


def _cutoff(card: Card, before: str) -> str | None:
    expected = f"training data from before {before}"
    month = card.cutoff.latest if card.cutoff else None
    if card.cutoff is None or month is None or not card.own:
        return _refused(card, expected, _nothing(card, "declared cutoff", month))
    if month < before:
        return None
    source = card.cutoff.source
    return _refused(card, expected, f"{month} declared ({source.document}, {source.date})")


def _nothing(card: Card, what: str, of_base: str | None) -> str:
    if card.match is None:
        return f"no {what}, for it is not known which model this is"
    if card.match.relation == "derived from" and of_base:
        name = card.match.version.name
        return f"no {what} of its own, only of its base {name} ({of_base})"
    return f"no {what} of {card.match.version.name} in any source"


def _refused(card: Card, expected: str, found: str) -> str:
    return (
        f"expected {expected}, found {found} for {card.name}; take another model, or change "
        "`require`"
    )
