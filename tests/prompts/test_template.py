"""The prompt's template: sandboxed, strict, and only of its own file."""

from __future__ import annotations

from pathlib import Path

import pytest

from experiment_files import ASSETS
from reprollm.errors import TemplateInvalid
from reprollm.prompts.template import PromptTemplate, read_template

CELLS = {"id": "a", "source": "vnd er", "with space": "x", "items": "y"}


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "prompt.jinja"


def template(file: Path, source: str) -> PromptTemplate:
    file.write_text(source, encoding="utf-8")
    return read_template(file, list(CELLS))


def render(file: Path, source: str) -> str:
    return template(file, source).render("a", CELLS, [{"source": "e1"}, {"source": "e2"}])


@pytest.mark.parametrize(
    ("source", "prompt"),
    [
        ("Alt: {{ source }}\nNeu:\n", "Alt: vnd er\nNeu:"),
        ("Alt: {{ source }}\nNeu:\n\n", "Alt: vnd er\nNeu:\n"),
        ("{{ item['with space'] }}{{ item['items'] }}", "xy"),
        (
            "{% for e in examples %}\n  {{ e.source }}\n{% endfor %}\n{{ source }}",
            "  e1\n  e2\nvnd er",
        ),
        ("{{ source | upper }} {{ examples | length }}", "VND ER 2"),
        ("{{ item | tojson }}", '{"id": "a", "source": "vnd er", "with space": "x", "items": "y"}'),
        ("{{ '<&\"' }} ſ", '<&" ſ'),
        ("{% set n = 3 %}{{ n }} {{ n / 2 }}", "3 1.5"),
    ],
)
def test_a_prompt_is_what_the_template_says(file: Path, source: str, prompt: str) -> None:
    assert render(file, source) == prompt


DEFECTS = {
    "missing_column_template": "found 'sorce'; did you mean 'source'?",
    "unclosed_template": "line",
    "including_template": "found another one loaded in line 1",
    "bom_template": "byte order mark",
}


@pytest.mark.parametrize(("defect", "sentence"), DEFECTS.items())
def test_a_defect_is_found_before_any_item_is_rendered(defect: str, sentence: str) -> None:
    file = ASSETS / defect / "prompts" / "prompt.jinja"
    with pytest.raises(TemplateInvalid) as refused:
        read_template(file, list(CELLS))
    assert sentence in str(refused.value)
    assert str(file) in str(refused.value)


FAILURES = {
    "missing_field_template": "no attribute 'sorce'; the columns are 'id', 'source'",
    "escaping_template": "unsafe",
    "empty_prompt_template": "found it empty",
    "failing_template": "line 1, for item 'a': ZeroDivisionError",
}


@pytest.mark.parametrize(("defect", "sentence"), FAILURES.items())
def test_a_failure_names_the_item(defect: str, sentence: str) -> None:
    compiled = read_template(ASSETS / defect / "prompts" / "prompt.jinja", list(CELLS))
    with pytest.raises(TemplateInvalid) as refused:
        compiled.render("a", CELLS, [])
    assert sentence in str(refused.value)
    assert "item 'a'" in str(refused.value)


@pytest.mark.parametrize(
    "source",
    [
        "{{ ''.__class__ }}",
        "{{ source.__class__.__base__.__subclasses__() }}",
        "{{ ''['__class__'] }}",
        "{{ source | attr('__class__') }}",
        "{{ '{0.__class__}'.format(source) }}",
        "{{ range.__globals__ }}",
        "{{ namespace.__init__.__globals__ }}",
        "{{ self._TemplateReference__context }}",
        "{% for x in (1,).__class__.mro() %}{% endfor %}x",
        "{{ examples.append(1) }}",
        "{{ item.clear() }}",
        "{{ item.update({'source': 'x'}) }}",
        "{{ range(999999999) | list | length }}",
        "{% import 'os' as os %}x",
        "{% from 'os' import path %}x",
        "{% extends 'base' %}x",
        "{% include source %}x",
        "{{ ['a', 'b'] | random }}",
        "{{ lipsum() }}",
        "{{ open('/etc/passwd') }}",
        "{{ examples }}",
        "{{ range }}",
        "{{ none }}",
        "{% for " * 30,
        "{{ " + "(" * 5000 + " }}",
    ],
)
def test_what_a_prompt_does_not_need_is_refused(file: Path, source: str) -> None:
    with pytest.raises(TemplateInvalid) as refused:
        render(file, source)
    assert "\n" not in str(refused.value)


def test_twenty_five_nested_loops_are_refused(file: Path) -> None:
    with pytest.raises(TemplateInvalid):
        render(file, "{% for x in examples %}" * 25 + "x" + "{% endfor %}" * 25)


def test_other_encodings_are_refused(file: Path) -> None:
    file.write_bytes("Größe: {{ source }}".encode("cp1252"))
    with pytest.raises(TemplateInvalid, match="byte 0xf6 at offset 2"):
        read_template(file, list(CELLS))


def test_line_ends_of_windows_give_the_same_prompt(file: Path) -> None:
    unix = render(file, "Alt: {{ source }}\nNeu:\n")
    file.write_bytes(b"Alt: {{ source }}\r\nNeu:\r\n")
    assert read_template(file, list(CELLS)).render("a", CELLS, []) == unix


def test_a_cell_is_never_a_template(file: Path) -> None:
    cells = CELLS | {"source": "{{ 1 + 1 }}"}
    assert template(file, "{{ source }}").render("a", cells, []) == "{{ 1 + 1 }}"
