"""YAML 1.2 as plain values that remember where they stood.

A subset that holds no surprises: one document of mappings, sequences and plain scalars. Anchors,
aliases, tags, merge keys, duplicate keys and deep nesting are refused, so that a small file cannot
grow into a large value and nothing is read in two ways. Decimal numbers stay as they were written
(`0.80` is not `0.8`), as `decimal.Decimal`, which keeps trailing zeros; sequences become tuples.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.events import (
    AliasEvent,
    DocumentStartEvent,
    MappingEndEvent,
    MappingStartEvent,
    NodeEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
)
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from reprollm.errors import ExperimentInvalid

MAX_BYTES = 1_000_000
MAX_DEPTH = 16
_PREFIX = "tag:yaml.org,2002:"
_NUMBER = re.compile(r"-?(0|[1-9][0-9]{0,17})(\.[0-9]{1,40})?\Z")

KeyPath = tuple[str | int, ...]


@dataclass(frozen=True)
class Document:
    """A parsed YAML file: its value, its bytes, and the line (from 1) of each key path."""

    path: Path
    content: bytes
    value: Any
    lines: Mapping[KeyPath, int]

    def line(self, path: KeyPath) -> int:
        """Return the line of the longest prefix of `path` that stands in the file."""
        while path not in self.lines:
            path = path[:-1]
        return self.lines[path]


def read_document(path: Path) -> Document:
    """Return the YAML document in `path`.

    Raises:
        ExperimentInvalid: the file cannot be read, is larger than `MAX_BYTES`, is not UTF-8, or is
            not of the subset that the module describes.
    """
    content = _read(path)
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError as error:
        raise ExperimentInvalid(
            f"expected UTF-8 text in {path}, found byte 0x{content[error.start]:02x} at offset "
            f"{error.start}; save the file as UTF-8"
        ) from None
    try:
        _check_events(text, path)
        node = YAML(typ="safe", pure=True).compose(text)
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = mark.line + 1 if mark else 1
        problem = " ".join(str(error.problem or error.context).split())
        raise ExperimentInvalid(f"expected YAML in {path}, line {line}: {problem}") from None
    except (YAMLError, ValueError) as error:
        problem = " ".join(str(error).split())
        raise ExperimentInvalid(f"expected YAML in {path}: {problem}") from None
    if node is None:
        raise ExperimentInvalid(f"expected an experiment in {path}, found an empty file")
    lines: dict[KeyPath, int] = {(): 1}
    return Document(path, content, _value(node, (), lines, path), lines)


def _read(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            content = file.read(MAX_BYTES + 1)
    except OSError as error:
        raise ExperimentInvalid(f"could not read {path}: {error.strerror}") from None
    if len(content) > MAX_BYTES:
        raise ExperimentInvalid(f"expected at most {MAX_BYTES} bytes in {path}, found more")
    return content


def _check_events(text: str, path: Path) -> None:
    depth = documents = 0
    for event in YAML(typ="safe", pure=True).parse(text):
        line = event.start_mark.line + 1
        if isinstance(event, AliasEvent) or (isinstance(event, NodeEvent) and event.anchor):
            raise ExperimentInvalid(
                f"expected no anchors or aliases in {path}, found one in line {line}; "
                "write the value out"
            )
        if isinstance(event, ScalarEvent | MappingStartEvent | SequenceStartEvent) and event.tag:
            raise ExperimentInvalid(
                f"expected no tags in {path}, found {event.tag!s} in line {line}; remove it"
            )
        if isinstance(event, DocumentStartEvent):
            documents += 1
            if event.version not in (None, (1, 2)):
                raise ExperimentInvalid(f"expected YAML 1.2 in {path}, found another version")
        depth += isinstance(event, MappingStartEvent | SequenceStartEvent)
        depth -= isinstance(event, MappingEndEvent | SequenceEndEvent)
        if documents > 1:
            raise ExperimentInvalid(
                f"expected one document in {path}, found another in line {line}"
            )
        if depth > MAX_DEPTH:
            raise ExperimentInvalid(
                f"expected at most {MAX_DEPTH} nested levels in {path}, found more in line {line}"
            )


def _value(node: Node, at: KeyPath, lines: dict[KeyPath, int], path: Path) -> Any:
    if isinstance(node, MappingNode):
        return _mapping(node, at, lines, path)
    lines.setdefault(at, node.start_mark.line + 1)
    if isinstance(node, SequenceNode):
        return tuple(
            _value(child, (*at, index), lines, path) for index, child in enumerate(node.value)
        )
    if not isinstance(node, ScalarNode):
        raise TypeError(f"YAML has no node of type {type(node).__name__}")
    return _scalar(node, path)


def _mapping(
    node: MappingNode, at: KeyPath, lines: dict[KeyPath, int], path: Path
) -> dict[str, Any]:
    lines.setdefault(at, node.start_mark.line + 1)
    values: dict[str, Any] = {}
    for key_node, child in node.value:
        line = key_node.start_mark.line + 1
        if not isinstance(key_node, ScalarNode):
            raise ExperimentInvalid(f"expected a plain key in {path}, line {line}")
        key = str(key_node.value)
        if key in values:
            raise ExperimentInvalid(
                f"expected every key once in {path}, found {key!r} again in line {line}; "
                "remove one of the two"
            )
        lines[(*at, key)] = line
        values[key] = _value(child, (*at, key), lines, path)
    return values


def _scalar(node: ScalarNode, path: Path) -> Any:
    kind = str(node.tag).removeprefix(_PREFIX)
    text = str(node.value)
    if kind == "null":
        return None
    if kind == "bool":
        return text.lower() == "true"
    if kind not in ("int", "float"):
        return text
    if not _NUMBER.match(text):
        raise ExperimentInvalid(
            f"expected a plain decimal number in {path}, line {node.start_mark.line + 1}, found "
            f"{text:.40}; write digits and at most one point, or quote it if it is text"
        )
    return int(text) if kind == "int" else Decimal(text)
