"""Which cell an experiment means by an arm: what is left out is whatever there is just one of."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, TypeVar

from reprollm.conclusions.answers import Arm
from reprollm.errors import InvalidInput

_PARTS = ("model", "prompt", "sampling")
_Arm = TypeVar("_Arm", bound=Arm)


def arm_meant(arms: Iterable[_Arm], wanted: Mapping[str, Any], where: str) -> _Arm:
    """Return the one arm that `wanted` describes.

    Args:
        arms: those that there are.
        wanted: names by `model`, `prompt` and `sampling`; None fits everything.
        where: what asks for it, for the error.

    Raises:
        InvalidInput: none fits, or more than one does.
    """
    known = list(arms)
    named = {part: wanted[part] for part in _PARTS if wanted.get(part) is not None}
    found = [arm for arm in known if all(getattr(arm, part) == named[part] for part in named)]
    if len(found) == 1:
        return found[0]
    meant = ", ".join(f"{part} {name}" for part, name in named.items()) or "what there is"
    raise InvalidInput(
        f"expected {where} to mean one arm by {meant!a:.120}, found {len(found)}; the arms with "
        f"answers are {'; '.join(map(words, known)) or 'none'}"
    )


def words(arm: Arm) -> str:
    """Return an arm in words."""
    parts = ((part, getattr(arm, part)) for part in _PARTS)
    return ", ".join(f"{part} {name}" for part, name in parts if name is not None)
