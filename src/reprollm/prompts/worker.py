"""The process that renders one template within limits; `reprollm.prompts.bounded` starts it.

It reads from standard input what to compile and what to render, and writes each text, or the
sentence why there is none. The kernel ends it when it computes too long (`RLIMIT_CPU`, raised
before each item by what an item may take); memory it is refused (`RLIMIT_AS`; where a system does
not know that limit, the process that waits looks). It cannot write files or leave a core behind.
"""

from __future__ import annotations

import contextlib
import math
import resource
import sys
from typing import Any

from jinja2 import meta
from jinja2.sandbox import ImmutableSandboxedEnvironment

from reprollm.errors import TemplateInvalid
from reprollm.prompts.bounded import receive, send
from reprollm.prompts.chat import chat_sandbox
from reprollm.prompts.sandbox import compiled, rendered, strict_sandbox


def main() -> None:
    """Answer questions until standard input ends."""
    questions, answers = sys.stdin.buffer, sys.stdout.buffer
    first = receive(questions)
    limits = first["limits"]
    _limit(limits["memory"])
    template = None
    name = first["name"]
    question: Any = None
    while True:
        _allow(limits["seconds"])
        try:
            if template is None:
                sandbox = _sandbox(first["setting"])
                template = compiled(sandbox, first["source"], name)
                names = meta.find_undeclared_variables(sandbox.parse(first["source"]))
                send(answers, {"names": sorted(names)})
            else:
                render, known = template.render, question["known"]
                text = rendered(lambda: render(known), name, question["item"], question["hint"])  # noqa: B023
                send(answers, _within(text, limits["characters"], name, question["item"]))
        except TemplateInvalid as refused:
            send(answers, {"refused": str(refused)})
        try:
            question = receive(questions)
        except EOFError:
            return


def _sandbox(setting: dict[str, Any]) -> ImmutableSandboxedEnvironment:
    return chat_sandbox(setting["clock"]) if setting["chat"] else strict_sandbox()


def _within(text: str, most: int, name: str, item: str) -> dict[str, str]:
    if len(text) <= most:
        return {"text": text}
    raise TemplateInvalid(
        f"could not render {name} for item {item!r:.80}: expected at most {most} characters, "
        f"found {len(text)}"
    )


def _limit(memory: int) -> None:
    for kind, most in (
        (resource.RLIMIT_AS, memory),
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_FSIZE, 0),
    ):
        with contextlib.suppress(ValueError, OSError):
            resource.setrlimit(kind, (most, most))


def _allow(seconds: int) -> None:
    """Let the process compute for so many seconds from now."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    soft = math.ceil(used.ru_utime + used.ru_stime) + seconds
    hard = resource.getrlimit(resource.RLIMIT_CPU)[1]
    if hard == resource.RLIM_INFINITY or soft < hard:
        resource.setrlimit(resource.RLIMIT_CPU, (soft, hard))


if __name__ == "__main__":
    main()
