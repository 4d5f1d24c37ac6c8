"""XML as importers read it: no document type, no entities of its own, nothing from outside."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from reprollm.errors import DataInvalid

if TYPE_CHECKING:
    from lxml.etree import _Element


def parse(content: bytes, path: Path) -> _Element:
    """Return the root of a document.

    A document type is refused, since its entities could expand without end (CWE-776) or read other
    files (CWE-611); nothing is ever loaded. Elements keep the lines on which they begin.

    Raises:
        DataInvalid: it is not well-formed, or declares a document type with entities.
    """
    from lxml import etree

    parser = etree.XMLParser(
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        dtd_validation=False,
        huge_tree=False,
        remove_comments=True,
        remove_pis=True,
    )
    try:
        root = etree.fromstring(content, parser)
    except (etree.XMLSyntaxError, ValueError) as error:
        raise DataInvalid(f"expected well-formed XML in {path}, found: {error}") from None
    dtd: Any = root.getroottree().docinfo.internalDTD
    if dtd is not None and next(iter(dtd.iterentities()), None) is not None:
        raise DataInvalid(
            f"expected XML without entities of its own in {path}, found a document type that "
            "declares some; replace them by characters and remove the declarations"
        )
    return cast("_Element", root)


def find(element: _Element, expression: str, namespaces: dict[str, str], path: Path) -> list[Any]:
    """Return what an XPath 1.0 expression selects: elements, or texts and attributes as strings.

    Raises:
        DataInvalid: the expression is malformed or uses a prefix without namespace.
    """
    from lxml import etree

    try:
        found = element.xpath(expression, namespaces=namespaces, smart_strings=False)
    except etree.XPathError as error:
        raise DataInvalid(
            f"expected an XPath expression for {path}, found {expression!r:.200} ({error}); its "
            f"prefixes are {', '.join(namespaces) or 'none'}"
        ) from None
    if isinstance(found, list):
        return found
    return [str(found)]


def line_of(element: _Element) -> int:
    """Return the line, from 1, on which an element begins."""
    line: Any = element.sourceline
    return int(line or 1)


def text_of(found: Any) -> str:
    """Return the text of what was found: of an element, all text inside it, as it stands."""
    return found if isinstance(found, str) else "".join(found.itertext())


def one_line(text: str) -> str:
    """Return text with each run of white space as one space, and none at its ends.

    XML that is indented for people has line breaks that are not the text's.
    """
    return " ".join(text.split())
