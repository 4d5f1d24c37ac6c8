"""The Jinja environment in which templates run: no files, no attributes of Python, no chance.

Templates come from other people, those of chat models with the weights. They run in Jinja's
immutable sandbox, where undefined names are errors. What would render differently each time
(`random`, `lipsum`) is taken away, and so is loading other templates: what a prompt is made from is
the one file whose hash the plan holds. How long and how large a template may run is no matter of
the sandbox: see `reprollm.prompts.bounded`.
"""

from __future__ import annotations

import json
import traceback
from collections.abc import Callable
from typing import Any

from jinja2 import (
    StrictUndefined,
    Template,
    TemplateError,
    TemplateSyntaxError,
    UndefinedError,
    nodes,
)
from jinja2.sandbox import ImmutableSandboxedEnvironment

from reprollm.errors import TemplateInvalid

MOST_CHARACTERS = 1 << 20
"""The longest template; chat templates have some ten thousand characters at most."""

_TOO_DEEP = (RecursionError, MemoryError, OverflowError, SyntaxError, ValueError)
_LOADING = (nodes.Include, nodes.Import, nodes.FromImport, nodes.Extends)


def sandbox(**options: Any) -> ImmutableSandboxedEnvironment:
    """Return a fresh sandbox; block tags leave neither their indent nor their line end behind."""
    environment = ImmutableSandboxedEnvironment(
        trim_blocks=True, lstrip_blocks=True, autoescape=False, **options
    )
    del environment.globals["lipsum"]
    del environment.filters["random"]
    environment.filters["tojson"] = tojson
    return environment


def strict_sandbox() -> ImmutableSandboxedEnvironment:
    """Return a sandbox in which undefined names fail and only texts and numbers are printed."""
    return sandbox(undefined=StrictUndefined, finalize=_printable)


def tojson(
    value: Any,
    ensure_ascii: bool = False,
    indent: int | None = None,
    separators: tuple[str, str] | None = None,
    sort_keys: bool = False,
) -> str:
    """Return `value` as JSON without the HTML escapes of Jinja's own filter."""
    return json.dumps(
        value,
        ensure_ascii=ensure_ascii,
        indent=indent,
        separators=separators,
        sort_keys=sort_keys,
    )


def parsed(environment: ImmutableSandboxedEnvironment, source: str, name: str) -> nodes.Template:
    """Return the syntax tree of a template; nothing of it is evaluated.

    Raises:
        TemplateInvalid: the source is no template, is too long, or loads another one.
    """
    if len(source) > MOST_CHARACTERS:
        raise TemplateInvalid(
            f"expected a template of at most {MOST_CHARACTERS} characters in {name}, found "
            f"{len(source)}"
        )
    try:
        tree = environment.parse(source)
        for node in tree.find_all(_LOADING):
            raise TemplateInvalid(
                f"expected a template in one file, found another one loaded in line {node.lineno} "
                f"of {name}; write its text out"
            )
        return tree
    except TemplateSyntaxError as error:
        raise TemplateInvalid(
            f"expected a Jinja template in {name}, found in line {error.lineno}: "
            f"{error.message!s:.300}"
        ) from None
    except _TOO_DEEP:
        raise TemplateInvalid(f"expected a template in {name}, found one nested too deep") from None


def compiled(environment: ImmutableSandboxedEnvironment, source: str, name: str) -> Template:
    """Return the template that `source` compiles to; constant expressions are evaluated.

    Raises:
        TemplateInvalid: the source is no template, or loads another one.
    """
    parsed(environment, source, name)
    try:
        return environment.from_string(source)
    except TemplateSyntaxError as error:
        raise TemplateInvalid(
            f"expected a Jinja template in {name}, found in line {error.lineno}: "
            f"{error.message!s:.300}"
        ) from None
    except _TOO_DEEP:
        raise TemplateInvalid(f"expected a template in {name}, found one nested too deep") from None


def rendered(render: Callable[[], str], name: str, item: str, known: str = "") -> str:
    """Return what `render` gives; whatever goes wrong inside becomes `TemplateInvalid`.

    Args:
        render: renders the template.
        name: the template as messages name it.
        item: the item that is rendered.
        known: what a message says about the names that there are.
    """
    try:
        return render()
    except Exception as error:  # a template's expressions can raise anything
        message = " ".join(str(error).split()) or type(error).__name__
        said = isinstance(error, TemplateError | TemplateInvalid)
        kind = "" if said else f"{type(error).__name__}: "
        hint = known if isinstance(error, UndefinedError) else ""
        raise TemplateInvalid(
            f"could not render {name}{_line(error)} for item {item!r:.80}: "
            f"{kind}{message:.300}{hint}"
        ) from None


def _line(error: Exception) -> str:
    """Return the line of the template, which Jinja writes into the traceback."""
    frames = traceback.extract_tb(error.__traceback__)
    lines = [frame.lineno for frame in frames if frame.filename == "<template>"]
    return f", line {lines[-1]}," if lines else ""


def _printable(value: Any) -> Any:
    if isinstance(value, str | int | float | StrictUndefined):
        return value
    raise TemplateInvalid(
        f"expected a text or a number between {{{{ and }}}}, found a {type(value).__name__}; "
        "name one of its parts, or use the filter `tojson`"
    )
