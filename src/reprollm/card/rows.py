"""A card as rows of two cells, for a table on a terminal or a page; texts are as they stand."""

from __future__ import annotations

from reprollm.card.card import Card
from reprollm.card.entries import DIMENSIONS, RATINGS, Source
from reprollm.card.openness import rating


def rows(card: Card) -> list[tuple[str, str]]:
    """Return the card's rows: what, and what is known of it with its source."""
    return [
        ("model", _model(card)),
        *(("", remark) for remark in card.remarks),
        *_licence(card),
        *_openness(card),
        ("OSAID", _osaid(card)),
        ("training cutoff", _cutoff(card)),
        ("card data", f"version {card.data[:16]}; {_REMINDER}"),
    ]


def summary(card: Card) -> str:
    """Return the card in one line: licence and class, training data, cutoff."""
    licence = f"licence {card.licence.identity or 'unknown'} ({card.licence.kind})"
    if not card.own:
        return f"{licence}; openness and training cutoff unknown"
    found = rating(card.rated, "training_data") if card.rated else None
    data = f"{found[0]} (European Open Source AI Index)" if found else "not rated"
    cutoff = card.cutoff.latest if card.cutoff else "unknown"
    return f"{licence}; training data {data}; training cutoff {cutoff}"


_REMINDER = "what no source says is unknown, and none of this is legal advice"


def _model(card: Card) -> str:
    found = card.match
    if found is None:
        return "unknown: nothing in the lock says which one this is"
    return f"{found.relation} {found.version.name} of {found.developer}: {found.evidence}"


def _licence(card: Card) -> list[tuple[str, str]]:
    licence = card.licence
    lines = [("licence", f"{licence.identity or 'none named'} ({licence.evidence})")]
    others = ", ".join(f"{other.id} ({other.kind})" for other in licence.others)
    if others:
        lines.append(("", f"other evidence names {others}; the stricter class stands"))
    lines.append(("class", licence.kind))
    if licence.text:
        lines.append(("licence text", f"{licence.text.path}, SHA-256 {licence.text.sha256}"))
    if licence.entry:
        conditions = [f"{each.about}: {each.text}" for each in licence.entry.conditions]
        lines += [("condition", text) for text in conditions]
        lines.append(("known from", _source(licence.entry.source)))
    return lines


def _openness(card: Card) -> list[tuple[str, str]]:
    if card.rated is None:
        return [("openness", "unknown: not rated by the European Open Source AI Index")]
    newest = max(card.rated.forms, key=lambda form: form.date)
    whose = "" if card.own else " (of its base)"
    found = {name: rating(card.rated, name) for name in DIMENSIONS}
    lines = [
        (
            "openness",
            f"European Open Source AI Index{whose}, as it rates {card.rated.model}: "
            f"{newest.file} at commit {newest.commit[:12]} of {newest.date}",
        )
    ]
    for value in RATINGS:
        names = [
            name.replace("_", " ") + _age(known[1].date, newest.date)
            for name, known in found.items()
            if known and known[0] == value
        ]
        lines += [(value, ", ".join(names))] if names else []
    return lines


def _age(date: str, newest: str) -> str:
    return "" if date == newest else f" ({date})"


def _osaid(card: Card) -> str:
    if card.osaid is None:
        return "unknown"
    whose = "" if card.own else "its base "
    return f"{whose}{card.osaid.verdict}: {card.osaid.note} ({_source(card.osaid.source)})"


def _cutoff(card: Card) -> str:
    if card.cutoff is None:
        return "unknown"
    cutoff = card.cutoff
    later = f", later stages {cutoff.later}" if cutoff.later else ""
    note = f", {cutoff.note}" if cutoff.note else ""
    whose = "" if card.own else " for its base; what came after it is unknown"
    return f"{cutoff.month}{later} declared{whose}{note} ({_source(cutoff.source)})"


def _source(source: Source) -> str:
    seen = "" if source.sure == "read" else "; not seen in the document itself"
    return f"{source.document}, {source.date}{seen}"
