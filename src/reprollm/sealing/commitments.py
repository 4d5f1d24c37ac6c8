"""What a seal commits to, with the commitments of `reprollm.records.commitment` and 32-byte salts.

| field | value |
| --- | --- |
| `twin` | canonical JSON of `{"cells": [[column, text], …], "item": id, "variant": index}` |
| `canary` | canonical JSON of `{"canary": name, "text": text, "variant": index}` |
| `twins_seed`, `order_seed`, `canaries_seed` | the 32 bytes of the seed |
"""

from __future__ import annotations

from reprollm.canon import Json, dumps
from reprollm.records.commitment import commit


def commit_twin(salt: bytes, item: str, variant: int, cells: tuple[tuple[str, str], ...]) -> str:
    """Return the commitment to one version of an item: its cells in the order of the columns."""
    named: list[Json] = [[column, text] for column, text in cells]
    return commit("twin", salt, dumps({"cells": named, "item": item, "variant": variant}))


def commit_canary(salt: bytes, name: str, variant: int, text: str) -> str:
    """Return the commitment to one canary."""
    return commit("canary", salt, dumps({"canary": name, "text": text, "variant": variant}))


def commit_seed(kind: str, salt: bytes, seed: bytes) -> str:
    """Return the commitment to the seed of `twins`, `order` or `canaries`."""
    return commit(f"{kind}_seed", salt, seed)
