"""What a parser makes of an output: a status, an answer where there is one, texts to be scored."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

Status: TypeAlias = Literal["answered", "empty", "refused", "unparsed"]
STATUSES: tuple[Status, ...] = ("answered", "empty", "refused", "unparsed")
NOWHERE = -1


@dataclass(frozen=True, slots=True, order=True)
class Mention:
    """A named thing in a text of tokens.

    Attributes:
        start: its first token, from 0; `NOWHERE` for a mention that the text does not have.
        end: its last token.
        type: what kind of thing it is, in capitals.
    """

    start: int
    end: int
    type: str


@dataclass(frozen=True, slots=True)
class Parsed:
    """What became of an output.

    Attributes:
        status: `answered`, or why there is no answer.
        value: a text, or the mentions in the order of their first tokens, those that are nowhere
            first; an empty text without an answer.
    """

    status: Status
    value: str | tuple[Mention, ...] = ""


@dataclass(frozen=True, slots=True)
class Texts:
    """One answer, as measures see it; `Parser.texts` makes it.

    Attributes:
        output: the text that is held against the reference.
        parsed: what the parser made of the output.
        reference: the right text or label; for mentions a JSON array of tags.
        source: what the model was given: text, or for mentions a JSON array of tokens.
    """

    output: str
    parsed: Parsed
    reference: str
    source: str = ""
