"""Refuses a `tokenizer.json` that would take unbounded time or memory, before it is loaded.

The tokenizers library runs what the file says: a chain of replacements may multiply a prompt's
length at each step, and an id may claim a table of billions. The file's own size, nesting and
numbers are bounded here, and the product of what its replacements can multiply.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NoReturn

from reprollm.errors import SnapshotRefused

MOST_BYTES = 256 << 20
MOST_ID = 1 << 24
MOST_NUMBER = 1 << 31
MOST_GROWTH = 1 << 10
"""So many times longer than its text a prompt may become by all replacements together."""

MOST_SPECIAL = 1 << 10
"""So many tokens may be added around a prompt."""


def check_tokenizer_file(folder: Path) -> None:
    """Raise `SnapshotRefused` when the folder's `tokenizer.json` is out of bounds."""
    check_one(folder / "tokenizer.json")


def check_one(file: Path) -> None:
    """Raise `SnapshotRefused` when a file of the tokenizers library is out of bounds."""
    if not file.is_file():
        return
    size = file.stat().st_size
    if size > MOST_BYTES:
        _refuse(file, f"at most {MOST_BYTES} bytes", f"{size}")
    try:
        value = json.loads(file.read_bytes())
    except (ValueError, RecursionError) as error:
        _refuse(file, "JSON", f"{error!s:.200}")
    if not isinstance(value, dict):
        _refuse(file, "a JSON object", type(value).__name__)
    _check_numbers(file, value)
    growth = math.prod(_growths(value.get("normalizer")))
    if growth > MOST_GROWTH:
        _refuse(
            file,
            f"replacements that lengthen a text at most {MOST_GROWTH} times",
            "a chain of them that lengthens it more",
        )
    added = value.get("post_processor")
    if len(json.dumps(added)) > MOST_SPECIAL * 100:
        _refuse(file, f"a post_processor that adds at most {MOST_SPECIAL} tokens", "a longer one")


def _check_numbers(file: Path, value: dict[str, Any]) -> None:
    model = value.get("model")
    vocabulary = model.get("vocab") if isinstance(model, dict) else None
    ids = list(vocabulary.values()) if isinstance(vocabulary, dict) else []
    added = value.get("added_tokens")
    if isinstance(added, list):
        ids += [token.get("id") for token in added if isinstance(token, dict)]
    for number in ids:
        if type(number) is not int or not 0 <= number < MOST_ID:
            _refuse(file, f"token ids below {MOST_ID}", f"{number!a:.40}")
    for name in ("normalizer", "pre_tokenizer", "post_processor", "decoder", "truncation"):
        for number in _numbers(value.get(name)):
            if abs(number) > MOST_NUMBER:
                _refuse(file, f"numbers up to {MOST_NUMBER} in {name}", f"{number!a:.40}")


def _growths(normalizer: Any) -> Iterator[int]:
    """Yield how many times longer each replacement of a normalizer can make a text."""
    for part in _objects(normalizer):
        content = part.get("content")
        if part.get("type") != "Replace" or not isinstance(content, str):
            continue
        pattern = part.get("pattern")
        text = pattern.get("String") if isinstance(pattern, dict) else None
        if isinstance(text, str) and text:
            yield max(1, -(-len(content) // len(text)))
        else:
            yield len(content) + 1


def _objects(value: Any) -> Iterator[dict[str, Any]]:
    pending = [value]
    while pending:
        item = pending.pop()
        if isinstance(item, dict):
            yield item
            pending += item.values()
        elif isinstance(item, list):
            pending += item


def _numbers(value: Any) -> Iterator[int | float]:
    pending = [value]
    while pending:
        item = pending.pop()
        if isinstance(item, dict):
            pending += item.values()
        elif isinstance(item, list):
            pending += item
        elif isinstance(item, int | float):
            yield item


def _refuse(file: Path, expected: str, found: str) -> NoReturn:
    raise SnapshotRefused(
        f"expected {expected} in {file}, found {found}; no tokenizer needs more, take the model "
        "from its original source"
    )
