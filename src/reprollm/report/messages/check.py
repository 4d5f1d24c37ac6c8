"""Words of the section that says how to check all of it."""

from __future__ import annotations

WORDS = (
    ("check.evidence",
     "This page is a view of the ledger and no evidence. Whoever wants to be sure verifies.",
     "Diese Seite ist eine Ansicht des Ledgers und kein Beleg. Wer sicher sein will, prüft."),
    ("check.bundle",
     "With the bundle that it came with, and Python alone; nothing installed, no network:",
     "Mit dem Bündel, aus dem sie stammt, und Python allein; nichts installiert, kein Netz:"),
    ("check.ledger", "With reprollm and the ledger:", "Mit reprollm und dem Ledger:"),
    ("check.proof", "A proof that one record is in the log; each item names its position:",
     "Ein Beweis, dass ein Eintrag im Log steht; jeder Einzelfall nennt seine Position:"),
    ("check.challenge", "With the weights, on a sample that the author could not foresee:",
     "Mit den Gewichten, an einer Stichprobe, die die Autorin nicht vorhersehen konnte:"),
    ("check.rerun", "With the weights, wholly:", "Mit den Gewichten, vollständig:"),
    ("check.compare", "And compared, request by request:", "Und verglichen, Anfrage für Anfrage:"),
    ("check.checkpoint",
     "The log’s checkpoint: its name, its size, and the root over all its records. Two people "
     "who see the same three lines see the same records.",
     "Der Checkpoint des Logs: sein Name, seine Größe und die Wurzel über alle Einträge. Wer "
     "dieselben drei Zeilen sieht, sieht dieselben Einträge."),
)  # fmt: skip
