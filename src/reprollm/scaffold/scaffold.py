"""Writing the folder of a new experiment; nothing that is there is ever overwritten."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

from reprollm.errors import InvalidInput, StorageFailed
from reprollm.experiment.importers.delimited import Delimited
from reprollm.experiment.importers.imported import content_of
from reprollm.experiment.text import marked

_DELIMITERS = (",", ";", "\t")
_SOURCES = ("source", "text", "input", "question", "ocr", "quelle")
_REFERENCES = (
    "reference", "gold", "truth", "target", "answer", "label", "referenz", "antwort", "lösung",
)  # fmt: skip
_SAMPLE = """\
id,source,reference
1,vnd er ſprach zu jhm,und er sprach zu ihm
2,die zeyt iſt hie,die Zeit ist hier
3,wir ſeyn zuo Hauß,wir sind zu Haus
"""


@dataclass(frozen=True)
class Table:
    """The data file of a new experiment as it was found.

    Attributes:
        content: its bytes.
        suffix: of its name.
        columns: of its header.
    """

    content: bytes
    suffix: str
    columns: tuple[str, ...]
    encoding: str
    delimiter: str

    @property
    def id(self) -> str:
        """The column that is taken for the id: one of that name, else the first."""
        return _named(("id",), self.columns) or self.columns[0]

    @property
    def source(self) -> str:
        """The column that is taken for the text: one of a usual name, else the next."""
        rest = [name for name in self.columns if name != self.id]
        others = [name for name in rest if name.casefold() not in _REFERENCES]
        return _named(_SOURCES, rest) or next(iter([*others, *rest]), self.id)

    @property
    def reference(self) -> str | None:
        """The column that is taken for the right answer: one of a usual name, or none."""
        rest = [name for name in self.columns if name not in (self.id, self.source)]
        return _named(_REFERENCES, rest)


def _named(usual: Sequence[str], columns: Sequence[str]) -> str | None:
    """Return the first column of a usual name, whatever its capitals."""
    found = ((name, each) for name in usual for each in columns)
    return next((each for name, each in found if each.casefold() == name), None)


def sample() -> Table:
    """Return three rows to begin with."""
    return Table(_SAMPLE.encode(), ".csv", ("id", "source", "reference"), "utf-8", ",")


def table_of(path: Path, encoding: str | None = None) -> Table:
    """Return a CSV or TSV file with a header, its delimiter told from the header's line.

    Args:
        path: the file.
        encoding: a Python codec name; UTF-8, or what a byte order mark says, without one.

    Raises:
        DataInvalid: it cannot be read or decoded, or is no table.
    """
    content = content_of(path)
    encoding = encoding or marked(content) or "utf-8"
    found = [(Delimited(encoding, each), each) for each in _DELIMITERS]
    head = content.split(b"\n", 1)[0]
    best = max(found, key=lambda pair: head.count(pair[1].encode()))
    columns = best[0].read(path).columns
    return Table(content, path.suffix or ".csv", columns, encoding, best[1])


def write(folder: Path, name: str, title: str, table: Table) -> list[Path]:
    """Write the experiment's folder and return the files.

    Raises:
        InvalidInput: the folder is there already and holds something.
        StorageFailed: the file system refused.
    """
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise InvalidInput(
            f"expected nothing at {folder}, found a file or a folder with files; "
            "choose another name"
        )
    data = f"data/items{table.suffix}"
    texts = {
        data: table.content,
        "prompts/prompt.jinja": _prompt(table),
        "experiment.yaml": _experiment(name, title, data, table),
    }
    whole = folder.parent / f".tmp-{os.getpid()}-{os.urandom(8).hex()}"
    try:
        (whole / "models").mkdir(parents=True)
        for path, content in texts.items():
            (whole / path).parent.mkdir(exist_ok=True)
            (whole / path).write_bytes(content)
        whole.replace(folder)
    except OSError as error:
        raise StorageFailed(
            f"could not write {folder}: {error.strerror}; make room or allow writing and start "
            "again"
        ) from error
    finally:
        shutil.rmtree(whole, ignore_errors=True)
    return [folder / path for path in texts]


def _experiment(name: str, title: str, data: str, table: Table) -> bytes:
    from jinja2 import Environment, StrictUndefined

    source = files("reprollm.scaffold").joinpath("experiment.yaml.jinja").read_text("utf-8")
    environment = Environment(
        undefined=StrictUndefined, keep_trailing_newline=True, trim_blocks=True, lstrip_blocks=True
    )
    text = environment.from_string(source).render(
        name=name,
        title=_quoted(title),
        columns=_listed(table.columns),
        file=data,
        id=_quoted(table.id),
        source=_quoted(table.source),
        reference=_quoted(table.reference) if table.reference else None,
        encoding=table.encoding,
        delimiter=_quoted(table.delimiter),
    )
    return text.encode()


def _prompt(table: Table) -> bytes:
    """Return a template with the text in it, whatever its column is called."""
    named = table.source.isidentifier() and table.source not in ("item", "examples")
    shown = table.source if named else f"item[{json.dumps(table.source, ensure_ascii=False)}]"
    return f"{{{{ {shown} }}}}\n".encode()


def _quoted(text: str) -> str:
    """Return a YAML scalar (JSON's strings are a subset of YAML's, 1.2, section 1.3)."""
    return json.dumps(text, ensure_ascii=False)


def _listed(columns: Sequence[str]) -> str:
    """Return the columns for a comment, on one line."""
    return ", ".join(json.dumps(name, ensure_ascii=False) for name in columns)
