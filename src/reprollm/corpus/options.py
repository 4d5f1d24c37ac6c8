"""What a scan is asked to do."""

from __future__ import annotations

from dataclasses import dataclass, field

from reprollm.canon import Json
from reprollm.corpus.folding import robust
from reprollm.corpus.tokens import Tokenization
from reprollm.errors import InvalidInput

VERSION = "1"
KERNELS = ("auto", "numba", "numpy")
LONGEST_N = 1024


@dataclass(frozen=True)
class ScanOptions:
    """What decides a scan's findings, besides texts.

    Attributes:
        tokenization: what is compared.
        n: how many tokens in a row make a match.
        field: where a JSON line or a Parquet file holds a document's text: a dotted path, a column.
        encoding: of text files and JSON lines; a byte order mark overrules it.
        format: read every file as this (`jsonl`, `parquet`, `text`, `xml`), whatever its name.
        listed: how many matches an item's list holds at most; counts are never cut.
        kernel: `numba`, `numpy`, or `auto`: numba where it is installed. Findings do not depend on
            it.
        skips: how many places of a run may differ after its first n tokens; runs with a budget are
            searched for without a kernel.
    """

    tokenization: Tokenization = field(default_factory=robust)
    n: int = 13
    field: str = "text"
    encoding: str = "utf-8"
    format: str | None = None
    listed: int = 100
    kernel: str = "auto"
    skips: int = 0

    def __post_init__(self) -> None:
        if not 2 <= self.n <= LONGEST_N:
            raise InvalidInput(f"expected n from 2 to {LONGEST_N}, found {self.n}")
        if self.listed < 1:
            raise InvalidInput(f"expected to list at least one match, found {self.listed}")
        if self.kernel not in KERNELS:
            raise InvalidInput(f"expected a kernel of {', '.join(KERNELS)}, found {self.kernel!r}")
        try:
            "".encode(self.encoding)
        except LookupError:
            raise InvalidInput(
                f"expected an encoding that Python knows, found {self.encoding!r:.60}"
            ) from None

    def parameters(self) -> dict[str, Json]:
        """Return everything here that decides findings, as it is recorded."""
        return {
            "version": VERSION,
            "n": self.n,
            "field": self.field,
            "encoding": self.encoding,
            "format": self.format,
            "listed": self.listed,
            **({"skips": self.skips} if self.skips else {}),
            **self.tokenization.parameters(),
        }
