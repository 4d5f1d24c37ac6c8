"""Loads the data files of this package, and says which version of them was used."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from importlib import resources
from importlib.resources.abc import Traversable

from pydantic import TypeAdapter

from reprollm.canon import digest
from reprollm.card.entries import Family, Index, LicenceEntry, Licences, Rated, Version


@dataclass(frozen=True)
class Catalogue:
    """All that is known of licences, families and ratings.

    `version` is a digest over the data files: a card that was made from other data has another.
    """

    version: str
    licences: tuple[LicenceEntry, ...]
    families: tuple[Family, ...]
    index: Index

    def licence(self, identity: str) -> LicenceEntry | None:
        """Return the licence of an SPDX identifier or `LicenseRef-…`, None for an unknown one."""
        return next((entry for entry in self.licences if entry.id == identity), None)

    def rated(self, version: Version) -> Rated | None:
        """Return the rating of a version, None where the Index never rated it."""
        found = (system for system in self.index.systems if system.model == version.rated)
        return next(found, None) if version.rated else None


@cache
def load_catalogue() -> Catalogue:
    """Return the catalogue that comes with this release."""
    folder = resources.files("reprollm.card") / "data"
    files = sorted(_files(folder), key=lambda file: file.name)
    contents = {file.name: file.read_bytes() for file in files}
    families = [name for name in contents if name not in ("index.json", "licences.json")]
    parts = [part for name, content in contents.items() for part in (name.encode(), content)]
    return Catalogue(
        version=digest("reprollm/card-data/v1", *parts),
        licences=TypeAdapter(Licences).validate_json(contents["licences.json"]).licences,
        families=tuple(TypeAdapter(Family).validate_json(contents[name]) for name in families),
        index=TypeAdapter(Index).validate_json(contents["index.json"]),
    )


def _files(folder: Traversable) -> list[Traversable]:
    here = [entry for entry in folder.iterdir() if entry.name.endswith(".json")]
    return [*here, *(folder / "families").iterdir()]
