"""Models and prompts as factors: one unnamed, or several by name, and arms that name them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from reprollm.experiment.words import listed, meant


def one_of(factor: str, single: object, several: Mapping[str, Any]) -> None:
    """Raise `ValueError` unless a factor is given once, and no two of its levels are alike.

    Args:
        factor: `model` or `prompt`; several are given as `models` or `prompts`.
        single: the section that stands alone, or None.
        several: the sections by name.
    """
    if (single is None) == (not several):
        found = "none" if single is None else "both"
        raise ValueError(f"expected {factor} or {factor}s, found {found}; write one of the two")
    seen: list[tuple[Any, str]] = []
    for name, section in several.items():
        same = next((other for known, other in seen if known == section), None)
        if same is not None:
            raise ValueError(
                f"expected different {factor}s, found {same!r} and {name!r} alike; remove one"
            )
        seen.append((section, name))


def check_arms(
    arm: Mapping[str, str | None], levels: Mapping[str, Mapping[str, Any]], where: str
) -> None:
    """Raise `ValueError` where an arm names what is not there, or leaves open which is meant.

    Args:
        arm: the level by factor; None where it is left out.
        levels: the levels that each factor has; none of a factor that has just one, unnamed.
        where: what the arm stands in, for the message.
    """
    for factor, known in levels.items():
        said = arm[factor]
        if said is None and len(known) > 1:
            raise ValueError(
                f"expected {where} to name the {factor} of its arm ({listed(known)}), found none"
            )
        if said is not None and said not in known:
            raise ValueError(
                f"expected {where} to name a {factor} of the experiment "
                f"({listed(known) or 'which has one, without a name'}), found {said!r:.80}"
                + meant(said, known)
            )
