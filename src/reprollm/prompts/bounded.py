"""Renders templates within bounds: plain ones here, all others in a process of their own.

Jinja's sandbox keeps a template from Python's inner workings, not from looping for ever or from
asking one filter for a text of ten gigabytes. No counter inside this process could stop such a call
once it runs, so the process that runs it has limits instead: seconds of computing for each item,
and memory. A template that meets them ends its process, and this one says so. Limits are far above
what any prompt needs, and computing time counts, not waiting: a busy machine changes no verdict.
"""

from __future__ import annotations

import json
import select
import subprocess
import sys
import weakref
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import IO, Any, Protocol

from jinja2 import Template, meta
from jinja2.sandbox import ImmutableSandboxedEnvironment

from reprollm.errors import TemplateInvalid
from reprollm.prompts.plain import is_plain
from reprollm.prompts.sandbox import compiled, parsed, rendered

LENGTH_BYTES = 8
_LOOK_SECONDS = 0.05
_ENDING_SECONDS = 5


@dataclass(frozen=True)
class Limits:
    """What one template may take: CPU seconds an item, bytes of memory, characters of a prompt."""

    seconds: int = 10
    memory: int = 1 << 30
    characters: int = 1 << 24


class Rendering(Protocol):
    """A template that is ready to be rendered."""

    @property
    def names(self) -> frozenset[str]:
        """The variables that the template uses and does not set."""
        ...

    def render(self, known: Mapping[str, Any], item: str, hint: str = "") -> str:
        """Return the text of one item.

        Args:
            known: the template's variables: texts, numbers, lists and mappings.
            item: the item, for messages.
            hint: what a message says about the names that there are.

        Raises:
            TemplateInvalid: an expression fails, or takes more than the limits.
        """
        ...


def bounded(
    environment: ImmutableSandboxedEnvironment,
    source: str,
    name: str,
    setting: Mapping[str, Any],
    limits: Limits | None = None,
) -> Rendering:
    """Return the template that `source` compiles to.

    Args:
        environment: the sandbox in which it runs.
        source: the template.
        name: as messages name it.
        setting: what `reprollm.prompts.worker` makes the same sandbox from.
        limits: what rendering may take.

    Raises:
        TemplateInvalid: the source is no template, or loads another one.
    """
    if is_plain(parsed(environment, source, name)):
        names = frozenset(meta.find_undeclared_variables(environment.parse(source)))
        return _Here(compiled(environment, source, name), name, names)
    return _Apart(source, name, setting, limits or Limits())


class _Here:
    """A plain template, rendered in this process."""

    def __init__(self, template: Template, name: str, names: frozenset[str]) -> None:
        self._template, self._name, self.names = template, name, names

    def render(self, known: Mapping[str, Any], item: str, hint: str = "") -> str:
        return rendered(lambda: self._template.render(known), self._name, item, hint)


class _Apart:
    """A template that is rendered in a process of its own, started when it is compiled."""

    def __init__(self, source: str, name: str, setting: Mapping[str, Any], limits: Limits) -> None:
        self._name, self._limits = name, limits
        self._first = {"source": source, "name": name, "setting": dict(setting)}
        self._process = self._start()

    @property
    def names(self) -> frozenset[str]:
        return self._names

    def render(self, known: Mapping[str, Any], item: str, hint: str = "") -> str:
        if self._process.poll() is not None:
            self._process = self._start()
        question = {"known": dict(known), "item": item, "hint": hint}
        found = self._ask(self._process, question, f" for item {item!r:.80}")
        text: str = found["text"]
        return text

    def _start(self) -> subprocess.Popen[bytes]:
        process = subprocess.Popen(
            [sys.executable, "-P", "-m", "reprollm.prompts.worker"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )
        weakref.finalize(self, _end, process)
        found = self._ask(process, self._first | {"limits": asdict(self._limits)}, "")
        self._names = frozenset(found["names"])
        return process

    def _ask(self, process: subprocess.Popen[bytes], question: Any, where: str) -> Any:
        assert process.stdin is not None and process.stdout is not None, "both are pipes"
        try:
            send(process.stdin, question)
            found = self._wait(process, process.stdout)
        except (EOFError, BrokenPipeError):
            _end(process)
            limits = self._limits
            raise TemplateInvalid(
                f"could not render {self._name}{where}: expected it to end within "
                f"{limits.seconds} seconds of computing and {limits.memory >> 20} MiB of memory, "
                "found that it does not; it loops for ever or grows without bound"
            ) from None
        if "refused" in found:
            raise TemplateInvalid(found["refused"])
        return found

    def _wait(self, process: subprocess.Popen[bytes], answers: IO[bytes]) -> dict[str, Any]:
        """Return the answer; end a process that outgrows its memory where the kernel does not."""
        while not select.select([answers], [], [], _LOOK_SECONDS)[0]:
            if _resident(process.pid) > self._limits.memory:
                raise EOFError
        found: dict[str, Any] = receive(answers)
        return found


def send(pipe: IO[bytes], value: Any) -> None:
    """Write a JSON value with its length before it."""
    content = json.dumps(value).encode("ascii")
    pipe.write(len(content).to_bytes(LENGTH_BYTES, "big") + content)
    pipe.flush()


def receive(pipe: IO[bytes]) -> Any:
    """Return the JSON value that `send` wrote; raise `EOFError` where the pipe ends before."""
    length = pipe.read(LENGTH_BYTES)
    if len(length) < LENGTH_BYTES:
        raise EOFError
    content = pipe.read(int.from_bytes(length, "big"))
    if len(content) < int.from_bytes(length, "big"):
        raise EOFError
    return json.loads(content)


def _resident(pid: int) -> int:
    import psutil

    try:
        size: int = psutil.Process(pid).memory_info().rss
        return size
    except psutil.Error:
        return 0


def _end(process: subprocess.Popen[bytes]) -> None:
    process.kill()
    for pipe in (process.stdin, process.stdout):
        if pipe is not None:
            try:
                pipe.close()
            except BrokenPipeError:
                continue
    process.wait(_ENDING_SECONDS)
