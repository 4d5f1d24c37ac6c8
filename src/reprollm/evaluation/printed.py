"""Numbers as a table prints them, and whether a fraction of ours would be printed so.

A published rate may be the shortest decimal that reads back as the same float, or be rounded, or
cut, to a number of decimals or of significant digits; zeros at the end are often dropped. How many
digits a column prints is taken from the column: the most that any of its cells has, or, where these
are as many as a float has, 15 to 17.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from fractions import Fraction

MISSING = frozenset({"", "nan", "none", "null", "na", "n/a", "-", "<na>"})
_TRUTH = {"true": "1", "false": "0"}
_MOST = 400  # more digits or a larger exponent than any float's are no rate
FLOAT = "as the float itself"
_DOUBLE = (15, 16, 17)  # digits by which programs print a float of 64 bits
NEAR = Fraction(1, 10**9)


@dataclass(frozen=True)
class Cell:
    """A printed number; `value` is None of a missing or infinite one."""

    value: Fraction | None
    decimals: int = 0
    digits: int = 0


@dataclass(frozen=True)
class Printing:
    """How a column may print: so many decimals, so many significant digits."""

    decimals: int
    digits: int


def read_cell(text: str) -> Cell | None:
    """Return what a cell says; None where it is no number and not missing either.

    A decimal comma, a per cent sign and `True` and `False` are understood.
    """
    said = text.strip().removesuffix("%").strip().lower()
    if said in MISSING or said.lstrip("+-") in ("inf", "infinity"):
        return Cell(None)
    said = _TRUTH.get(said, said)
    if said.count(",") == 1 and "." not in said:
        said = said.replace(",", ".")
    try:
        number = Decimal(said)
    except InvalidOperation:
        return None
    exponent = number.as_tuple().exponent
    if not isinstance(exponent, int) or abs(exponent) > _MOST or len(said) > _MOST:
        return None
    significant = len("".join(map(str, number.as_tuple().digits)).lstrip("0"))
    return Cell(Fraction(number), max(0, -exponent), significant)


def printing(cells: Iterable[Cell]) -> Printing:
    """Return the most decimals and the most significant digits of a column's cells."""
    numbers = [cell for cell in cells if cell.value is not None]
    return Printing(
        max((cell.decimals for cell in numbers), default=0),
        max((cell.digits for cell in numbers), default=0),
    )


def ways(cell: Cell, values: Sequence[Fraction], column: Printing) -> frozenset[str]:
    """Return the ways of printing by which one of `values` becomes the cell; none where none does.

    Args:
        cell: a number.
        values: what it could stand for: the exact value, and what floating-point arithmetic makes
            of it.
        column: how many digits the column prints.
    """
    said = cell.value
    if said is None:
        return frozenset()
    found: set[str] = set()
    for value in values:
        if abs(said - value) > NEAR * max(Fraction(1), abs(value)) and column.digits > 9:
            continue
        if float(value) == float(said):
            found.add(FLOAT)
        places = {f"{column.decimals} decimals": Fraction(1, 10**column.decimals)}
        for digits in _DOUBLE if column.digits in _DOUBLE else (column.digits,):
            places[f"{digits} digits"] = _last_digit(value, digits)
        for name, unit in places.items():
            if (said / unit).denominator != 1:
                continue
            if 2 * abs(said - value) <= unit:
                found.add(f"rounded to {name}")
            if 0 <= abs(value) - abs(said) < unit and said * value >= 0:
                found.add(f"cut to {name}")
    return frozenset(found)


def is_near(cell: Cell, values: Sequence[Fraction]) -> bool:
    """Return whether the cell agrees with one of `values` to nine significant digits."""
    said = cell.value
    return said is not None and any(
        abs(said - value) <= NEAR * abs(value) or abs(said - value) <= NEAR / 1000
        for value in values
    )


def _last_digit(value: Fraction, digits: int) -> Fraction:
    """Return the unit of the last of `digits` significant digits of a value."""
    if not value:
        return Fraction(1)
    power = _power(abs(value)) - digits + 1
    return Fraction(10) ** power


def _power(value: Fraction) -> int:
    """Return the largest p with 10^p <= value."""
    power = len(str(value.numerator)) - len(str(value.denominator))
    return power if Fraction(10) ** power <= value else power - 1
