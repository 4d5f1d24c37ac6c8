"""One text of an examination: what it is called, and the words that are measured."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from reprollm.canon import digest, dumps
from reprollm.experiment.config import DataSettings
from reprollm.prompts.template import PromptTemplate


@dataclass(frozen=True)
class Examined:
    """One text to be measured.

    Attributes:
        set: `suspect`, `reference`, `twin`, `order` or `canary`.
        subject: item id; the shard's number, decimal, for `order`; a canary's id.
        variant: 0 for suspect and reference; the place in the committed order for a twin; the
            number of the permutation for `order`, 0 as published; 0 for a published canary.
        parts: the text in parts: one for all sets but `order`, whose parts are rows. Empty where
            the text is sealed and the seal's private part was not read.
        sealed: the text's commitment in the seal; None of what is public.
    """

    set: str
    subject: str
    variant: int
    parts: tuple[str, ...]
    sealed: str | None = None

    @property
    def text(self) -> str:
        """The whole text."""
        return "".join(self.parts)


def texts_digest(texts: Sequence[Examined]) -> str:
    """Return `canon.digest("reprollm/examined-texts/v1", *lines)`, hex.

    There is one canonical line `{"set":…,"subject":…,"variant":…}` a text, in index order.
    """
    lines = (
        dumps({"set": text.set, "subject": text.subject, "variant": text.variant}) for text in texts
    )
    return digest("reprollm/examined-texts/v1", *lines)


def item_text(
    item: str, cells: Mapping[str, str], columns: DataSettings, template: PromptTemplate | None
) -> str:
    """Return one item as it would stand in a training text.

    Without a template that is the source and, where the data has a reference, a line break and
    the reference.
    """
    if template is not None:
        return template.render(item, cells, ())
    named = (columns.source, columns.reference)
    return "\n".join(cells[name] for name in named if name is not None)
