"""Writes `docs/models.md` from the data files: `python -m reprollm.card.page > docs/models.md`."""

from __future__ import annotations

import sys

from reprollm.card.catalogue import Catalogue, load_catalogue
from reprollm.card.entries import DIMENSIONS, LEFT_OUT_IN_2026, Cutoff, Rated, Source, Version
from reprollm.card.openness import rating

_HEAD = """\
# What is known of models

This page is made from the data in `src/reprollm/card/data` by `python -m reprollm.card.page`.
`reprollm model show LOCK` shows the card of a pinned model; an experiment can make demands:

```yaml
require:
  licence: permissive            # or community, research-only: so free or freer
  openness: {training_data: open, training_code: partial}
  osaid: meets
  cutoff_before: 2024-06         # newest declared training data, by month
```

A model that does not meet them is refused before the plan is made, with what was found and its
source. **Unknown never satisfies a demand**, and what is known of a base says nothing of a model
derived from it.

A snapshot is matched to a version by the repository that its lock names (where it was fetched, or
the hub's cache from which it was pinned) if its architecture agrees, or, as derived from it, by the
base that its model card, GGUF header, adapter configuration or record of a merge names; never by a
folder's name. Its licence is recognised by the
text in the snapshot, word by word, then by how the text begins, then by what the model card claims,
then by the family's documents. None of this is legal advice.

## Fetching a model

```sh
reprollm model fetch ORG/NAME@COMMIT              # from the Hugging Face hub
reprollm model fetch ORG/NAME@COMMIT --from modelscope --into models/name
```

The commit is a full one: `main`, tags and short ids are refused, with the commit that they mean at
that moment where the hub can say it. Weights in safetensors or GGUF and small files are fetched;
pickles, code and other large files are left out and listed. `--include '*Q4_K_M*'` takes some of
the weights only, `--exclude` leaves files out. Every file is checked against the hub's own digest
(SHA-256 of large files, Git blob id of the others; ModelScope: SHA-256), and `NAME.lock.json` is
written beside the folder. Until all is whole the folder is called `NAME.partial`; a killed command
goes on where it stopped. It is the only command that uses a network without an experiment that
allows it, and everything after it works offline. The package for it is in the extra `hub`.

`HF_ENDPOINT` names a mirror of the hub and `MODELSCOPE_DOMAIN` another domain of ModelScope;
`HF_TOKEN` and `MODELSCOPE_API_TOKEN` are sent to that host alone, and stand in no record or
message. Files above 50 GB are only in the hub's Xet storage, which is not spoken here: fetch such
a model with the hub's own tool and pin the folder.

The digests are the hub's word. A mirror that lies throughout is caught only by comparing the
snapshot id with one that somebody else got elsewhere; that is what a published lock is for.

*Not verified against the real hubs*: where this was made they are out of reach. The tests run
against stand-ins on loopback that serve the interfaces as the libraries of the two hubs use them
(huggingface_hub 2.4, modelscope of 2025).

## What is in the tables

Classes of licences: *permissive* (any use, with at most attribution), *community* (any use except
under conditions), *research-only* (no commercial use). Facts marked † were not seen in the document
itself, but reported by another; `?` is unknown.

"""


def page(catalogue: Catalogue) -> str:
    """Return the page."""
    return _HEAD + _families(catalogue) + _licences(catalogue) + _openness(catalogue)


def _families(catalogue: Catalogue) -> str:
    lines = [
        "## Families",
        "",
        "| family | version | licence | class | training data open | weights open | OSAID | cutoff "
        "|",
        "| --- | --- | --- | --- | --- | --- | --- | --- |",
    ]
    for family in catalogue.families:
        for version in family.versions:
            cells = (family.family, version.name, *_version(version, catalogue))
            lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines) + "\n\n"


def _version(version: Version, catalogue: Catalogue) -> tuple[str, ...]:
    granted, osaid = version.licence, version.osaid
    entry = catalogue.licence(granted.id) if granted else None
    rated = catalogue.rated(version)
    return (
        granted.id.removeprefix("LicenseRef-") + _mark(granted.source) if granted else "?",
        entry.kind if entry else "?",
        _rating(rated, "training_data"),
        _rating(rated, "weights"),
        osaid.verdict + _mark(osaid.source) if osaid else "?",
        _month(version.cutoff),
    )


def _rating(rated: Rated | None, name: str) -> str:
    found = rating(rated, name) if rated else None
    return found[0] if found else "?"


def _month(cutoff: Cutoff | None) -> str:
    if cutoff is None:
        return "?"
    later = f", tuning {cutoff.later}" if cutoff.later else ""
    return cutoff.month + later + _mark(cutoff.source)


def _mark(source: Source) -> str:
    return "" if source.sure == "read" else "†"


def _licences(catalogue: Catalogue) -> str:
    lines = ["## Licences and the conditions that people trip over", ""]
    for entry in catalogue.licences:
        lines.append(f"- **{entry.name}** (`{entry.id}`), {entry.kind}{_mark(entry.source)}")
        lines += [f"    - {each.about}: {each.text}" for each in entry.conditions]
    return "\n".join(lines) + "\n\n"


def _openness(catalogue: Catalogue) -> str:
    index = catalogue.index
    names = [name for name in DIMENSIONS if name not in LEFT_OUT_IN_2026]
    lines = [
        "## Openness by the European Open Source AI Index",
        "",
        f"{index.name}, doi:[{index.doi}](https://doi.org/{index.doi}), {index.repository} at",
        f"commit `{index.commit}` of {index.date}. It rates a family by its newest and largest",
        "model; ratings of earlier models are from its history, the commits are in the data. Since",
        "March 2026 it rates twelve dimensions; `package` and `api` are known for earlier ratings.",
        "",
        "| rated model | " + " | ".join(name.replace("_", " ") for name in names) + " |",
        "| --- |" + " --- |" * len(names),
    ]
    for system in index.systems:
        cells = [_rating(system, name) for name in names]
        lines.append(f"| {system.model} | " + " | ".join(cells) + " |")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    sys.stdout.write(page(load_catalogue()))
