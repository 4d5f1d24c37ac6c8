"""Which GGUF files of a folder are one model: a single file, or all parts of a split one.

A model that was split (`llama-gguf-split`) has files `<name>-00001-of-00003.gguf`; each says its
number (`split.no`, from 0), how many there are (`split.count`) and how many tensors they hold
together (`split.tensors.count`). The metadata stands in the first. A folder that holds several
models is refused, since it would be unclear which of them answers.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import NoReturn

from reprollm.errors import SnapshotRefused
from reprollm.snapshot.gguf import GgufHeader, Value

SPLIT_KEYS = ("split.no", "split.count", "split.tensors.count")
MAX_PARTS = 10_000
_PART = re.compile(r"(?P<stem>.+)-(?P<number>\d{5})-of-(?P<count>\d{5})\.gguf\Z", re.IGNORECASE)


@dataclass(frozen=True)
class GgufModel:
    """A model in one or several GGUF files.

    Attributes:
        files: the headers by path, in the order of the parts.
        header: the model's metadata without the `split.*` keys, and the tensors of all files;
            their places count within each one's own file.
    """

    files: Mapping[str, GgufHeader]
    header: GgufHeader

    @property
    def first(self) -> str:
        """Path of the file that a program is told to open."""
        return next(iter(self.files))


def siblings(name: str) -> list[str]:
    """Return the names of all parts of the split model that the file `name` is a part of.

    Only its own name where that is no part's.
    """
    match = _PART.match(name)
    if match is None or not 0 < int(match["count"]) <= MAX_PARTS:
        return [name]
    count = int(match["count"])
    ending = name[match.end("count") :]
    return [f"{match['stem']}-{part:05d}-of-{count:05d}{ending}" for part in range(1, count + 1)]


def join(headers: Mapping[str, GgufHeader]) -> GgufModel:
    """Return the one model that GGUF files hold.

    Args:
        headers: all GGUF files of a snapshot by path.

    Raises:
        SnapshotRefused: they hold several models, a part is missing, or parts disagree.
    """
    first = min(headers)
    count = headers[first].integer("split.count")
    if len(headers) == 1 and (count is None or count == 1):
        return GgufModel(dict(headers), _whole(headers))
    expected = siblings(first) if len(siblings(first)) > 1 else [first]
    for path in sorted(headers.keys() - set(expected)):
        raise SnapshotRefused(
            f"expected one GGUF model, found {expected[0]} and {path}; pin the file that is meant "
            "by its own path, or leave the other out with --exclude"
        )
    for path in sorted(set(expected) - headers.keys()):
        _refuse(first, f"its other part {path}", "no such file")
    if count is None and len(expected) == 1:
        _refuse(first, "one GGUF file", str(len(headers)))
    for number, path in enumerate(expected):
        _check_part(path, headers[path], number, len(expected))
    ordered = {path: headers[path] for path in expected}
    _check_agree(ordered)
    return GgufModel(ordered, _whole(ordered))


def _check_part(path: str, header: GgufHeader, number: int, count: int) -> None:
    for key, expected in (("split.no", number), ("split.count", count)):
        if header.integer(key) != expected:
            _refuse(path, f"{key} {expected}", str(header.integer(key)))


def _check_agree(ordered: Mapping[str, GgufHeader]) -> None:
    first = next(iter(ordered))
    common = ordered[first].metadata
    tensors = sum(len(header.tensors) for header in ordered.values())
    for path, header in ordered.items():
        declared = header.integer("split.tensors.count")
        if declared != tensors:
            _refuse(path, f"split.tensors.count {tensors}, as its parts hold", str(declared))
        for key, value in header.metadata.items():
            if key not in SPLIT_KEYS and common.get(key) != value:
                _refuse(path, f"{key!a} as in {first}", "another value")


def _whole(ordered: Mapping[str, GgufHeader]) -> GgufHeader:
    home: dict[str, str] = {}
    for path, header in ordered.items():
        for tensor in header.tensors:
            other = home.setdefault(tensor.name, path)
            if other != path:
                _refuse(path, "every tensor once", f"{tensor.name!a} here and in {other}")
    metadata: dict[str, Value] = {
        key: value
        for key, value in next(iter(ordered.values())).metadata.items()
        if key not in SPLIT_KEYS
    }
    tensors = tuple(tensor for header in ordered.values() for tensor in header.tensors)
    if not tensors:
        _refuse(next(iter(ordered)), "weights", "a file without tensors")
    return GgufHeader(metadata, tensors)


def _refuse(path: str, expected: str, found: str) -> NoReturn:
    raise SnapshotRefused(
        f"{path} is not a whole GGUF model: expected {expected}, found {found}; complete the "
        "download"
    )
