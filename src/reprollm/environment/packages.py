"""Installed distributions: name, version, and the hash of the list of their files' hashes.

A wheel's `RECORD` (PyPA, "Recording installed projects") holds the SHA-256 of every file that was
installed. Its own hash therefore tells a locally changed build from the published one of the same
version. It does not see a file that was edited after the installation.
"""

from __future__ import annotations

import hashlib
import importlib.metadata

from reprollm.canon import Json


def package_facts() -> list[Json]:
    """Return `{"name", "version", "record"}` for every distribution on the path, sorted by name.

    `record` is the hex SHA-256 of the distribution's RECORD, null where it has none. Where two
    distributions have one name, the first on the path is the one that is imported and listed.
    """
    found: dict[str, tuple[str, str | None]] = {}
    for distribution in importlib.metadata.distributions():
        metadata = distribution.metadata
        name = metadata["Name"] if metadata is not None else None
        if not name or _normal(name) in found:
            continue
        found[_normal(name)] = (metadata["Version"] or "", _record_hash(distribution))
    return [
        {"name": name, "version": version, "record": record}
        for name, (version, record) in sorted(found.items())
    ]


def _normal(name: str) -> str:
    """Return the normalised name of PEP 503."""
    return name.lower().replace("_", "-").replace(".", "-")


def _record_hash(distribution: importlib.metadata.Distribution) -> str | None:
    text = distribution.read_text("RECORD")
    return hashlib.sha256(text.encode("utf-8", "surrogateescape")).hexdigest() if text else None
