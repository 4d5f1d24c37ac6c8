"""Words of the page's frame, and small words that stand everywhere."""

from __future__ import annotations

WORDS = (
    ("skip", "Skip to the content", "Zum Inhalt springen"),
    ("brand", "Report of an experiment with language models",
     "Bericht über ein Experiment mit Sprachmodellen"),
    ("subtitle",
     "Experiment {experiment}, a ledger of {records} records, report of reprollm {version}",
     "Experiment {experiment}, ein Ledger mit {records} Einträgen, Bericht von reprollm {version}"),
    ("languages", "Language", "Sprache"),
    ("contents", "Contents", "Inhalt"),
    ("footer",
     "One file, no network. Texts from the model and from the data are shown as text, whatever "
     "they contain; characters that act instead of showing are written out.",
     "Eine Datei, kein Netz. Texte aus Modell und Daten werden als Text gezeigt, was immer sie "
     "enthalten; Zeichen, die wirken statt sichtbar zu sein, sind ausgeschrieben."),
    ("nav.summary", "Summary", "Zusammenfassung"),
    ("nav.results", "Results", "Ergebnisse"),
    ("nav.items", "Items", "Einzelfälle"),
    ("nav.contamination", "Contamination", "Kontamination"),
    ("nav.models", "Models", "Modelle"),
    ("nav.prompts", "Prompts and settings", "Prompts und Einstellungen"),
    ("nav.provenance", "Provenance", "Herkunft"),
    ("nav.check", "Check it", "Nachprüfen"),
    ("n", "{n}", "{n}"),
    ("unknown", "unknown", "unbekannt"),
    ("undefined", "undefined", "nicht definiert"),
    ("interval", "{low} to {high}", "{low} bis {high}"),
    ("range", "{first} to {last}", "{first} bis {last}"),
    ("gigabytes", "{size} GB", "{size} GB"),
    ("no.machine", "none", "keine"),
)  # fmt: skip
