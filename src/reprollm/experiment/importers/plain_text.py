"""Plain texts: a file is an item, or each file of a folder is."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from reprollm.experiment.importers.imported import (
    Imported,
    Record,
    content_of,
    files_of,
    hash_of,
)
from reprollm.experiment.text import decode

COLUMNS = ("file", "text")


@dataclass(frozen=True)
class PlainText:
    """Texts without any form.

    Attributes:
        suffixes: the endings of the files that count in a folder.
    """

    encoding: str = "utf-8"
    suffixes: tuple[str, ...] = (".txt",)

    @property
    def endings(self) -> tuple[str, ...]:
        """The endings of the files that count in a folder."""
        return self.suffixes

    def read(self, path: Path) -> Imported:
        """Return a row a file: `file`, its path below the folder, and `text`, all of it."""
        read = [(file, content_of(file)) for file in files_of(path, self.suffixes)]
        rows = tuple(
            Record(
                {
                    "file": file.relative_to(path).as_posix() if path.is_dir() else file.name,
                    "text": decode(content, self.encoding, str(file)),
                },
                str(file),
                1,
            )
            for file, content in read
        )
        return Imported(COLUMNS, rows, hash_of(path, read))
