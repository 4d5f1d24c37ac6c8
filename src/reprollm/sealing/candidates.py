"""The texts that the tests of twins and canaries compare: what was published, and what might be.

Every candidate of an item stands in the same row: the published row, with the cells of the version
in place of the published ones. Whoever renders an item renders each candidate alike.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from reprollm.errors import CommitmentMismatch
from reprollm.sealing.seal import Seal
from reprollm.sealing.secrets import Secrets

TWIN, CANARY = "twin", "canary"


@dataclass(frozen=True)
class Candidate:
    """One of several texts of which one was published by lot.

    Attributes:
        set: `twin` or `canary`.
        subject: item id, or the canary's name.
        variant: its index in the seal.
        cells: for a twin the whole row with this version in it; for a canary the text in the
            canaries' column.
        text: the text of a canary; None for a twin, which is rendered from `cells`.
        commitment: what the seal commits to it with, hex.
        published: whether it is the one that was published; the others are sealed and never leave
            the machine.
    """

    set: str
    subject: str
    variant: int
    cells: Mapping[str, str]
    text: str | None
    commitment: str
    published: bool


def candidates(
    seal: Seal, secrets: Secrets, rows: Mapping[str, Mapping[str, str]]
) -> Iterator[Candidate]:
    """Yield the candidates: twins in the order of the published rows, then canaries; by variant.

    Args:
        seal: the seal.
        secrets: what opens it, checked against it (`load_secrets`).
        rows: the published rows by item id.

    Raises:
        CommitmentMismatch: a published row is not the version that the seal says.
    """
    if seal.twins and secrets.twins:
        for group, (item, versions) in zip(seal.twins.items, secrets.twins.items, strict=True):
            shown = dict(versions[group.published].cells)
            row = rows.get(item, {})
            if any(row.get(column) != text for column, text in shown.items()):
                raise CommitmentMismatch(
                    f"expected variant {group.published} of item {item!r:.80} in the data file, "
                    "found another text; use the published file that belongs to the seal"
                )
            for variant, version in enumerate(versions):
                cells = {**row, **dict(version.cells)}
                commitment, published = group.variants[variant], variant == group.published
                yield Candidate(TWIN, item, variant, cells, None, commitment, published)
    if seal.canaries and secrets.canaries:
        column = seal.canaries.column
        for group, (name, texts) in zip(seal.canaries.sets, secrets.canaries.sets, strict=True):
            for variant, each in enumerate(texts):
                commitment, published = group.variants[variant], variant == group.published
                cells = {column: each.text}
                yield Candidate(CANARY, name, variant, cells, each.text, commitment, published)


def sealed_texts(
    seal: Seal, secrets: Secrets
) -> Iterator[tuple[str, str, int, tuple[str, ...], str]]:
    """Yield (set, subject, variant, texts, commitment) of all that was sealed and not published.

    `texts` are the cells of a twin that differ from the published ones, or the text of a canary.
    """
    if seal.twins and secrets.twins:
        for group, (item, versions) in zip(seal.twins.items, secrets.twins.items, strict=True):
            shown = versions[group.published].cells
            for variant, version in enumerate(versions):
                if variant != group.published:
                    texts = tuple(cell[1] for cell in version.cells if cell not in shown)
                    yield TWIN, item, variant, texts, group.variants[variant]
    if seal.canaries and secrets.canaries:
        for group, (name, each) in zip(seal.canaries.sets, secrets.canaries.sets, strict=True):
            for variant, canary in enumerate(each):
                if variant != group.published:
                    yield CANARY, name, variant, (canary.text,), group.variants[variant]


def require_published(seal: Seal, sha256: str) -> None:
    """Raise unless `sha256` is that of the data file that was sealed.

    For whoever is about to work on a data file, or to send it: the file that the variants were
    drawn from is private, and easily taken for the published one.

    Raises:
        CommitmentMismatch: it is another file.
    """
    if sha256 != seal.data.sha256:
        raise CommitmentMismatch(
            f"expected the published data file of the seal {seal.name!r:.80} (SHA-256 "
            f"{seal.data.sha256[:16]}…), found {sha256[:16]}…; name the file that `reprollm "
            "dataset seal` wrote, not the one that it read"
        )
