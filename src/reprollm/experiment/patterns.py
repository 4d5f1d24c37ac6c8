"""Which regular expressions are searched in outputs: those that no output can make run for ever.

Python's `re` backtracks. A quantifier inside a repeated group, or a choice in one, can take time
exponential in the length of the text; so can references back. These are refused when an experiment
is loaded; what is left is polynomial (docs/scores.md, Patterns).
"""

from __future__ import annotations

import re

LONGEST_PATTERN = 500
MOST_QUANTIFIERS = 12
LARGEST_BOUND = 1_000

_QUANTIFIER = re.compile(r"[*+?]|\{(\d*)(?:(,)(\d*))?\}")
_FLAGS = re.compile(r"\(\?[aimsu]+\)")
_OPENING = re.compile(r"\((?:\?(?::|=|!|<=|<!|P<[A-Za-z_]\w*>))?")
_CLASS = re.compile(r"\[\^?\]?(?:\\.|[^\]\\])*\]", re.DOTALL)


def compiled(pattern: str) -> re.Pattern[str]:
    """Return a pattern, ready to be searched.

    Raises:
        ValueError: it is no regular expression, or one that may not end in time.
    """
    shown = f"found {pattern!r:.80}"
    if len(pattern) > LONGEST_PATTERN:
        raise ValueError(
            f"expected a pattern of at most {LONGEST_PATTERN} characters, found {len(pattern)}"
        )
    reason = _Scan(pattern).refusal()
    if reason is not None:
        raise ValueError(f"expected a pattern {reason}, {shown}; see docs/scores.md, Patterns")
    try:
        return re.compile(pattern)
    except (re.error, OverflowError, RecursionError) as error:
        raise ValueError(f"expected a regular expression, {shown}: {error}") from None


class _Scan:
    """One walk through a pattern; `re.compile` judges the grammar, this only what is dangerous."""

    def __init__(self, pattern: str) -> None:
        self._pattern = pattern
        self._quantifiers = 0
        # For each open group: whether it has a quantifier or a choice in it.
        self._open: list[bool] = []

    def refusal(self) -> str | None:
        """Return what a pattern should have been, or None if there is nothing against it."""
        flags = _FLAGS.match(self._pattern)
        at = flags.end() if flags else 0
        atom: bool | None = None  # what the last atom has in it; None where nothing can be repeated
        while at < len(self._pattern):
            quantifier = _QUANTIFIER.match(self._pattern, at) if atom is not None else None
            if quantifier and quantifier.group() != "{}":
                reason = self._quantifier(quantifier, bool(atom))
                if reason is not None:
                    return reason
                at, atom = quantifier.end(), None
                if self._pattern[at : at + 1] == "?":
                    at += 1
                continue
            reason, at, atom = self._atom(at)
            if reason is not None:
                return reason
        return None

    def _quantifier(self, found: re.Match[str], nested: bool) -> str | None:
        self._quantifiers += 1
        if self._quantifiers > MOST_QUANTIFIERS:
            return f"with at most {MOST_QUANTIFIERS} quantifiers"
        if any(
            len(bound) > 4 or int(bound) > LARGEST_BOUND for bound in found.group(1, 3) if bound
        ):
            return f"that repeats at most {LARGEST_BOUND} times"
        if nested and found.group() != "?":
            return "that repeats no group with a quantifier or a choice in it"
        if self._pattern[found.end() : found.end() + 1] == "+":
            return "without possessive quantifiers"
        self._open = [True] * len(self._open)
        return None

    def _atom(self, at: int) -> tuple[str | None, int, bool | None]:
        """Return why what stands at a place is refused, the place behind it, and what is in it.

        The last is whether a quantifier or a choice is in it; None if it cannot be repeated.
        """
        sign = self._pattern[at]
        if sign == "\\":
            return self._escape(at)
        if sign == "[":
            whole = _CLASS.match(self._pattern, at)
            return None, whole.end() if whole else len(self._pattern), False
        if sign == "(":
            opening = _OPENING.match(self._pattern, at)
            end = opening.end() if opening else at
            if self._pattern[end : end + 1] == "?" or not opening:
                return "without that kind of group", at, None
            self._open.append(False)
            return None, end, None
        if sign == ")":
            return None, at + 1, self._open.pop() if self._open else False
        if sign == "|":
            self._open = [True] * len(self._open)
            return None, at + 1, None
        return None, at + 1, False

    def _escape(self, at: int) -> tuple[str | None, int, bool | None]:
        following = self._pattern[at + 1 : at + 2]
        if following.isdigit() and following != "0":
            return "without references back", at, None
        return None, at + 2, False
