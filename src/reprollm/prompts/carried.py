"""Which fields of the items the prompts really carry: found by changing them, not by reading.

A prompt carries a field of an item when another text in its column gives another prompt. So every
column that the template may use is replaced in turn and the prompt rendered again: what a filter
shortened, a condition hid or `item[...]` fetched is judged by what it does. Of examples the column
is replaced in all that a prompt shows. Beside that, the template and the system text are searched
for the items' own texts: an example that was written into the template stands in every prompt.

What this cannot see: an answer that also stands in its source (the source is said to be sent, not
the answer), and a text that was rewritten by hand into the template.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import islice

from reprollm.errors import TemplateInvalid
from reprollm.experiment.config import DataSettings
from reprollm.experiment.data import Row
from reprollm.exposure.carried import Carried
from reprollm.prompts.render import Renderer

LEAST = 20
"""Texts with fewer characters are not searched for in the template: they stand there by chance."""

_MARK = "\u2042"
_AT_ONCE = 64


def find_carried(
    renderer: Renderer,
    rows: Iterable[Row],
    fixed: Sequence[str],
    advance: Callable[[int], object] = lambda items: None,
) -> Carried:
    """Return which fields of which items the prompts of `rows` carry.

    Args:
        renderer: what prompts are made with; the chat template is left out, as it adds around them.
        rows: the items.
        fixed: the texts that stand in every prompt: the template, the system text.
        advance: called with the number of items done since the last call.
    """
    fields = fields_of(renderer.columns)
    prompt: dict[str, set[str]] = {}
    few_shot: dict[str, set[str]] = {}
    always: dict[str, set[str]] = {}
    todo = iter(rows)
    while part := list(islice(todo, _AT_ONCE)):
        for row in part:
            examples = renderer.examples(row)
            prompt[row.id] = _of_item(renderer, row, examples, fields)
            shown = _of_examples(renderer, row, examples, fields)
            for example in examples:
                few_shot.setdefault(example.id, set()).update(shown)
            always[row.id] = _standing(row, fields, fixed)
        advance(len(part))
    for example in renderer.candidates:
        always.setdefault(example.id, set()).update(_standing(example, fields, fixed))
    return Carried(_ordered(prompt), _ordered(few_shot), _ordered(always))


def fields_of(columns: DataSettings) -> Callable[[str], str | None]:
    """Return which field of an item a column holds: None for the id, else a question at least."""
    named: dict[str | None, str] = {
        columns.source: "source_text",
        columns.question: "question",
        columns.reference: "gold",
        columns.rationale: "rationale",
    }
    for column in columns.annotators.values():
        named.setdefault(column, "gold")
    return lambda column: None if column == columns.id else named.get(column, "question")


def _of_item(
    renderer: Renderer,
    row: Row,
    examples: Sequence[Row],
    fields: Callable[[str], str | None],
) -> set[str]:
    found: set[str] = set()
    cells = [example.cells for example in examples]
    before = renderer.template.render(row.id, row.cells, cells)
    for column in _used(renderer, row.cells, "item"):
        field = fields(column)
        if field is None or field in found or not row.cells[column]:
            continue
        if _render(renderer, row, _changed(row.cells, column), cells) != before:
            found.add(field)
    return found


def _of_examples(
    renderer: Renderer,
    row: Row,
    examples: Sequence[Row],
    fields: Callable[[str], str | None],
) -> set[str]:
    found: set[str] = set()
    if not examples or "examples" not in renderer.template.template.names:
        return found
    cells = [example.cells for example in examples]
    before = renderer.template.render(row.id, row.cells, cells)
    for column in cells[0]:
        field = fields(column)
        if field is None or field in found or not any(cell[column] for cell in cells):
            continue
        changed = [_changed(cell, column) for cell in cells]
        if _render(renderer, row, row.cells, changed) != before:
            found.add(field)
    return found


def _used(renderer: Renderer, columns: Iterable[str], whole: str) -> list[str]:
    """Return the columns that the template may use: those it names, or all where it takes all."""
    names = renderer.template.template.names
    return [column for column in columns if whole in names or column in names]


def _changed(cells: Mapping[str, str], column: str) -> dict[str, str]:
    """Return the cells with another text in one column: every line and word of it differs."""
    return {**cells, column: f"{_MARK} {_MARK}{_MARK.join(cells[column])}{_MARK} {_MARK}"}


def _render(
    renderer: Renderer, row: Row, cells: Mapping[str, str], examples: Sequence[Mapping[str, str]]
) -> str | None:
    """Return the prompt, or None where the template fails on the other text: then it uses it."""
    try:
        return renderer.template.render(row.id, cells, examples)
    except TemplateInvalid:
        return None


def _standing(row: Row, fields: Callable[[str], str | None], fixed: Sequence[str]) -> set[str]:
    """Return the fields of a row whose texts, long enough not to be chance, stand in fixed ones."""
    found = set()
    for column, cell in row.cells.items():
        field, text = fields(column), cell.strip()
        if field is not None and len(text) >= LEAST and any(text in each for each in fixed):
            found.add(field)
    if not found:
        return found
    # Beside a text of its own, even a short answer is one that was written into the template.
    return found | {
        field
        for column, cell in row.cells.items()
        if (field := fields(column)) == "gold"
        and cell.strip()
        and any(cell.strip() in each for each in fixed)
    }


def _ordered(found: Mapping[str, set[str]]) -> dict[str, tuple[str, ...]]:
    return {item: tuple(sorted(fields)) for item, fields in found.items() if fields}
