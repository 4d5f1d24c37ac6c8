"""The documents of a samples file of lm-evaluation-harness, each with its filters' lines."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from reprollm.errors import InvalidInput
from reprollm.unattested.outside import (
    MAX_JSON_BYTES,
    MAX_SAMPLES,
    canonical,
    items_of,
    name_of,
    number_of,
    parse_object,
    shown,
    text_of,
)

_OWN = frozenset(
    "doc_id doc target arguments resps filtered_resps filter metrics doc_hash prompt_hash "
    "target_hash".split()
)


@dataclass
class Document:
    """One document as its first line gives it, with the scores of all its lines.

    Attributes:
        row: the first line.
        filters: the filters that have a line.
        scores: name and value of each number that the lines claim, named as the results name it.
    """

    row: dict[str, Any]
    filters: set[str] = field(default_factory=set)
    scores: list[dict[str, str]] = field(default_factory=list)

    @property
    def requests(self) -> list[dict[str, Any]]:
        """The arguments of its requests as `arg_0`, `arg_1`, whichever way they were written."""
        value = self.row["arguments"]
        if isinstance(value, dict):
            return [part for part in value.values() if isinstance(part, dict)]
        return [
            {f"arg_{place}": argument for place, argument in enumerate(part)}
            for part in (value if isinstance(value, list) else ())
            if isinstance(part, list)
        ]

    @property
    def prompt(self) -> str | None:
        """The one context of its requests; None where there are several or none."""
        contexts = [request.get("arg_0") for request in self.requests]
        if not contexts or any(context != contexts[0] for context in contexts):
            return None
        context = contexts[0]
        return canonical(context) if isinstance(context, dict | list) else text_of(context)

    @property
    def reference(self) -> str | None:
        """The one accepted answer; None where there are several or none."""
        target = self.row.get("target")
        accepted = target if isinstance(target, list) else [target]
        return text_of(accepted[0]) if len(accepted) == 1 else None

    @property
    def responses(self) -> list[str | None]:
        """The texts that answer its one request, one for each repetition."""
        groups = items_of(self.row, "resps")
        group = groups[0] if len(groups) == 1 and isinstance(groups[0], list) else []
        return [text_of(text) if isinstance(text, str) else None for text in group] or [None]

    @property
    def likelihoods(self) -> list[str]:
        """The log-likelihoods of the texts that it gives, in their order."""
        firsts = [group[0] for group in items_of(self.row, "resps") if _is_filled(group)]
        return [name_of(pair[0] if _is_filled(pair) else pair) or "" for pair in firsts]


def documents(path: Path, on_samples: Callable[[int], None]) -> list[Document]:
    """Return the documents of a file of samples, in the order of their first lines.

    Raises:
        InvalidInput: a line is no sample, is there twice, or disagrees with one of its document.
    """
    found: dict[str, Document] = {}
    for number, line in _lines(path):
        row = parse_object(line, f"line {number} of {path}")
        name, kind = number_of(row.get("doc_id")), name_of(row.get("filter")) or "none"
        if name is None or "resps" not in row or "arguments" not in row:
            raise InvalidInput(
                f"expected a sample of lm-evaluation-harness in line {number} of {path}, found an "
                f"object with {shown(sorted(row))}"
            )
        document = found.setdefault(name, Document(row))
        if kind in document.filters:
            raise InvalidInput(
                f"expected document {name} once for each filter in {path}, found it again in line "
                f"{number}"
            )
        if row["resps"] != document.row["resps"]:
            raise InvalidInput(
                f"expected the same responses under all filters of document {name} in {path}, "
                f"found others in line {number}"
            )
        document.filters.add(kind)
        document.scores += _scores(row, kind)
        on_samples(1)
    if not found:
        raise InvalidInput(f"expected samples in {path}, found none")
    return list(found.values())


def _lines(path: Path) -> Iterator[tuple[int, bytes]]:
    with path.open("rb") as file:
        for number, line in enumerate(iter(lambda: file.readline(MAX_JSON_BYTES + 1), b""), 1):
            if len(line) > MAX_JSON_BYTES or number > MAX_SAMPLES:
                raise InvalidInput(
                    f"expected at most {MAX_SAMPLES} lines of {MAX_JSON_BYTES} bytes in {path}, "
                    f"found more at line {number}"
                )
            if line.strip():
                yield number, line


def _scores(row: dict[str, Any], kind: str) -> Iterator[dict[str, str]]:
    for metric in sorted(row.keys() - _OWN):
        name, value = name_of(f"{metric},{kind}"), number_of(row[metric])
        if name is not None and value is not None:
            yield {"name": name, "value": value}


def _is_filled(value: Any) -> bool:
    return isinstance(value, list) and bool(value)
