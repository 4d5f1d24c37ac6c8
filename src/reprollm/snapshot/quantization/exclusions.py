"""Which modules a declaration leaves out, as methods spell it: names, parts of names, or globs.

Regular expressions are not evaluated, for they come from outside; where there are any, what they
leave out is not checked.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fnmatch import fnmatchcase

_MOST_GLOBS = 1_000_000
_MOST_PARTS = 16


def is_expression(pattern: str) -> bool:
    """Say whether a pattern is a regular expression."""
    return pattern.startswith(("re:", "-:", "+:")) or any(mark in pattern for mark in "\\^$(|")


def named(modules: Sequence[str], patterns: Sequence[str]) -> list[str]:
    """Return the modules that a pattern names: whole, by some of their parts, or as a glob.

    Where there are so many globs that they would take long, they are passed over.
    """
    globs = [pattern for pattern in patterns if any(mark in pattern for mark in "*?[")]
    parts = {pattern.removesuffix(".weight").strip(".") for pattern in patterns}
    if len(globs) * len(modules) > _MOST_GLOBS:
        globs = []
    return [
        module
        for module in modules
        if not parts.isdisjoint(_runs(module)) or any(fnmatchcase(module, glob) for glob in globs)
    ]


def _runs(module: str) -> Iterator[str]:
    """Yield every run of the parts of a module's name: `a.b.c` holds `a`, `b`, `a.b`, …."""
    parts = module.split(".")[:_MOST_PARTS]
    for first in range(len(parts)):
        for last in range(first + 1, len(parts) + 1):
            yield ".".join(parts[first:last])
