"""The words of the statement, in English and German; numbers and names are put in by the caller."""

from __future__ import annotations

from collections.abc import Mapping

LANGUAGES = ("en", "de")

WORDS: Mapping[str, Mapping[str, str]] = {
    "en": {
        "not_sent": "Of the {items} items of {name}, none was sent off the machine by the recorded "
        "runs.",
        "sent": "Of the {items} items of {name}, {with_gold} were sent with their gold answers and "
        "{without_gold} without, by the recorded runs ({sent} of {items}).",
        "beside": "{beside} further items were sent as examples in prompts, {with_gold} of them "
        "with their gold answers.",
        "endpoint": "To {address} ({server}), {with_gold} with gold and {without_gold} without, "
        "{period}; {policy}.",
        "on": "on {first}",
        "between": "between {first} and {last}",
        "no_policy": "no policy on inputs is on record",
        "policy": "policy on training with inputs: {trains}; retention: {days}; {url}, retrieved "
        "{retrieved} (SHA-256 {sha256})",
        "policy_digest": "policy on record by its SHA-256 {sha256} only",
        "days": "{days} days",
        "days_unknown": "not said",
        "no": "not used",
        "opt_out": "used unless opted out",
        "yes": "used",
        "unknown": "not said",
        "pinned": "For {model} (weights pinned by hash, {released}, {cutoff}): {public} items were "
        "shown to be public by the release, {later} were proved to be created after it.",
        "hosted": "For {model} (no fixed weights, {cutoff}): {public} items were shown to be "
        "public; no date can rule out that it was trained on them.",
        "released": "released by {day}",
        "not_released": "release not shown",
        "cutoff": "claimed cutoff {month}",
        "no_cutoff": "no cutoff claimed",
        "temporal": "Going by time alone, for {model}: {fields}.",
        "field": "{field}: {verdicts}",
        "expected": "expected",
        "possible": "possible",
        "unlikely": "unlikely",
        "impossible_by_time": "impossible by time",
        "unknown_verdict": "unknown",
        "source_text": "source text",
        "question": "question",
        "gold": "gold",
        "rationale": "rationale",
        "outside_yes": "Use outside the tool is declared: yes ({uses}).",
        "outside_no": "Use outside the tool is declared: no.",
        "outside_undeclared": "Use outside the tool is not declared: this covers recorded runs "
        "only.",
        "use": "{where}, {service}, {period}",
        "use_undated": "{where}, {service}",
        "from": "from {first}",
        "browser": "browser",
        "api": "API",
        "co_authors": "co-authors",
        "annotation_tool": "annotation tool",
        "translation": "translation",
        "search": "search",
        "other": "other",
        "close": "Sending, publication and time say what a model can have seen, never what it was "
        "trained on.",
    },
    "de": {
        "not_sent": "Von den {items} Einträgen von {name} hat in den aufgezeichneten Läufen keiner "
        "den Rechner verlassen.",
        "sent": "Von den {items} Einträgen von {name} wurden in den aufgezeichneten Läufen "
        "{with_gold} mit Goldantwort und {without_gold} ohne verschickt ({sent} von {items}).",
        "beside": "{beside} weitere Einträge wurden als Beispiele in Prompts verschickt, davon "
        "{with_gold} mit Goldantwort.",
        "endpoint": "An {address} ({server}): {with_gold} mit Goldantwort und {without_gold} ohne, "
        "{period}; {policy}.",
        "on": "am {first}",
        "between": "zwischen {first} und {last}",
        "no_policy": "Bedingungen zu Eingaben sind nicht aufgezeichnet",
        "policy": "Eingaben fürs Training: {trains}; Aufbewahrung: {days}; {url}, abgerufen "
        "{retrieved} (SHA-256 {sha256})",
        "policy_digest": "Bedingungen nur mit ihrem SHA-256 {sha256} aufgezeichnet",
        "days": "{days} Tage",
        "days_unknown": "nicht angegeben",
        "no": "nicht verwendet",
        "opt_out": "verwendet, sofern nicht widersprochen",
        "yes": "verwendet",
        "unknown": "nicht angegeben",
        "pinned": "Für {model} (Gewichte durch Hash festgelegt, {released}, {cutoff}): {public} "
        "Einträge waren bei der Veröffentlichung der Gewichte nachweislich öffentlich, {later} "
        "sind nachweislich danach entstanden.",
        "hosted": "Für {model} (keine festen Gewichte, {cutoff}): {public} Einträge waren "
        "nachweislich öffentlich; kein Datum schließt aus, dass damit trainiert wurde.",
        "released": "veröffentlicht spätestens {day}",
        "not_released": "Veröffentlichung nicht belegt",
        "cutoff": "angegebener Datenstand {month}",
        "no_cutoff": "kein Datenstand angegeben",
        "temporal": "Allein nach der Zeit, für {model}: {fields}.",
        "field": "{field}: {verdicts}",
        "expected": "zu erwarten",
        "possible": "möglich",
        "unlikely": "unwahrscheinlich",
        "impossible_by_time": "zeitlich unmöglich",
        "unknown_verdict": "unbekannt",
        "source_text": "Quelltext",
        "question": "Frage",
        "gold": "Goldantwort",
        "rationale": "Begründung",
        "outside_yes": "Verwendung außerhalb des Werkzeugs ist erklärt: ja ({uses}).",
        "outside_no": "Verwendung außerhalb des Werkzeugs ist erklärt: nein.",
        "outside_undeclared": "Zur Verwendung außerhalb des Werkzeugs ist nichts erklärt: dies "
        "gilt nur für aufgezeichnete Läufe.",
        "use": "{where}, {service}, {period}",
        "use_undated": "{where}, {service}",
        "from": "ab {first}",
        "browser": "Browser",
        "api": "API",
        "co_authors": "Mitautor:innen",
        "annotation_tool": "Annotationswerkzeug",
        "translation": "Übersetzung",
        "search": "Suche",
        "other": "anderes",
        "close": "Versand, Veröffentlichung und Zeit sagen, was ein Modell gesehen haben kann, "
        "nie, womit es trainiert wurde.",
    },
}
