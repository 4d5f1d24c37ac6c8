"""A model's card: licence, openness and training cutoff, each with its source.

Computed from a snapshot's lock and the data files beside this package; it is no part of the
snapshot's identity, and another version of the data may say more. What no source says is unknown,
and unknown never satisfies a demand.
"""

from reprollm.card.card import Card, card_of
from reprollm.card.catalogue import Catalogue, load_catalogue
from reprollm.card.demand import Demand, unmet

__all__ = ["Card", "Catalogue", "Demand", "card_of", "load_catalogue", "unmet"]
