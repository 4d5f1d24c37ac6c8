"""Prompts as a server is to get them: as ids, or as the text of which it makes just those ids."""

from __future__ import annotations

from collections.abc import Sequence

from reprollm.engines.server.client import BadReplyError
from reprollm.prompts.tokenize import PromptTokenizer


class Wording:
    """From a plan's prompt ids to what is sent.

    Servers that take text put the tokenizer's own special tokens before it, as `encode_plain` does;
    a prompt that begins with them already (a chat template writes them) is sent without.
    """

    def __init__(self, tokenizer: PromptTokenizer, *, by_ids: bool, known: bool) -> None:
        """Take the tokenizer of the model.

        Args:
            tokenizer: the snapshot's, or that of bytes.
            by_ids: whether the server takes ids.
            known: whether the tokenizer is the model's own, so that ids mean something to it.
        """
        self._tokenizer = tokenizer
        self.by_ids = by_ids and known
        self.known = known

    def text(self, ids: Sequence[int]) -> str | None:
        """Return the text to send for a prompt, None where its ids are sent.

        Raises:
            BadReplyError: no text gives just these ids.
        """
        if self.by_ids:
            return None
        decode = self._tokenizer.decode
        if decode is None:
            raise BadReplyError(
                "prompt", "this tokenizer cannot turn ids into text, and the server takes no ids"
            )
        text = decode(ids)
        if not self.known:
            return text
        for candidate in self._candidates(text):
            if tuple(self._tokenizer.encode_plain([candidate])[0]) == tuple(ids):
                return candidate
        raise BadReplyError(
            "prompt", "no text gives just the prompt's token ids, and the server takes no ids"
        )

    def ids(self, text: str) -> tuple[int, ...]:
        """Return the ids of a text with the special tokens that belong before it."""
        return tuple(self._tokenizer.encode_plain([text])[0])

    def spelled(self, ids: Sequence[int]) -> str:
        """Return the text of ids; empty where this tokenizer cannot tell."""
        decode = self._tokenizer.decode
        return decode(ids) if decode is not None and self.known else ""

    def _candidates(self, text: str) -> list[str]:
        begin = self._tokenizer.special_tokens.get("bos_token")
        if begin and text.startswith(begin):
            return [text[len(begin) :], text]
        return [text]
