"""Chat templates: what transformers renders, with a clock that stands still."""

from __future__ import annotations

from pathlib import Path

import pytest

from model_parts import at
from reprollm.environment import go_offline
from reprollm.errors import TemplateInvalid
from reprollm.prompts.chat import chat_template
from reprollm.prompts.tokenize import load_tokenizer
from tiny_models import make_llama

CLOCK = "2026-01-31T23:59:58Z"
SPECIAL = {"bos_token": "<s>", "eos_token": "</s>"}

# In the manner of the templates of well-known families: each uses other features of the dialect.
TEMPLATES = {
    "chatml": (
        "{%- for message in messages %}\n"
        "    {{- '<|im_start|>' + message.role + '\\n' }}\n"
        "    {{- message.content + '<|im_end|>' + '\\n' }}\n"
        "{%- endfor %}\n"
        "{%- if add_generation_prompt %}\n    {{- '<|im_start|>assistant\\n' }}\n{%- endif %}\n"
    ),
    "headers with namespace and trim": (
        "{{- bos_token }}{% set ns = namespace(system='', turns=0) %}\n"
        "{% for m in messages %}\n"
        "  {% if m['role'] == 'system' %}{% set ns.system = m['content'] | trim %}{% continue %}"
        "{% endif %}\n"
        "  {% set ns.turns = ns.turns + 1 %}\n"
        "[{{ ns.turns }}:{{ ns.system }}] {{ m['content'] | trim | replace('a', 'A') }}\n"
        "{% endfor %}\n"
        "{% if tools is not none %}tools{% endif %}{% if documents %}documents{% endif %}"
    ),
    "json and dict": (
        "{{ messages | tojson }}{{ dict(a=1, b='<ü>') | tojson(indent=2) }}"
        "{{ undefined_name is defined }}{{ undefined_name }}{{ messages[0].get('thinking', '-') }}"
    ),
    "generation": (
        "{% for m in messages %}{% set x = 1 %}{% generation %}{% set x = 2 %}"
        "{{ m.content }} {{ x }}{% endgeneration %}{{ x }}{% endfor %}"
    ),
    "macros and breaks": (
        "{% macro turn(m) -%}<{{ m.role }}>{{ caller() if caller else '' }}{{ m.content }}"
        "{%- endmacro %}\n"
        "{% for m in messages %}\n    {{ turn(m) }}\n"
        "  {% if loop.index == 1 %}{% break %}{% endif %}\n{% endfor %}\n{{ range(3) | list }}"
    ),
}
TEXTS = ["vnd er ſprach", " two\nlines ", '<b>&"quoted"</b>', "{{ 1 + 1 }}", "a" * 40]


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_llama(tmp_path_factory.mktemp("models") / "tiny")


@pytest.mark.parametrize("source", TEMPLATES.values(), ids=TEMPLATES.keys())
@pytest.mark.parametrize("system", [None, "Sei knapp. "])
def test_prompts_and_tokens_are_those_of_transformers(
    model: Path, source: str, system: str | None
) -> None:
    go_offline()
    from transformers import AutoTokenizer

    theirs = AutoTokenizer.from_pretrained(model, local_files_only=True)
    ours = load_tokenizer(at(model))
    template = chat_template(source, ours.special_tokens, system, None)
    for text in TEXTS:
        messages = [{"role": "user", "content": text}]
        if system is not None:
            messages.insert(0, {"role": "system", "content": system})
        options = {"chat_template": source, "add_generation_prompt": True}
        rendered = template.render("a", text)
        assert rendered == theirs.apply_chat_template(messages, tokenize=False, **options)
        ids = theirs.apply_chat_template(messages, tokenize=True, return_dict=False, **options)
        assert ours.encode_chat([rendered]) == [tuple(ids)]


def test_the_template_of_the_snapshot_is_found(model: Path) -> None:
    tokenizer = load_tokenizer(at(model))
    assert tokenizer.chat_template == (model / "chat_template.jinja").read_text()


def test_today_is_the_day_that_the_experiment_names() -> None:
    source = "{{ strftime_now('%d %b %Y %H:%M:%S') }} {{ messages[0].content }}"
    rendered = chat_template(source, SPECIAL, None, CLOCK).render("a", "x")
    assert rendered == "31 Jan 2026 23:59:58 x"


def test_without_a_clock_asking_for_the_day_is_refused() -> None:
    template = chat_template("{{ strftime_now('%Y') }}", SPECIAL, None, None)
    with pytest.raises(
        TemplateInvalid, match='write `clock: "2026-01-01T00:00:00Z"` under `prompt'
    ):
        template.render("a", "x")


def test_a_refusal_of_the_template_is_passed_on() -> None:
    source = "{{ raise_exception('Conversation roles must alternate') }}"
    with pytest.raises(TemplateInvalid, match=r"item 'a': Conversation roles must alternate"):
        chat_template(source, SPECIAL, None, None).render("a", "x")


@pytest.mark.parametrize(
    "source",
    [
        "{{ ''.__class__.__mro__ }}{{ 1 }}",
        "{{ messages.append({}) }}",
        "{{ messages.__init__.__globals__ }}",
        "{{ dict.__class__.__base__.__subclasses__() }}",
        "{{ namespace(__class__=1) }}",
        "{% set ns = namespace() %}{% set ns.__class__ = 1 %}",
        "{{ raise_exception.__globals__ }}{{ raise_exception.__globals__.x }}",
        "{{ ['a'] | random }}",
        "{{ lipsum() }}",
        "{% include 'x' %}",
        "{% for m in messages %}",
    ],
)
def test_escapes_from_the_sandbox_are_refused(source: str) -> None:
    with pytest.raises(TemplateInvalid):
        chat_template(source, SPECIAL, None, CLOCK).render("a", "x")
