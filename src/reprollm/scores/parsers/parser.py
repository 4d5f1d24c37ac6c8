"""From an output to an answer, as the section `answer` of an experiment declares it.

The definition is docs/scores.md, What becomes of an output.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

from reprollm.errors import InvalidInput
from reprollm.experiment.answer_schema import checked_schema
from reprollm.experiment.normalisation import STEPS, normalised
from reprollm.experiment.patterns import compiled
from reprollm.scores.parsers.answer import Mention, Parsed, Texts
from reprollm.scores.parsers.json_object import at_path, conforms, first_object
from reprollm.scores.parsers.labels import Labels
from reprollm.scores.parsers.mentions import lines_of, located, tokens_of
from reprollm.scores.parsers.searching import search
from reprollm.scores.parsers.tags import mentions_of, tags_of_output, tags_of_reference

VERSIONS: Mapping[str, str] = {
    "text": "text/1",
    "regex": "regex/1",
    "json": "json/1",
    "labels": "labels/1",
    "tags": "tags/1",
    "mentions": "mentions/1",
}
LONGEST_OUTPUT = 100_000
Found: TypeAlias = "str | tuple[Mention, ...] | None"


@dataclass(frozen=True)
class Parser:
    """What turns outputs into answers.

    Attributes:
        kind: a name among `VERSIONS`.
        steps: how texts are normalised.
        refusals: what makes an output a refusal.
        labels: the labels that an answer may be; None where it may be anything.
        pattern: of the parser `regex`.
        field: path of the parser `json`.
        schema: what the object of the parser `json` must conform to.
    """

    kind: str = "text"
    steps: tuple[str, ...] = ()
    refusals: tuple[re.Pattern[str], ...] = ()
    labels: Labels | None = None
    pattern: re.Pattern[str] | None = None
    field: str = ""
    schema: Mapping[str, Any] | None = None

    @property
    def version(self) -> str:
        """Return name and version, such as `labels/1`."""
        return VERSIONS[self.kind]

    @property
    def finds_mentions(self) -> bool:
        """Return whether answers are mentions, not texts."""
        return self.kind in ("tags", "mentions")

    def parse(self, output: str, reference: str = "", source: str = "") -> Parsed:
        """Return what becomes of an output.

        Args:
            output: what the model said.
            reference: the right tags, for parsers of mentions.
            source: the tokens, for the parser `mentions`.

        Raises:
            InvalidInput: a pattern could not be searched in time.
        """
        if not output.strip():
            return Parsed("empty")
        if any(search(pattern, output) for pattern in self.refusals):
            return Parsed("refused")
        said = output if self.kind == "text" else output[:LONGEST_OUTPUT]
        if self.finds_mentions:
            answer = self._mentions(said, reference, source)
        else:
            answer = self._answer(self._found(said))
        return Parsed("unparsed") if answer is None else Parsed("answered", answer)

    def texts(self, output: str, reference: str, source: str = "") -> Texts:
        """Return one answer as measures see it; raise as `parse` does."""
        parsed = self.parse(output, reference, source)
        if self.finds_mentions:
            return Texts(output, parsed, reference, source)
        if parsed.status == "answered" and isinstance(parsed.value, str):
            held = parsed.value
        else:
            held = normalised(output, self.steps)
        return Texts(held, parsed, self._reference(reference), normalised(source, self.steps))

    def _found(self, output: str) -> str | None:
        """Return the part of an output that is the answer, as it stands there."""
        if self.pattern is not None:
            match = search(self.pattern, output)
            if match is None:
                return None
            group: str | int = "answer" if "answer" in self.pattern.groupindex else 1
            found = match[group if self.pattern.groups else 0]
            return found if isinstance(found, str) else None
        if self.kind == "json":
            whole = first_object(output)
            if whole is None or (self.schema is not None and not conforms(whole, self.schema)):
                return None
            return at_path(whole, self.field)
        return output

    def _answer(self, found: str | None) -> Found:
        """Return an answer in its normal form, or as the label that it is."""
        if found is None:
            return None
        if self.labels is None:
            answer = normalised(found, self.steps)
            return answer if answer.strip() else None
        label = self.labels.find(found)
        if label is None and self.kind == "labels":
            label = self.labels.find(found.lstrip().split("\n", 1)[0])
        return label

    def _mentions(self, output: str, reference: str, source: str) -> Found:
        """Return the mentions of an output, where they are in the source."""
        if self.kind == "mentions":
            lines = lines_of(output)
            tokens = tokens_of(source, reference) or []
            return located(lines, tokens, self.steps) if lines else None
        tags, expected = tags_of_output(output), tags_of_reference(reference)
        if tags is None or (expected is not None and len(tags) != len(expected)):
            return None
        return tuple(mentions_of(tags))

    def _reference(self, reference: str) -> str:
        label = self.labels.find(reference) if self.labels is not None else None
        return normalised(reference, self.steps) if label is None else label


def parser(settings: Mapping[str, Any] | None) -> Parser:
    """Return the parser that the section `answer` of a plan declares; `text` without one.

    Raises:
        InvalidInput: the section is none that an experiment can declare.
    """
    if settings is None:
        return Parser()
    try:
        return _parser(settings)
    except (ValueError, TypeError, KeyError, RecursionError) as error:
        raise InvalidInput(f"expected the section answer of an experiment, found {error}") from None


def parse(settings: Mapping[str, Any] | None, output: str) -> Parsed:
    """Return what becomes of one output by the section `answer` of a plan."""
    return parser(settings).parse(output)


def _parser(settings: Mapping[str, Any]) -> Parser:
    kind = settings.get("parser", "text")
    if kind not in VERSIONS:
        raise ValueError(f"a parser {kind!r:.40}")
    steps = tuple(settings.get("normalise") or ())
    if not set(steps) <= STEPS.keys():
        raise ValueError(f"steps of normalise {steps!r:.80}")
    labels, schema = settings.get("labels"), settings.get("schema")
    return Parser(
        kind,
        steps,
        tuple(compiled(pattern) for pattern in settings.get("refusals") or ()),
        Labels.of(labels, steps) if labels else None,
        compiled(settings["pattern"]) if kind == "regex" else None,
        settings["field"] if kind == "json" else "",
        None if schema is None else checked_schema(_schema(schema)),
    )


def _schema(schema: object) -> object:
    """Return a schema, which stands in a plan as JSON text."""
    return json.loads(schema) if isinstance(schema, str) else schema
