"""Refuses models whose configuration asks for their own Python code.

`auto_map` in a configuration file (transformers, "Custom models") names classes in modules that lie
in the model's repository or in another one, imported under `trust_remote_code`. No engine here ever
allows that; a model that needs it is refused when it is pinned. A model that merely offers code
beside a built-in class can be pinned by leaving that code out explicitly.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fnmatch import fnmatchcase
from typing import Any

from reprollm.errors import SnapshotRefused
from reprollm.snapshot.facts import ReadJson
from reprollm.snapshot.names import is_excluded

_CONFIGURATIONS = "*config*.json"


def refuse_remote_code(read_json: ReadJson, paths: Sequence[str], excluded: Sequence[str]) -> None:
    """Raise `SnapshotRefused` when a configuration names code that was not explicitly excluded.

    Args:
        read_json: returns the JSON object of a file.
        paths: the snapshot's files.
        excluded: the patterns that the user left out, for example `*.py`.
    """
    for path in paths:
        if not fnmatchcase(path.rpartition("/")[2], _CONFIGURATIONS):
            continue
        for reference in _references(read_json(path)):
            module = reference.rpartition("--")[2].partition(".")[0] + ".py"
            if "--" in reference or not is_excluded(module, excluded):
                raise SnapshotRefused(
                    f"expected a model of a built-in class, found auto_map in {path} that asks "
                    f"for code ({reference!a}); if a built-in class fits the weights, leave the "
                    f"code out with --exclude '*.py'"
                )


def _references(value: Any) -> Iterator[str]:
    """Yield the class references of every `auto_map` within a JSON value."""
    pending = [value]
    while pending:
        item = pending.pop()
        if isinstance(item, list):
            pending += item
        elif isinstance(item, dict):
            pending += [inner for key, inner in item.items() if key != "auto_map"]
            if "auto_map" in item:
                yield from _texts(item["auto_map"])


def _texts(value: Any) -> Iterator[str]:
    pending = [value]
    while pending:
        item = pending.pop()
        if isinstance(item, str):
            yield item
        elif isinstance(item, list):
            pending += item
        elif isinstance(item, dict):
            pending += item.values()
