"""Texts as the token ids that the model is given, and the windows in which long ones are read.

A text gets the special tokens that the tokenizer puts in front of a plain text (a
beginning-of-sequence token, for most models) and none behind it: what follows a text is not known.
The rows of a shard are turned into tokens one by one, so that each token belongs to one row.

A text of more tokens than the window is read in windows. Each begins with the special tokens of the
text's beginning; the first holds as much of the text as fits, and each later one begins half a
window after the one before, its tokens counted where the one before has ended. So each token is
measured once, given at least half a window of what stands before it, or all of it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from reprollm.prompts.tokenize import PromptTokenizer


@dataclass(frozen=True)
class Tokens:
    """A text in tokens.

    Attributes:
        head: the special tokens in front.
        parts: the token ids of each part of the text, in order.
    """

    head: tuple[int, ...]
    parts: tuple[tuple[int, ...], ...]

    @property
    def body(self) -> tuple[int, ...]:
        """The tokens of all parts, one after the other."""
        return tuple(token for part in self.parts for token in part)

    @property
    def ids(self) -> tuple[int, ...]:
        """The whole text as the model is given it."""
        return (*self.head, *self.body)

    @property
    def measured(self) -> int:
        """How many tokens can be given a log-probability: all but one that nothing precedes."""
        return max(0, len(self.body) - (0 if self.head else 1))


@dataclass(frozen=True)
class Window:
    """What the model is given at once of one text.

    Attributes:
        ids: the token ids.
        counted: of the log-probabilities of its tokens after the first, so many of the last count.
    """

    ids: tuple[int, ...]
    counted: int


def tokens_of(tokenizer: PromptTokenizer, texts: Sequence[Sequence[str]]) -> list[Tokens]:
    """Return each text, given in parts, in tokens.

    Raises:
        SnapshotRefused: the tokenizer cannot turn a text into tokens.
    """
    head = _head(tokenizer)
    flat = tokenizer.encode_chat([part for parts in texts for part in parts]) if texts else []
    found, start = [], 0
    for parts in texts:
        found.append(Tokens(head, tuple(flat[start : start + len(parts)])))
        start += len(parts)
    return found


def windows(tokens: Tokens, most: int) -> list[Window]:
    """Return the windows in which a text is read, at most `most` tokens each; none without a step.

    The first window's first token has no log-probability where nothing precedes it.
    """
    head, body = tokens.head, tokens.body
    room = most - len(head)
    first = body[:room]
    found = [Window((*head, *first), len(first) - (0 if head else 1))] if body else []
    done, start = len(first), 0
    while done < len(body):
        start += room // 2
        part = body[start : start + room]
        found.append(Window((*head, *part), start + len(part) - done))
        done = start + len(part)
    return [window for window in found if window.counted > 0]


def _head(tokenizer: PromptTokenizer) -> tuple[int, ...]:
    """Return the special tokens that the tokenizer puts in front of a plain text."""
    [plain], [bare] = tokenizer.encode_plain(["a"]), tokenizer.encode_chat(["a"])
    for length in range(len(plain) - len(bare) + 1):
        if plain[length : length + len(bare)] == bare:
            return plain[:length]
    return ()
