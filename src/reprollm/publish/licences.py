"""Which licence what part of a bundle has: what is known, by SPDX identifier or by digest.

A custom model licence has no SPDX identifier; its text's digest is the fact, and `LicenseRef-…`
names it (SPDX 2.3, section 10.1). What a model card declares is a claim and told as one.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from reprollm.bundles.members import Measured
from reprollm.card import Card, card_of
from reprollm.card.subject import of_record

PATH = "LICENSES/README.md"
OWN = "Apache-2.0"
# Spellings of the Hugging Face hub that differ from the SPDX identifier by more than case.
_SPDX = {
    name.lower(): name
    for name in (
        "Apache-2.0", "MIT", "BSD-2-Clause", "BSD-3-Clause", "ISC", "MPL-2.0", "Unlicense",
        "CC0-1.0", "CC-BY-2.0", "CC-BY-3.0", "CC-BY-4.0", "CC-BY-SA-3.0", "CC-BY-SA-4.0",
        "CC-BY-NC-4.0", "CC-BY-NC-SA-4.0", "CC-BY-ND-4.0", "CC-BY-NC-ND-4.0", "ODbL-1.0",
        "PDDL-1.0", "ODC-By-1.0", "AFL-3.0", "EUPL-1.1", "EUPL-1.2", "WTFPL", "Zlib", "ECL-2.0",
    )
}  # fmt: skip


@dataclass(frozen=True)
class Licensed:
    """One part of a bundle, or something it speaks of, and its licence.

    Attributes:
        what: the part, in words.
        spdx: SPDX identifier, `LicenseRef-…`, or None where nothing is stated.
        text: path in the bundle, or in the model's snapshot, of the licence's text, or None.
        sha256: digest of that text, hex, or None.
        note: where this is known from.
    """

    what: str
    spdx: str | None
    text: str | None
    sha256: str | None
    note: str


def spdx_of(declared: str | None, name: str) -> str | None:
    """Return the SPDX identifier that a declared licence means, or `LicenseRef-<name>`."""
    if declared is None:
        return None
    return _SPDX.get(declared.lower()) or reference(name)


def reference(name: str) -> str:
    """Return a `LicenseRef-` identifier: letters, digits, dots and hyphens."""
    return "LicenseRef-" + re.sub(r"[^A-Za-z0-9.-]+", "-", name).strip("-")


def experiment_licences(
    files: Sequence[str], declared: str | None, measured: dict[str, Measured]
) -> list[Licensed]:
    """Return the licences of an experiment's files: its licence texts, and what it declares."""
    found = [
        Licensed(
            f"files in {path.rpartition('/')[0]}/",
            _SPDX.get(declared.lower()) if declared and path.count("/") == 1 else None,
            path,
            measured[path].sha256,
            "licence text in the experiment's folder",
        )
        for path in files
        if path in measured
    ]
    if declared and not any(item.spdx for item in found):
        spdx = spdx_of(declared, declared)
        found.insert(0, Licensed("experiment/", spdx, None, None, "declared in CITATION.cff"))
    if not found:
        found.append(Licensed("experiment/", None, None, None, "the experiment states none"))
    return found


def model_licences(snapshots: Sequence[dict[str, Any]]) -> list[Licensed]:
    """Return the licence of each model that the log names; no weights are in a bundle."""
    found = []
    for snapshot in snapshots:
        facts = snapshot["facts"].get("licence") or {}
        card = card_of(of_record(snapshot))
        spdx = card.licence.identity
        if spdx is None and facts.get("sha256"):
            spdx = reference(snapshot["name"])
        what = f"model {snapshot['name']} (snapshot {snapshot['snapshot'][:16]})"
        found.append(Licensed(what, spdx, facts.get("file"), facts.get("sha256"), _known(card)))
    return found


def _known(card: Card) -> str:
    """Say where a model's licence is known from, its class, and its conditions."""
    entry = card.licence.entry
    conditions = [f"{each.about}: {each.text}" for each in entry.conditions] if entry else []
    parts = (f"{card.licence.evidence}; class {card.licence.kind}", *conditions)
    return ". ".join(part.rstrip(".") for part in parts)


def page(parts: Sequence[Licensed]) -> bytes:
    """Return `LICENSES/README.md`."""
    lines = [
        "# Licences",
        "",
        "What is known of the licences of the parts of this bundle, and of the models that the",
        "experiment used. The models themselves are not in it. Where nothing is stated, nothing is",
        "granted: ask the authors.",
        "",
        "| what | licence | text | SHA-256 of the text | known from |",
        "| --- | --- | --- | --- | --- |",
    ]
    for part in parts:
        cells = (part.what, part.spdx or "not stated", part.text, part.sha256, part.note)
        lines.append("| " + " | ".join(_cell(cell) for cell in cells) + " |")
    return ("\n".join(lines) + "\n").encode()


def own() -> Licensed:
    """Return the licence of what reprollm itself adds to a bundle."""
    return Licensed(
        "verify.py, verify.sql, SPEC.md, SCORES.md, CONCLUSIONS.md, workflow/, environment/pinned/",
        OWN,
        "LICENSES/Apache-2.0.txt",
        None,
        "reprollm's own licence",
    )


def _cell(text: str | None) -> str:
    return (text or "").replace("|", "\\|").replace("\n", " ")
