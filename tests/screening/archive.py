"""Items as an archive's inventory might hold them: templates with slots, drawn by lot."""

from __future__ import annotations

import random
from collections.abc import Sequence

SYLLABLES = "ba ber dorf el fried ga hei in kar lo ma no ost rie sel tan ul wer zim".split()
TEMPLATES = (
    "Im Jahr {year} kaufte {name} in {place} {count} Morgen Land.",
    "Brief aus {place}, {year}: {name} bittet um {count} Gulden.",
    "{name} von {place} stiftete {count} Kerzen für das Kloster.",
    "Frage: Wer zahlte {count} Gulden? Antwort: {name} aus {place}.",
    "Der Rat zu {place} nahm {name} im Jahr {year} als Bürger auf.",
    "Von {count} Fuder Wein lieferte {name} nur die Hälfte nach {place}.",
)


def lexicon(seed: int, size: int) -> list[str]:
    draw = random.Random(seed)
    return ["".join(draw.choices(SYLLABLES, k=3)).capitalize() for _ in range(size)]


NAMES, PLACES = lexicon(1, 120), lexicon(2, 60)


def items(
    draw: random.Random,
    count: int,
    templates: Sequence[str] = TEMPLATES,
    names: Sequence[str] = NAMES,
    sentences: int = 2,
) -> list[str]:
    """Return items of a few sentences each."""
    return [
        " ".join(
            draw.choice(templates).format(
                year=draw.randint(1400, 1899),
                name=draw.choice(names),
                place=draw.choice(PLACES),
                count=draw.randint(2, 99),
            )
            for _ in range(sentences)
        )
        for _ in range(count)
    ]
