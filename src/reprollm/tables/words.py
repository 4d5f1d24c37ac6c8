"""The words of a table, in English and German; numbers get a decimal comma in German."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import ROUND_HALF_EVEN, Decimal
from typing import Literal, TypeAlias

Language: TypeAlias = Literal["en", "de"]

SCORES: Mapping[str, Mapping[str, str]] = {
    "exact_match": {"en": "Exact match", "de": "Exakte Übereinstimmung"},
    "character_error_rate": {"en": "CER", "de": "Zeichenfehlerrate"},
    "word_error_rate": {"en": "WER", "de": "Wortfehlerrate"},
    "source_character_error_rate": {
        "en": "CER of the source",
        "de": "Zeichenfehlerrate der Quelle",
    },
    "character_error_reduction": {"en": "CER reduction", "de": "Fehlerminderung (Zeichen)"},
    "chrf": {"en": "chrF", "de": "chrF"},
    "bleu": {"en": "BLEU", "de": "BLEU"},
    "rouge_l": {"en": "ROUGE-L", "de": "ROUGE-L"},
    "accuracy": {"en": "Accuracy", "de": "Korrektklassifikationsrate"},
    "precision": {"en": "Precision", "de": "Genauigkeit"},
    "recall": {"en": "Recall", "de": "Trefferquote"},
    "f1": {"en": "F1", "de": "F1"},
    "cohens_kappa": {"en": "Cohen's κ", "de": "Cohens κ"},
    "entity_precision_strict": {"en": "Precision, strict", "de": "Genauigkeit, streng"},
    "entity_recall_strict": {"en": "Recall, strict", "de": "Trefferquote, streng"},
    "entity_f1_strict": {"en": "F1, strict", "de": "F1, streng"},
    "entity_precision_fuzzy": {"en": "Precision, fuzzy", "de": "Genauigkeit, unscharf"},
    "entity_recall_fuzzy": {"en": "Recall, fuzzy", "de": "Trefferquote, unscharf"},
    "entity_f1_fuzzy": {"en": "F1, fuzzy", "de": "F1, unscharf"},
}
AGGREGATIONS: Mapping[str, Mapping[str, str]] = {
    "mean_of_ratios": {"en": "mean of items", "de": "Mittel der Einzelwerte"},
    "ratio_of_means": {"en": "ratio of means", "de": "Quotient der Mittel"},
    "corpus": {"en": "corpus level", "de": "Korpusebene"},
    "micro": {"en": "micro", "de": "mikro"},
    "macro": {"en": "macro", "de": "makro"},
    "label": {"en": "label", "de": "Klasse"},
}
_WORDS: Mapping[str, Mapping[str, str]] = {
    "ledger": {"en": "Experiment", "de": "Experiment"},
    "model": {"en": "Model", "de": "Modell"},
    "prompt": {"en": "Prompt", "de": "Prompt"},
    "sampling": {"en": "Sampling", "de": "Sampling"},
    "stratum": {"en": "Stratum", "de": "Stratum"},
    "split": {"en": "Split", "de": "Teil"},
    "all": {"en": "all", "de": "alle"},
    "snapshot": {"en": "snapshot", "de": "Snapshot"},
    "not quantized": {"en": "not quantized", "de": "nicht quantisiert"},
    "quantized": {"en": "quantized: {0}", "de": "quantisiert: {0}"},
    "trust": {"en": "trust: {0}", "de": "Vertrauen: {0}"},
    "unattested": {
        "en": "unattested, taken in from the log of another tool",
        "de": "unbezeugt, aus dem Protokoll eines anderen Werkzeugs",
    },
    "owned": {"en": "owned", "de": "eigene Gewichte"},
    "attested": {"en": "attested", "de": "bezeugt"},
    "claimed": {"en": "claimed", "de": "nur behauptet"},
    "n": {
        "en": "n counts the answers with a reference.",
        "de": "n zählt die Antworten mit Referenz.",
    },
    "undefined": {
        "en": "{0}: {1} of {2} answers have no value of {3} and are left out of it.",
        "de": "{0}: {1} von {2} Antworten haben keinen Wert ({3}) und bleiben außer Betracht.",
    },
    "bootstrap": {
        "en": "percentile bootstrap over {0} clusters, {1} resamples, seed {2}",
        "de": "Perzentil-Bootstrap über {0} Cluster, {1} Ziehungen, Startwert {2}",
    },
    "wilson": {"en": "Wilson's score interval", "de": "Wilson-Intervall"},
    "intervals": {
        "en": "In brackets: {0} % intervals ({1}).",
        "de": "In Klammern: {0}-%-Intervalle ({1}).",
    },
    "record": {
        "en": "Ledger {0}: {1} records, root {2}.",
        "de": "Ledger {0}: {1} Einträge, Wurzel {2}.",
    },
    "best": {"en": "Bold: the best of the arms.", "de": "Fett: der beste der Arme."},
    "significant": {
        "en": "Superscripts: better than the arm of that letter, p < {0} after Holm's correction "
        "over {1} tests ({2}).",
        "de": "Hochgestellt: besser als der Arm dieses Buchstabens, p < {0} nach Holm-Korrektur "
        "über {1} Tests ({2}).",
    },
    "compared": {
        "en": "{0} ({1}, {2}): {3} against {4}: difference {5}{6}, p = {7} after Holm's correction "
        "over {8} tests ({9}).",
        "de": "{0} ({1}, {2}): {3} gegen {4}: Differenz {5}{6}, p = {7} nach Holm-Korrektur über "
        "{8} Tests ({9}).",
    },
    "sign": {
        "en": "{0}: another usual aggregation has the other sign, in {1} of {2} arms.",
        "de": "{0}: eine andere übliche Zusammenfassung hat das andere Vorzeichen, in {1} von {2} "
        "Armen.",
    },
    "ranking": {
        "en": "{0}: another usual aggregation ranks the rows otherwise.",
        "de": "{0}: eine andere übliche Zusammenfassung ordnet die Zeilen anders.",
    },
    "identical": {
        "en": "In {1} of {2} arms repetitions have identical answers, counted once ({0}).",
        "de": "In {1} von {2} Armen haben Wiederholungen gleiche Antworten; sie zählen einmal "
        "({0}).",
    },
    "constant": {
        "en": "{0}: all items, or documents, give the same value; an interval without width does "
        "not say that it is certain.",
        "de": "{0}: alle Fälle oder Dokumente ergeben denselben Wert; ein Intervall ohne Breite "
        "heißt nicht, dass er sicher ist.",
    },
    "runaway": {
        "en": "{1} of {2} answers ran out of tokens ({0}).",
        "de": "{1} von {2} Antworten brachen an der Längengrenze ab ({0}).",
    },
    "unparsed": {
        "en": "{1} of {2} answers could not be parsed and count as wrong ({0}).",
        "de": "{1} von {2} Antworten waren nicht lesbar und zählen als falsch ({0}).",
    },
    "none": {"en": "–", "de": "–"},
    "position": {"en": "record", "de": "Eintrag"},
    "leaf": {"en": "leaf", "de": "Blatt"},
    "code": {"en": "code", "de": "Code"},
    "checkpoint": {"en": "checkpoint", "de": "Checkpoint"},
    "value": {"en": "value", "de": "Wert"},
    "provenance": {"en": "Where each number stands", "de": "Wo jede Zahl steht"},
}


def word(name: str, language: Language, *parts: str) -> str:
    """Return a word or sentence with its parts filled in."""
    return _WORDS[name][language].format(*parts)


def score_name(name: str, language: Language) -> str:
    """Return what a heading calls a score."""
    known = SCORES.get(name)
    return known[language] if known else name.replace("_", " ")


def aggregation_name(name: str, language: Language) -> str:
    """Return what a heading calls an aggregation."""
    known = AGGREGATIONS.get(name)
    return known[language] if known else name.replace("_", " ")


def decimal(text: str, language: Language) -> str:
    """Return a decimal number as the language writes it."""
    return text.replace(".", ",") if language == "de" else text


def short(text: str, language: Language) -> str:
    """Return a recorded decimal with four significant digits."""
    return decimal(f"{float(text):.4g}", language)


def rounded(value: str, digits: int, language: Language) -> str:
    """Return a recorded decimal with so many decimals, halves to even; never a negative zero."""
    made = Decimal(value).quantize(Decimal(1).scaleb(-digits), rounding=ROUND_HALF_EVEN)
    return decimal(f"{made if made else abs(made):f}", language)
