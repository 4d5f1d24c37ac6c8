"""Validation errors as sentences: what was expected, what was found, in which file and line."""

from __future__ import annotations

import re
from collections.abc import Mapping
from types import UnionType
from typing import Annotated, Any, Union, get_args, get_origin

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from reprollm.errors import ExperimentInvalid
from reprollm.experiment.document import Document, KeyPath
from reprollm.experiment.words import listed, meant


def refusal(
    error: ValidationError, model: type[BaseModel], document: Document
) -> ExperimentInvalid:
    """Return the error for the first thing that is wrong, unknown keys before all others."""
    details = error.errors(include_url=False)
    first = min(details, key=lambda d: (d["type"] != "extra_forbidden", document.line(d["loc"])))
    where = f"in {document.path}, line {document.line(first['loc'])}"
    more = f" ({len(details) - 1} more wrong after it)" if len(details) > 1 else ""
    return ExperimentInvalid(_sentence(first, model, where) + more)


def _sentence(detail: ErrorDetails, model: type[BaseModel], where: str) -> str:
    path = detail["loc"]
    if detail["type"] == "extra_forbidden":
        known = _keys(model, path[:-1])
        found = str(path[-1])
        return (
            f"expected only the keys {listed(known, 20)}{_inside(path[:-1])}, found the unknown "
            f"key {found!r:.80} {where}{meant(found, known)}"
        )
    if detail["type"] == "missing":
        return f"expected the key {path[-1]!r}{_inside(path[:-1])}, found none {where}; add it"
    if detail["type"] in ("union_tag_invalid", "union_tag_not_found"):
        return _unknown_kind(detail, where)
    if detail["type"] == "value_error":
        problem, _, advice = str(detail["ctx"]["error"]).partition("; ")
        return f"{problem}{_at(path)} {where}" + (f"; {advice}" if advice else "")
    return _generic(detail, where)


def _unknown_kind(detail: ErrorDetails, where: str) -> str:
    """Return the sentence for a section whose `kind` is missing or none of those there are."""
    at = _inside(detail["loc"])
    if detail["type"] == "union_tag_not_found":
        return f"expected the key 'kind'{at}, found none {where}; add it"
    context = detail["ctx"]
    known = re.findall(r"'([^']*)'", str(context["expected_tags"]))
    found = str(context["tag"])
    return f"expected a kind among {listed(known)}{at}, found {found!r:.80} {where}" + meant(
        found, known
    )


def _generic(detail: ErrorDetails, where: str) -> str:
    expected = re.sub(r"^Input should be (a valid )?", "", detail["msg"])
    expected = re.sub(r"^(greater|less) than", r"a number \1 than", expected)
    words = re.findall(r"'([^']*)'", expected) if detail["type"] == "literal_error" else []
    hint = meant(str(detail["input"]), words)
    return f"expected {expected}, found {_shown(detail['input'])}{_at(detail['loc'])} {where}{hint}"


def _shown(value: Any) -> str:
    if isinstance(value, Mapping):
        return "a mapping"
    if isinstance(value, tuple):
        return "a list"
    return (
        "nothing" if value is None else f"{value!r:.80}" if isinstance(value, str) else f"{value}"
    )


def _inside(path: KeyPath) -> str:
    return f" in {_dotted(path)!r}" if path else ""


def _at(path: KeyPath) -> str:
    return f" at {_dotted(path)!r}" if path else ""


def _dotted(path: KeyPath) -> str:
    return ".".join(str(part) for part in path)


def _keys(model: type[BaseModel], path: KeyPath) -> list[str]:
    """Return the keys that `model` knows at `path`, as the file writes them."""
    for place, part in enumerate(path):
        fields = {field.alias or name: field for name, field in model.model_fields.items()}
        if part not in fields:
            continue
        sections = _sections(fields[str(part)].annotation)
        kinds = path[place + 1 : place + 2]
        named = (section for section in sections if kinds and _kind(section) == kinds[0])
        model = next(named, next(iter(sections), model))
    return [field.alias or name for name, field in model.model_fields.items()]


def _sections(annotation: Any) -> list[type[BaseModel]]:
    """Return the sections that a field can hold, be it optional, or the values of a mapping."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    if get_origin(annotation) in (dict, tuple, Union, UnionType, Annotated):
        return [each for argument in get_args(annotation) for each in _sections(argument)]
    return []


def _kind(section: type[BaseModel]) -> Any:
    """Return the value of `kind` by which a section is told from others; None without one."""
    field = section.model_fields.get("kind")
    return next(iter(get_args(field.annotation)), None) if field else None
