"""Reader of plain text: a file is one document."""

from __future__ import annotations

from collections.abc import Iterator
from typing import IO

from reprollm.corpus.decoding import Decoder, encoding_of
from reprollm.corpus.parts import Part, Tally
from reprollm.corpus.streams import breaking_off

_BLOCK = 1 << 20


def read_text(stream: IO[bytes], encoding: str, tally: Tally) -> Iterator[Part]:
    """Yield the file's text.

    Raises:
        Damaged: the compression breaks off.
    """
    tally.documents += 1
    decoder: Decoder | None = None
    while True:
        with breaking_off():
            block = stream.read(_BLOCK)
        decoder = decoder or Decoder(encoding_of(block[:4], encoding))
        text = decoder.decode(block, last=not block)
        tally.undecodable += decoder.undecodable
        decoder.undecodable = 0
        tally.characters += len(text)
        yield Part(0, text, last=not block)
        if not block:
            return
