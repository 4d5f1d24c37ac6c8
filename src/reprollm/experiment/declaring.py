"""Adding an entry to a file of declarations, which stays the file that its author wrote.

Comments and order are kept. The new file is read as strictly as any before it takes the old one's
place, so that a wrong entry changes nothing.
"""

from __future__ import annotations

import hashlib
import io
import os
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

from reprollm.errors import ExperimentInvalid, InvalidInput
from reprollm.experiment.document import read_document
from reprollm.experiment.exposure import DECLARATIONS, Declarations
from reprollm.records.receipt import replace_file


def add_entry(
    path: Path,
    section: str,
    entry: Mapping[str, Any] | None,
    read: Callable[[Path], Declarations],
) -> Declarations:
    """Add an entry to a section of the declarations in `path`; return what they are then.

    Args:
        path: the file; it is made where there is none.
        section: a key of the file that holds a list.
        entry: the new entry; None to leave the list empty, which declares that there is nothing.
        read: reads and checks a file.

    Raises:
        ExperimentInvalid, DataInvalid: the file would not be right; it is as it was.
        StorageFailed: the file system refused; it is as it was.
    """
    yaml = YAML()
    yaml.preserve_quotes = True
    yaml.width = 100
    value: Any = {"schema": DECLARATIONS}
    if path.exists():
        read_document(path)
        value = yaml.load(path.read_text(encoding="utf-8"))
    if not isinstance(value, dict):
        raise ExperimentInvalid(f"expected a mapping of keys to values in {path}, found another")
    listed = value.setdefault(section, [])
    if not isinstance(listed, list) or (entry is None and listed):
        raise ExperimentInvalid(
            f"expected {'no entries' if entry is None else 'a list'} under {section!r} in {path}, "
            "found something else; correct the file by hand"
        )
    if entry is not None:
        listed.append(dict(entry))
    text = io.StringIO()
    yaml.dump(value, text)
    return _replaced(path, text.getvalue().encode(), read)


def evidence_of(folder: Path, kind: str, file: Path | None, **told: Any) -> dict[str, Any]:
    """Return an evidence as the file holds it, with the digest of the kept copy as it is now.

    Args:
        folder: the folder of the declarations.
        kind: its type.
        file: the kept copy, inside that folder; None where there is none.
        told: the other keys; what is None is left out.

    Raises:
        InvalidInput: the copy cannot be read or lies elsewhere.
    """
    made: dict[str, Any] = {"type": kind}
    if file is not None:
        made |= {"file": within(folder, file), "sha256": _sha256(file)}
    return made | {name: value for name, value in told.items() if value is not None}


def within(folder: Path, file: Path) -> str:
    """Return a file's path as the declarations in `folder` name it; refuse one outside it."""
    try:
        return file.resolve().relative_to(folder.resolve()).as_posix()
    except ValueError:
        raise InvalidInput(
            f"expected a file inside {folder}, found {file}; copy it there, so that it is kept "
            "with the experiment"
        ) from None


def _sha256(file: Path) -> str:
    try:
        return hashlib.sha256(file.read_bytes()).hexdigest()
    except OSError as error:
        raise InvalidInput(f"could not read {file}: {error.strerror}") from None


def _replaced(path: Path, content: bytes, read: Callable[[Path], Declarations]) -> Declarations:
    trial = path.parent / f".trial-{os.getpid()}-{path.name}"
    try:
        replace_file(trial, content)
        made = read(trial)
    except InvalidInput as error:
        raise type(error)(str(error).replace(str(trial), str(path))) from None
    finally:
        with suppress(OSError):
            trial.unlink(missing_ok=True)
    replace_file(path, content)
    return made
