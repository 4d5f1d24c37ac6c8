"""Reader of TEI and other XML: the text of `<text>`, or of the whole where there is none.

Elements that stand in a line (`<hi>`, `<persName>`) leave the text as it is; those that make lines
or blocks (`<p>`, `<l>`, `<lb>`) end a line, so that a word broken at a line's end stays broken as
printed and is the tokenization's to join; after `<lb break="no"/>` nothing is put. Of `<choice>`
the regularised, corrected or expanded reading is taken. Notes are read where they stand.

The parser is expat of the standard library. A document that declares entities is refused as
damaged; nothing outside the file is ever read.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import IO
from xml.parsers import expat

from reprollm.corpus.parts import Damaged, Part, Tally
from reprollm.corpus.streams import breaking_off

_BLOCK = 1 << 18
_LINES = frozenset(
    "ab argument back body bibl byline cell castItem castList closer dateline div div1 div2 div3 "
    "div4 div5 div6 div7 docAuthor docDate docImprint docTitle entry epigraph figDesc figure "
    "floatingText front fw group head imprimatur item l label lb lg list listBibl milestone note "
    "opener p pb cb postscript quote row salute set signed sp speaker stage table text titlePage "
    "titlePart trailer br h1 h2 h3 h4 h5 h6 li td th tr dd dt section article blockquote".split()
)
_PASSED_OVER = frozenset({"teiHeader", "orig", "sic", "abbr", "facsimile", "script", "style"})
_WITHIN_CHOICE = frozenset({"orig", "sic", "abbr"})


class _EntityDeclared(Exception):
    pass


class _Extract:
    """Gathers the text while the parser goes on."""

    def __init__(self) -> None:
        self.pieces: list[str] = []
        self._open: list[str] = []
        self._passed_over = 0
        self._texts = 0
        self.tei = False

    def start(self, name: str, attributes: dict[str, str]) -> None:
        name = name.rpartition(":")[2]
        if not self._open:
            self.tei = name in ("TEI", "teiCorpus", "TEI.2")
        parent = self._open[-1] if self._open else ""
        self._open.append(name)
        hidden = name in _PASSED_OVER and (name not in _WITHIN_CHOICE or parent == "choice")
        if self._passed_over or hidden:
            self._passed_over += 1
            return
        self._texts += name == "text"
        if name in _LINES and attributes.get("break") != "no":
            self._put("\n")

    def end(self, name: str) -> None:
        name = self._open.pop()
        if self._passed_over:
            self._passed_over -= 1
            return
        if name in _LINES and name not in ("lb", "pb", "cb", "milestone"):
            self._put("\n")
        self._texts -= name == "text"

    def characters(self, text: str) -> None:
        if not self._passed_over:
            self._put(text)

    def _put(self, text: str) -> None:
        if self._texts or not self.tei:
            self.pieces.append(text)

    def taken(self) -> str:
        text = "".join(self.pieces)
        self.pieces.clear()
        return text


def read_xml(stream: IO[bytes], tally: Tally) -> Iterator[Part]:
    """Yield the document's text.

    Raises:
        Damaged: it is not well-formed, declares entities, or the compression breaks off.
    """
    extract = _Extract()
    parser = expat.ParserCreate()
    parser.StartElementHandler = extract.start
    parser.EndElementHandler = extract.end
    parser.CharacterDataHandler = extract.characters
    parser.EntityDeclHandler = _refuse
    tally.documents += 1
    while True:
        with breaking_off():
            block = stream.read(_BLOCK)
        broken = _parse(parser, block)
        text = extract.taken()
        tally.characters += len(text)
        yield Part(0, text, last=bool(broken) or not block)
        if broken:
            raise Damaged(broken)
        if not block:
            return


def _parse(parser: expat.XMLParserType, block: bytes) -> str:
    """Parse on; return why that is not possible, or nothing."""
    try:
        parser.Parse(block, not block)
    except _EntityDeclared:
        return "it declares entities, which are never expanded; replace them by their text"
    except (expat.ExpatError, ValueError, LookupError) as error:
        return f"it is not well-formed XML: {error}"
    return ""


def _refuse(*declaration: object) -> None:
    raise _EntityDeclared
