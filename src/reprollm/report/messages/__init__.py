"""Every word of the page's own, in English and in German; one module a section.

Each module lists messages as key, English, German. `{name}` is a place for a value; a message whose
value `n` is 1 is taken from `<key>.one` where that exists. What is recorded in a ledger is never
translated.
"""

from __future__ import annotations

from collections.abc import Mapping

from reprollm.report.messages import (
    check,
    columns,
    conclusions,
    contamination,
    frame,
    items,
    measures,
    models,
    provenance,
    scores,
    summary,
    warnings,
)

_MODULES = (
    frame,
    summary,
    warnings,
    conclusions,
    scores,
    measures,
    columns,
    items,
    contamination,
    models,
    provenance,
    check,
)
MESSAGES: Mapping[str, Mapping[str, str]] = {
    key: {"en": english, "de": german}
    for module in _MODULES
    for key, english, german in module.WORDS
}
"""Each message by its key, in both languages."""
