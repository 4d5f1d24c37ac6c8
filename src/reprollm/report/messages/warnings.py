"""Sentences that warn of what a reader must not overlook."""

from __future__ import annotations

WORDS = (
    ("warnings", "Warnings", "Warnungen"),
    ("warning", "The scores carry the warning {code}.", "Die Werte tragen die Warnung {code}."),
    ("warning.identical-passes",
     "{arm}: repetitions: {asked}, different ones: {distinct}; the others are the same answers "
     "again and count once, so n is not what it seems.",
     "{arm}: Wiederholungen: {asked}, davon verschieden: {distinct}; die anderen sind dieselben "
     "Antworten noch einmal und zählen einmal, n ist also nicht, was es scheint."),
    ("warning.sign-depends-on-aggregation",
     "{arm}: whether {score} is an improvement or a loss depends on how items are aggregated.",
     "{arm}: Ob {score} Gewinn oder Verlust ist, hängt davon ab, wie über die Fälle gemittelt "
     "wird."),
    ("warning.ranking-depends-on-aggregation",
     "{arm}: by another usual aggregation of {score} the arms rank otherwise.",
     "{arm}: Nach einer anderen üblichen Aggregation von {score} ist die Rangfolge der Arme eine "
     "andere."),
    ("warning.no-variation",
     "{arm}: {score} is the same for all items or documents, so its interval has no width; this "
     "does not mean that the value is certain.",
     "{arm}: {score} ist bei allen Fällen oder Dokumenten gleich, das Intervall hat daher keine "
     "Breite; das heißt nicht, dass der Wert sicher ist."),
    ("warning.runaway",
     "{arm}: {runaway} of {total} answers were cut off at their limit of tokens; they are counted.",
     "{arm}: {runaway} von {total} Antworten wurden an der Token-Grenze abgeschnitten; sie zählen "
     "mit."),
    ("warning.unparsed",
     "{arm}: from {unparsed} of {total} answers no result could be read; they count as wrong.",
     "{arm}: Aus {unparsed} von {total} Antworten ließ sich kein Ergebnis lesen; sie zählen als "
     "falsch."),
)  # fmt: skip
