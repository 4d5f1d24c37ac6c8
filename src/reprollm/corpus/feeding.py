"""Texts go to the search in blocks, long ones in windows that overlap: memory stays flat."""

from __future__ import annotations

import re
import unicodedata

import numpy as np

from reprollm.corpus.maximal import Collector, Origin
from reprollm.corpus.parts import Part
from reprollm.corpus.searching import Searcher
from reprollm.corpus.tokens import Tokenization

BLOCK = 1 << 22
# White space between two letters, where no tokenization by table looks across.
_BETWEEN = re.compile(r"(?<=[^\W_])[ \n](?=[^\W_])")
_LAST_BETWEEN = re.compile(r".*[^\W_][ \n](?=[^\W_])", re.DOTALL)
_LOOK_BACK = 1 << 16
# A window's tail of fewer than n tokens in so many characters is no text that items could hold.
_LONGEST_TAIL = 1 << 20


class Feeder:
    """Groups documents to blocks of `block` characters; a longer one goes through in windows.

    A window ends between two words; where there is no such place within 65,536 characters, it ends
    anyhow, and a word that stands there is cut. The next window begins n - 1 tokens earlier, so
    that no n-gram is missed and none is seen twice.
    """

    def __init__(
        self,
        searcher: Searcher,
        collector: Collector,
        tokenization: Tokenization,
        n: int,
        block: int = BLOCK,
    ) -> None:
        self._searcher = searcher
        self._collector = collector
        self._tokenization = tokenization
        self._n = n
        self._block = block
        self._documents: list[int] = []
        self._texts: list[str] = []
        self._size = 0
        self._long: int | None = None
        self._rest = ""
        self._token = 0
        self._character = 0

    def add(self, part: Part) -> None:
        """Take in the next part."""
        if self._long is None and part.last and len(part.text) <= self._block:
            self._documents.append(part.document)
            self._texts.append(part.text)
            self._size += len(part.text)
            if self._size >= self._block:
                self.flush()
            return
        if self._long is None:
            self.flush()
            self._long, self._rest, self._token, self._character = part.document, "", 0, 0
        self._rest += part.text
        while len(self._rest) > self._block:
            self._window(self._cut())
        if part.last:
            self._window(len(self._rest))
            self._long, self._rest = None, ""

    def flush(self) -> None:
        """Search what has gathered."""
        if self._texts:
            hits = self._searcher.search(self._texts)
            self._collector.add(hits, Origin(np.array(self._documents, np.int64)))
        self._documents, self._texts, self._size = [], [], 0

    def end(self) -> None:
        """Search what is left, also of a document that broke off."""
        self.flush()
        if self._long is not None:
            self._window(len(self._rest))
            self._long, self._rest = None, ""

    def _window(self, size: int) -> None:
        """Search the first `size` characters of the long document's rest, and keep its tail."""
        window = self._rest[:size]
        hits = self._searcher.search([window])
        document = np.array([self._long], np.int64)
        self._collector.add(hits, Origin(document, self._token, self._character))
        tail, tokens = self._tail(window)
        self._rest = self._rest[tail:]
        self._character += tail
        self._token += hits.tokens - tokens

    def _cut(self) -> int:
        """Return where the window ends."""
        from_here = self._block - min(_LOOK_BACK, self._block // 2)
        found = _LAST_BETWEEN.match(self._rest, from_here, self._block)
        if found:
            return found.end()
        cut = self._block
        while cut > from_here and unicodedata.category(self._rest[cut]).startswith("M"):
            cut -= 1
        return cut

    def _tail(self, window: str) -> tuple[int, int]:
        """Return where the last n - 1 tokens begin, and how many there are."""
        kept = self._n - 1
        size = 64 * self._n
        while True:
            start = max(0, len(window) - size)
            between = _BETWEEN.search(window, start) if start else None
            start = between.end() if between else start
            spans = self._tokenization.spans(window[start:])
            if len(spans) > kept:
                return start + spans[-kept][0], kept
            if start == 0 and spans:
                return spans[0][0], len(spans)
            if size >= len(window) or size >= _LONGEST_TAIL:
                return len(window), 0
            size *= 4
