"""Where an answer ends: stop ids, stop texts, and the text that is left.

An answer ends with the first token after which its decoded text contains a stop text. Decoding
after every token would cost more than a small model's step, so that a text is decoded only when the
new token's own piece could complete a stop text; the end is checked against the definition again
when the answer is complete.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

Decode = Callable[[Sequence[int]], str]
"""Token ids to text, without special tokens."""

_REPLACEMENT = "\ufffd"


class StopTexts:
    """Finds stop texts in growing answers."""

    def __init__(self, decode: Decode, anchor: Sequence[int]) -> None:
        """Take the decoder, and the ids of some ordinary text.

        A token is decoded behind `anchor`, because many decoders treat the first token differently
        (a leading space is dropped). Without an anchor every token is suspected.
        """
        self._decode = decode
        self._anchor = list(anchor)
        self._anchor_text = decode(self._anchor) if self._anchor else ""
        self._pieces: dict[int, str | None] = {}

    def ends(self, ids: Sequence[int], stops: Sequence[str]) -> bool:
        """Return whether the last of `ids` completes one of `stops`."""
        if not stops or not self._is_suspect(ids[-1], stops):
            return False
        text = self._decode(ids)
        return any(stop in text for stop in stops)

    def cut(self, ids: Sequence[int], stops: Sequence[str]) -> tuple[int, str, bool]:
        """Return how many ids belong to the answer, its text, and whether a stop text ended it.

        The number is the smallest n for which the text of the first n ids contains a stop text,
        or all; the text is cut before the first stop text.
        """
        text = self._decode(ids)
        found = [text.index(stop) for stop in stops if stop in text]
        if not found:
            return len(ids), text, False
        count = len(ids)
        while count > 1 and any(stop in self._decode(ids[: count - 1]) for stop in stops):
            count -= 1
        text = self._decode(ids[:count])
        return count, text[: min(text.index(stop) for stop in stops if stop in text)], True

    def _is_suspect(self, token: int, stops: Sequence[str]) -> bool:
        if token not in self._pieces:
            self._pieces[token] = self._piece(token)
        piece = self._pieces[token]
        return piece is None or any(_may_complete(piece, stop) for stop in stops)

    def _piece(self, token: int) -> str | None:
        """Return the text that `token` adds, or None where that depends on its neighbours."""
        if not self._anchor:
            return None
        text = self._decode([*self._anchor, token])
        if not text.startswith(self._anchor_text):
            return None
        return text[len(self._anchor_text) :]


def _may_complete(piece: str, stop: str) -> bool:
    """Return whether a token that adds `piece` can bring the last character of `stop`.

    A token of some bytes of a character decodes to the replacement character; only a character
    outside ASCII takes several bytes.
    """
    return stop[-1] in piece or (_REPLACEMENT in piece and not stop[-1].isascii())
