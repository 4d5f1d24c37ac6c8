"""Templates that never end, grow without bound or reach for Python are refused in one sentence."""

from __future__ import annotations

import os
import resource
from pathlib import Path

import pytest

from reprollm.errors import TemplateInvalid
from reprollm.prompts.bounded import Limits
from reprollm.prompts.chat import ChatTemplate, chat_sandbox, chat_template
from reprollm.prompts.plain import is_plain
from reprollm.prompts.template import read_template
from tiny_models import CHAT_TEMPLATE

LIMITS = Limits(seconds=1, memory=256 << 20, characters=1 << 20)

ENDLESS = {
    "macros that call themselves twice": "{% macro f(n) %}{% if n %}{{ f(n - 1) }}{{ f(n - 1) }}"
    "{% endif %}{% endmacro %}{{ f(60) }}",
}
LARGE = {
    "a text times a number": "{{ 'a' * (10 ** 10) }}",
    "a number to a number": "{{ 2 ** (10 ** 11) }}",
    "a filter's width": "{{ 'a' | center(10 ** 10) }}",
    "a filter's indent": "{{ 'a\nb' | indent(10 ** 10) }}",
    "a filter's batches": "{{ [1] | batch(10 ** 10, 'x') | list }}",
    "an indent of JSON": "{{ [1] | tojson(indent=10 ** 10) }}",
    "a method's width": "{{ 'a'.rjust(10 ** 10) }}",
    "a format's width": "{{ '%10000000000d' % 1 }}",
    "a format's width, named": "{{ '{:10000000000}'.format(1) }}",
    "texts that double": "{% set ns = namespace(s='aa') %}{% for i in range(60) %}"
    "{% set ns.s = ns.s ~ ns.s %}{% endfor %}",
    "blocks that double": "{% set a %}aa{% endset %}"
    + "{% set a %}{{ a }}{{ a }}{% endset %}" * 60,
    "macros that double": "{% macro f(n, t) %}{{ f(n - 1, t ~ t) if n else t }}{% endmacro %}"
    "{{ f(60, 'aa') }}",
    "lists that double": "{% set ns = namespace(l=[1]) %}{% for i in range(60) %}"
    "{% set ns.l = ns.l + ns.l %}{% endfor %}",
    "a prompt of many characters": "{{ 'a' * (2 ** 21) }}",
    "replacing each by many": "{{ ('a' * 10 ** 6) | replace('a', 'b' * 10 ** 6) }}",
}
ESCAPES = [
    "{{ ''|attr('__class__') }}",
    "{{ ''['__class__'] }}",
    "{{ [''] | map(attribute='__class__') | list }}",
    "{{ '{0.__class__.__mro__}'.format('') }}",
    "{{ '{a.__class__}'.format_map({'a': ''}) }}",
    "{{ cycler.__init__.__globals__ }}",
    "{{ joiner('').__class__.__mro__ }}",
    "{{ self.__init__.__globals__ }}",
    "{{ namespace.__mro__ }}",
    "{{ raise_exception.__globals__['__builtins__'] }}",
    "{{ messages.__class__.__base__.__subclasses__() }}",
    "{% set x = messages.__class__ %}{{ x.__mro__ }}",
    "{{ {'a': 1} | xmlattr | attr('__class__') }}",
    "{{ (messages | first).__init_subclass__.__self__ }}",
    "{{ strftime_now.__closure__ }}",
    "{{ caller.__code__ }}",
]


def template(source: str) -> ChatTemplate:
    return chat_template(source, {}, None, None, LIMITS)


@pytest.mark.parametrize("source", [*ENDLESS.values(), *LARGE.values()], ids=[*ENDLESS, *LARGE])
def test_a_template_without_bounds_is_refused(source: str) -> None:
    largest = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with pytest.raises(TemplateInvalid, match="the model's chat template") as refused:
        template(source).render("a", "x")
    sentence = str(refused.value)
    assert "\n" not in sentence
    assert len(sentence) < 500
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - largest < 64 << 10


@pytest.mark.parametrize("source", ESCAPES)
def test_nothing_of_python_is_reached(source: str) -> None:
    try:
        shown = template(source).render("a", "x")
    except TemplateInvalid:
        return
    assert "class" not in shown and "object" not in shown and "0x" not in shown


def test_after_a_template_was_ended_the_next_item_is_rendered() -> None:
    source = "{% if messages[0].content == 'x' %}{% for i in range(99999) %}"
    source += "{% for j in range(99999) %}{% endfor %}{% endfor %}{% endif %}ok"
    made = template(source)
    assert made.render("a", "y") == "ok"
    with pytest.raises(TemplateInvalid, match="item 'b': expected it to end within 1 seconds"):
        made.render("b", "x")
    assert made.render("c", "z") == "ok"


def test_constant_expressions_of_a_prompt_template_are_bounded_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("reprollm.prompts.bounded.Limits", lambda: LIMITS)
    file = tmp_path / "prompt.jinja"
    file.write_text("{{ source }}{{ 'a' | center(10 ** 10) }}", encoding="utf-8")
    with pytest.raises(TemplateInvalid):
        read_template(file, ["source"]).render("a", {"source": "x"}, [])


def test_a_template_cannot_write_a_file_or_outlive_its_use() -> None:
    made = template("{% macro f() %}x{% endmacro %}{{ f() }}")
    process = made.template._process.pid  # type: ignore[attr-defined]
    assert made.render("a", "x") == "x"
    del made
    with pytest.raises(ChildProcessError):
        os.waitpid(process, os.WNOHANG)


PLAIN = [CHAT_TEMPLATE, "{{ source | trim }}", "{% for e in examples %}{{ e.source }}{% endfor %}"]
OTHERS = [
    "{% for a in source %}{% for b in source %}{% endfor %}{% endfor %}",
    "{% set x = source ~ source %}{{ x }}",
    "{{ source.upper() }}",
    "{{ source * 2 }}",
    "{{ source | center(9) }}",
    "{% macro f() %}{% endmacro %}",
    "{% for a in range(9) %}{% endfor %}",
    "{% for a in source recursive %}{{ loop(a) }}{% endfor %}",
    "{{ [source, source] }}",
    "{% filter upper %}{{ source }}{% endfilter %}",
    "{{ source | default(value='x' * 10) }}",
]


@pytest.mark.parametrize(
    ("source", "plain"), [(s, True) for s in PLAIN] + [(s, False) for s in OTHERS]
)
def test_only_what_keeps_no_state_and_calls_nothing_is_plain(source: str, plain: bool) -> None:
    assert is_plain(chat_sandbox(None).parse(source)) is plain


def test_a_template_of_a_million_characters_is_refused() -> None:
    with pytest.raises(TemplateInvalid, match="at most 1048576 characters"):
        template("a" * (1 << 20) + "{{ x }}")


@pytest.mark.parametrize("opening", ["{{ (", "{% if x %}", "{{ [", "{{ a.b(", "{{ not ", "{{ -"])
def test_deep_nesting_is_refused(opening: str) -> None:
    with pytest.raises(TemplateInvalid):
        template(opening * 20_000).render("a", "x")
