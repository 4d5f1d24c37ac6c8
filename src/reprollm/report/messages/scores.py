"""Words around the pictures and the table of scores."""

from __future__ import annotations

WORDS = (
    ("scores", "Scores", "Werte"),
    ("scores.none", "No scores are on record.", "Es sind keine Werte verzeichnet."),
    ("scores.all", "All {n} recorded scores as a table",
     "Alle {n} verzeichneten Werte als Tabelle"),
    ("scores.all.one", "The one recorded score as a table",
     "Der eine verzeichnete Wert als Tabelle"),
    ("scores.within", "By stratum and split", "Nach Stratum und Teilmenge"),
    ("scores.table", "Every recorded score with its aggregation",
     "Jeder verzeichnete Wert mit seiner Aggregation"),
    ("score.plot", "{score}, {aggregation}", "{score}, {aggregation}"),
    ("again", "Asked again", "Noch einmal gefragt"),
    ("again.about",
     "Requests that were answered more than once, in repeated runs or attempts, or in a rerun.",
     "Anfragen, die mehr als einmal beantwortet wurden, in wiederholten Läufen oder Anläufen "
     "oder in einem neuen Lauf."),
    ("again.plot", "Reproduced or not", "Reproduziert oder nicht"),
    ("again.parts", "{same} the same, {differ} different, {once} asked once",
     "{same} gleich, {differ} anders, {once} einmal gefragt"),
    ("level.all", "all", "alle"),
)  # fmt: skip
