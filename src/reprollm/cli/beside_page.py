"""Two arms side by side, as tables and as JSON; `reprollm compare` shows them."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from reprollm.conclusions.beside import Beside, Side
    from reprollm.conclusions.parted import Parted

_SHOWN = 20


def show(found: Beside) -> None:
    """Print scores, the answers that part, and what differs around the arms, in that order."""
    from reprollm.cli.terminal import console, safe, table
    from reprollm.conclusions.wording import pair_lines

    out = console()
    names = _name(found.of), _name(found.against)
    if found.scores:
        out.print(safe(f"{names[0]} against {names[1]}, paired by item"), soft_wrap=True)
        for each in found.scores:
            for line in pair_lines("", each):
                out.print(safe(line), soft_wrap=True)
    if found.parted:
        columns = ("item", "seed", ">token", ">margin", ">character", *names)
        shown = found.parted[:_SHOWN]
        title = f"Answers that differ ({len(shown)} of {len(found.parted)} shown)"
        out.print(table(title, columns, map(_cells, shown)))
    if found.causes:
        rows = [(c.fact, c.first[:60], c.second[:60]) for c in found.causes[:_SHOWN]]
        title = "What else differs, most likely cause first"
        out.print(table(title, ("fact", *names), rows))
    out.print(sentence(found))
    if found.withheld:
        out.print(f"withheld, and not compared: {safe(', '.join(found.withheld))}")


def sentence(found: Beside) -> str:
    """Return in one sentence how many answers are the same."""
    both = found.same + len(found.parted)
    alone = f"; {found.alone} have no counterpart" if found.alone else ""
    return f"{found.same} of {both} answers to the same items have the same text{alone}"


def to_json(found: Beside) -> dict[str, object]:
    """Return two arms side by side as plain values."""
    return {
        "of": _side(found.of),
        "against": _side(found.against),
        "comparisons": list(found.scores),
        "same": found.same,
        "alone": found.alone,
        "differing": [asdict(each) for each in found.parted],
        "causes": [asdict(cause) for cause in found.causes],
        "withheld": list(found.withheld),
    }


def _side(side: Side) -> dict[str, object]:
    return {"ledger": str(side.ledger), **side.arm.to_json()}


def _name(side: Side) -> str:
    from reprollm.conclusions.wording import arm

    named = arm({"model": side.arm.model, "cell": side.arm.cell})
    return named if side.arm.model else f"{named} ({side.ledger.name})"


def _cells(found: Parted) -> tuple[str, ...]:
    return (
        found.item,
        found.seed or "",
        "" if found.token is None else str(found.token),
        "" if found.margin is None else f"{found.margin:.3g}",
        str(found.character),
        found.of,
        found.against,
    )
