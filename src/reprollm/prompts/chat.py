"""Chat templates, rendered as transformers does, but with a clock that stands still.

The environment is that of `transformers.utils.chat_template_utils` (5.23): loop controls, the
`generation` tag, `raise_exception`, `strftime_now`, `dict`, and a `tojson` without HTML escapes.
Two things differ on purpose: `strftime_now` shows the experiment's clock instead of today's date,
which Llama 3.1 and SmolLM3 among others put into the prompt; and `random` and `lipsum` are missing.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from jinja2 import TemplateError, nodes
from jinja2.exceptions import SecurityError
from jinja2.ext import Extension
from jinja2.parser import Parser
from jinja2.sandbox import ImmutableSandboxedEnvironment
from jinja2.utils import Namespace

from reprollm.prompts.bounded import Limits, Rendering, bounded
from reprollm.prompts.sandbox import sandbox

_NAME = "the model's chat template"


@dataclass(frozen=True)
class ChatTemplate:
    """A model's chat template.

    Attributes:
        template: compiled in the sandbox, rendered within limits.
        special_tokens: the tokenizer's, by name (`bos_token`, …), which templates may print.
        system: the text of the system turn before the user's, or None.
    """

    template: Rendering
    special_tokens: Mapping[str, str]
    system: str | None

    def render(self, item: str, text: str) -> str:
        """Return the conversation with `text` as the user's turn, up to where the model answers.

        Raises:
            TemplateInvalid: the template fails, or refuses the conversation.
        """
        messages = [{"role": "user", "content": text}]
        if self.system is not None:
            messages.insert(0, {"role": "system", "content": self.system})
        known = {
            **self.special_tokens,
            "messages": messages,
            "tools": None,
            "documents": None,
            "add_generation_prompt": True,
        }
        return self.template.render(known, item)


def chat_template(
    source: str,
    special_tokens: Mapping[str, str],
    system: str | None,
    clock: str | None,
    limits: Limits | None = None,
) -> ChatTemplate:
    """Return the chat template in `source`; raise `TemplateInvalid` if it is none.

    Args:
        source: the Jinja source from the snapshot.
        special_tokens: the tokenizer's special tokens by name.
        system: the text of the system turn, or None for none.
        clock: RFC 3339 time that the template sees as now; without it, asking the time fails.
        limits: what rendering may take.
    """
    setting = {"chat": True, "clock": clock}
    template = bounded(chat_sandbox(clock), source, _NAME, setting, limits)
    return ChatTemplate(template, dict(special_tokens), system)


def chat_sandbox(clock: str | None) -> ImmutableSandboxedEnvironment:
    """Return the sandbox of chat templates, whose clock stands at `clock`."""
    environment = sandbox(extensions=[_GenerationTag, "jinja2.ext.loopcontrols"])
    environment.globals["raise_exception"] = _raise_exception
    environment.globals["strftime_now"] = _frozen(clock)
    environment.globals["dict"] = _Dict()
    environment.globals["namespace"] = _Namespace
    return environment


def _frozen(clock: str | None) -> Callable[[str], str]:
    def strftime_now(pattern: str) -> str:
        if clock is None:
            raise TemplateError(
                'it prints today\'s date; write `clock: "2026-01-01T00:00:00Z"` under `prompt` to '
                "say which day that shall be"
            )
        return datetime.fromisoformat(clock).strftime(pattern)

    return strftime_now


def _raise_exception(message: str) -> None:
    raise TemplateError(message)


class _GenerationTag(Extension):
    """`{% generation %}…{% endgeneration %}` marks the model's turn; it prints its body."""

    tags = {"generation"}  # noqa: RUF012 (the attribute as Jinja declares it)

    def parse(self, parser: Parser) -> nodes.Node:
        """Return a call around the body, whose assignments stay inside as they do there."""
        line = next(parser.stream).lineno
        body = parser.parse_statements(("name:endgeneration",), drop_needle=True)
        return nodes.CallBlock(self.call_method("_print"), [], [], body).set_lineno(line)

    def _print(self, caller: Callable[[], str]) -> str:
        return caller()


class _Dict:
    """`dict` as templates may call it, without the type's attributes."""

    def __call__(self, *pairs: Any, **named: Any) -> dict[Any, Any]:
        return dict(*pairs, **named)

    def fromkeys(self, *keys: Any) -> dict[Any, Any]:
        """Return what `dict.fromkeys` does."""
        return dict.fromkeys(*keys)


class _Namespace(Namespace):
    """`namespace` without underscore names, through which Python's inner workings are reached."""

    def __init__(*args: Any, **named: Any) -> None:
        self, rest = args[0], args[1:]
        values = dict(*rest, **named)
        for name in values:
            _check_name(name)
        Namespace.__init__(self, values)

    def __setitem__(self, name: str, value: Any) -> None:
        _check_name(name)
        super().__setitem__(name, value)


def _check_name(name: Any) -> None:
    if isinstance(name, str) and name.startswith("_"):
        raise SecurityError(f"names on a namespace may not start with an underscore: {name!r}")
