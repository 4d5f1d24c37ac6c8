"""A small German data set, its further variants, and its seal, for tests to use and to break."""

from __future__ import annotations

import csv
import hashlib
import io
from collections.abc import Callable
from dataclasses import dataclass

from reprollm.sealing.make import Random, Sealed, make
from reprollm.sealing.seal import Seal, parse_seal
from reprollm.sealing.secrets import Secrets, parse_secrets
from reprollm.sealing.table import Format, Table
from reprollm.sealing.wish import Further, Wish

COLUMNS = ("id", "source", "reference")
CREATED = "2026-01-31T09:46:00.123Z"
FORM = Format()
ROWS = (
    {"id": "a", "source": "Ein alter Mañn gieng über die Brücke.", "reference": "1"},
    {"id": "b", "source": 'Sie ſprach: "Ja, gewiß."\r\nDann gieng ſie.', "reference": "2"},
    {"id": "c", "source": "Über den Fluß führte kein Weg", "reference": "3"},
    {"id": "d", "source": "Der Müller klagte, die Bauern lachten", "reference": "4"},
    {"id": "e", "source": "  Die Ernte mißriet\rin jenem Jahr ", "reference": "5"},
    {"id": "f", "source": "Der Türmer ſah das Feuer zuerſt", "reference": "6"},
)
VERSIONS = {
    "a": [{"source": "Die Brücke überſchritt ein Greis."}, {"source": "Ein Greis gieng hinüber."}],
    "c": [{"source": "Kein Weg führte über den Fluß"}],
    "d": [
        {"source": "Es klagte der Müller, es lachten die Bauern"},
        {"source": "Während der Müller klagte, lachten die Bauern"},
        {"source": "Die Bauern lachten, als der Müller klagte"},
    ],
}
FURTHER = Further(("source",), VERSIONS)
WISH = Wish(FURTHER, order=True, canaries=2, holdbacks=3)


@dataclass(frozen=True)
class Set:
    """A sealed data set, its files read again."""

    made: Sealed
    seal: Seal
    secrets: Secrets
    table: Table


def stream(seed: str) -> Random:
    """Return a source of bytes that a seed fixes, so that a test always sees the same draw."""
    count = 0

    def draw(size: int) -> bytes:
        nonlocal count
        count += 1
        return hashlib.shake_256(f"{seed}/{count}".encode()).digest(size)

    return draw


def sealed(wish: Wish = WISH, random: Random | None = None, form: Format = FORM) -> Set:
    made = make(table(), form, wish, "briefe", CREATED, random or stream("1"))
    return read(made)


def publishing(variant: int, wish: Wish) -> Set:
    """Return a sealed set whose first item with variants is published as this variant."""
    for number in range(100):
        made = sealed(wish, stream(str(number)))
        if made.seal.twins and made.seal.twins.items[0].published == variant:
            return made
    raise AssertionError(f"no draw in 100 gave variant {variant}")


def read(made: Sealed) -> Set:
    seal = parse_seal(made.seal, "seal.json")
    secrets = parse_secrets(made.secrets, "secrets.json")
    return Set(made, seal, secrets, rows_of(made.data, seal.data.form))


def table() -> Table:
    return Table(COLUMNS, ROWS)


def rows_of(data: bytes, form: Format) -> Table:
    text = io.StringIO(data.decode(form.encoding), newline="")
    reader = csv.DictReader(text, delimiter=form.delimiter, strict=True)
    rows = tuple(reader)
    assert reader.fieldnames is not None
    return Table(tuple(reader.fieldnames), rows)


Change = Callable[[dict[str, object]], object]
