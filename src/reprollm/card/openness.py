"""How open a model is by the European Open Source AI Index, dimension by dimension.

The Index rates systems `open`, `partial` or `closed` in twelve dimensions (until March 2026 in
fourteen). The newest rating of a dimension stands; where twelve dimensions no longer say anything
of one, the last rating of fourteen does.
"""

from __future__ import annotations

from reprollm.card.entries import GROUPS, RATINGS, Form, Rated, Rating


def rating(rated: Rated, name: str) -> tuple[Rating, Form] | None:
    """Return the rating of a dimension, or the less open one of a group, and where it stands.

    Args:
        rated: the system.
        name: one of `DIMENSIONS` or `GROUPS`.

    Returns:
        None where the Index says nothing of it.
    """
    found = [_one(rated, dimension) for dimension in GROUPS.get(name, (name,))]
    known = [each for each in found if each is not None]
    if len(known) != len(found):
        return None
    return max(known, key=lambda each: RATINGS.index(each[0]))


def at_least(found: Rating, wanted: Rating) -> bool:
    """Say whether a rating is as open as the one that is wanted."""
    return RATINGS.index(found) <= RATINGS.index(wanted)


def _one(rated: Rated, dimension: str) -> tuple[Rating, Form] | None:
    for form in sorted(rated.forms, key=lambda form: form.date, reverse=True):
        if dimension in form.ratings:
            return form.ratings[dimension], form
    return None
