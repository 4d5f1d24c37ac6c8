"""A small real run whose every text holds planted words, and a search for them in any bytes.

The words are drawn by a fixed generator, so that they stand in no other file by accident.
"""

from __future__ import annotations

import base64
import csv
import random
import re
from collections.abc import Iterable, Iterator
from pathlib import Path

import duckdb
import numpy as np
import pyarrow.parquet as pq
from numpy.typing import NDArray

from reprollm import cli
from reprollm.snapshot.lock import write_lock
from reprollm.snapshot.pin import pin
from tiny_models import CHAT_TEMPLATE, make_llama

ITEMS = 4
SHORT = 6
LONG = 24
_DRAW = random.Random(20_260_101)
GRAM = 8
EXPERIMENT_FILES = (
    "data/examples.csv",
    "data/items.csv",
    "experiment.yaml",
    "prompts/ask.jinja",
)
REPORT = "report.html"


def word() -> str:
    """Return a planted word of nine letters that no other text holds."""
    return "".join(_DRAW.choice("bdfgklmnprstvz" if i % 2 else "aeiouyäöüſ") for i in range(9))


def phrase(count: int) -> str:
    return " ".join(word() for _ in range(count))


EXPERIMENT = """\
schema: reprollm/experiment/1
name: planted
title: Planted words
model: {{lock: models/tiny.lock.json}}
engine: {{family: transformers, dtype: float32, device: cpu, batch: {{policy: strict, size: 4}}}}
data: {{file: data/items.csv, id: id, source: source, reference: reference, stratum: stratum}}
prompt: {{template: prompts/ask.jinja, chat: true, system: "{system}"}}
few_shot: {{file: data/examples.csv, count: 1, seed: 7}}
sampling:
  greedy: {{temperature: 0, max_tokens: {long}}}
  brief: {{temperature: 0, max_tokens: {short}}}
slices: 1
scores: [exact_match, character_error_rate]
"""
TEMPLATE = (
    "{instruction}\n{{% for example in examples %}}{{{{ example.source }}}} = "
    "{{{{ example.reference }}}}\n{{% endfor %}}{{{{ source }}}} =\n"
)


def write_planted(folder: Path) -> Path:
    """Write the experiment with a pinned model into `folder`; return it."""
    for name in ("data", "prompts", "models"):
        (folder / name).mkdir(parents=True)
    system, instruction = phrase(3), phrase(9)
    text = EXPERIMENT.format(system=system, long=LONG, short=SHORT)
    (folder / "experiment.yaml").write_text(text, encoding="utf-8")
    template = TEMPLATE.format(instruction=instruction)
    (folder / "prompts" / "ask.jinja").write_text(template, encoding="utf-8")
    rows = [[f"i{n}", phrase(9), phrase(2 + n), f"s{n}"] for n in range(ITEMS)]
    _write_table(folder / "data" / "items.csv", rows)
    shown = "".join(f"<tr><td>{row[1]}<td>{row[2]}</tr>\n" for row in rows)
    (folder / REPORT).write_text(f"<table>\n{shown}</table>\n", encoding="utf-8")
    examples = [[f"e{n}", phrase(2), phrase(2), "s0"] for n in range(3)]
    _write_table(folder / "data" / "examples.csv", examples)
    make_llama(folder / "models" / "tiny")
    lock = pin(folder / "models" / "tiny", name="tiny")
    write_lock(lock, folder / "models" / "tiny.lock.json", replace=True)
    return folder


def run_planted(folder: Path, ledger: Path) -> Path:
    """Plan, answer, score and commit the experiment in `folder`; return the ledger."""
    where = ("--ledger", str(ledger))
    for arguments in (
        ("plan", str(folder), *where),
        ("ledger", "commit", str(ledger)),
        ("generate", str(folder), *where),
        ("ledger", "commit", str(ledger)),
        ("score", str(ledger)),
        ("ledger", "commit", str(ledger)),
    ):
        cli.reprollm(list(arguments), standalone_mode=False)
    return ledger


def values(ledger: Path, fields: Iterable[str]) -> dict[str, list[bytes]]:
    """Return the values of some fields as the openings in `ledger` hold them."""
    listed = ", ".join(f"'{field}'" for field in fields)
    query = f'SELECT field, coalesce(bytes, encode("text")) FROM opening WHERE field IN ({listed})'
    found: dict[str, list[bytes]] = {}
    with duckdb.connect(str(ledger / "ledger.duckdb"), read_only=True) as connection:
        for field, value in connection.execute(query).fetchall():
            found.setdefault(field, []).append(value)
    return found


class Search:
    """Looks for grams of texts, and of their encodings, and for token ids, in bytes."""

    def __init__(self, texts: Iterable[str], arrays: Iterable[bytes]) -> None:
        self._needles: dict[str, NDArray[np.uint64]] = {}
        self._wide: dict[str, NDArray[np.uint64]] = {}
        self._numbers: set[tuple[int, ...]] = set()
        common = set(_grams(CHAT_TEMPLATE.encode().replace(b"{{ message['role'] }}", b"user")))
        for role in (b"user", b"system", b"assistant"):
            common |= set(_grams(b"<s>[" + role + b"] " * 2 + b"\n[" + role + b"] "))
        plain, coded, hexed = set(), set(), set()
        for text in texts:
            for spelled in (text, text.casefold(), text.upper()):
                value = spelled.encode()
                plain |= {g for g in _grams(value) if len(set(g)) > 3} - common
                plain |= set(_grams(ascii(spelled)[1:-1].encode())) - common
                for skipped in range(3):
                    coded |= set(_grams(base64.b64encode(value[skipped:])[:-4]))
                hexed |= set(_grams(value.hex().encode(), 16))
        whole = set()
        for value in arrays:
            numbers = tuple(np.frombuffer(value, "<u4").tolist())
            self._numbers |= {numbers[i : i + 5] for i in range(len(numbers) - 4)}
            whole |= {g for g in _grams(value, 16) if g.count(0) < 14}
            for skipped in range(3):
                coded |= {
                    g for g in _grams(base64.b64encode(value[skipped:])[:-4]) if g.count(b"A") < 5
                }
        self._needles = {"text": _array(plain), "base64": _array(coded)}
        self._wide = {"hex": _array(hexed), "ids": _array(whole)}

    def found_in(self, content: bytes) -> set[str]:
        """Return in which forms anything shows in `content`."""
        found = set()
        for needles_of, windows in (
            (self._needles, _windows(content)),
            (self._wide, _wide_windows(content)),
        ):
            for form, needles in needles_of.items():
                if any(_share(needles, part) for part in windows):
                    found.add(form)
        if self._numbers & set(_number_runs(content)):
            found.add("numbers")
        return found


def readable(path: Path) -> Iterator[tuple[str, bytes]]:
    """Yield a file's name, its bytes, and what a reader of Parquet or DuckDB would see in it."""
    yield f"{path.name}: its name", path.name.encode()
    yield path.name, path.read_bytes()
    if path.suffix == ".parquet":
        for name, column in pq.read_table(path).to_pydict().items():
            yield f"{path.name}: {name}", b"\n".join(map(_cell, column))
    if path.suffix == ".duckdb":
        with duckdb.connect(str(path), read_only=True) as connection:
            tables = connection.execute("SELECT table_name FROM duckdb_tables()").fetchall()
            views = connection.execute(
                "SELECT view_name FROM duckdb_views() WHERE NOT internal"
            ).fetchall()
            for (table,) in tables + views:
                rows = connection.execute(f'SELECT * FROM "{table}"').fetchall()
                cells = (_cell(cell) for row in rows for cell in row)
                yield f"{path.name}: {table}", b"\n".join(cells)


def _cell(cell: object) -> bytes:
    return cell if isinstance(cell, bytes) else str(cell).encode()


def _write_table(path: Path, rows: list[list[str]]) -> None:
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["id", "source", "reference", "stratum"])
        writer.writerows(rows)


def _grams(value: bytes, length: int = GRAM) -> Iterator[bytes]:
    return (value[at : at + length] for at in range(len(value) - length + 1))


def _array(grams: set[bytes]) -> NDArray[np.uint64]:
    joined = np.frombuffer(b"".join(grams), "<u8")
    wide = len(next(iter(grams))) == 2 * GRAM
    return np.sort(_joined(joined[0::2], joined[1::2]) if wide else joined)


def _windows(content: bytes) -> list[NDArray[np.uint64]]:
    """Return all windows of eight bytes, those at each of the eight places they begin at apart."""
    return [
        np.frombuffer(content, "<u8", (len(content) - skipped) // GRAM, skipped)
        for skipped in range(min(GRAM, max(0, len(content) - GRAM + 1)))
    ]


def _wide_windows(content: bytes) -> list[NDArray[np.uint64]]:
    """Return a number for each window of sixteen bytes, likewise."""
    return [_joined(items[:-1], items[1:]) for items in _windows(content)]


def _share(needles: NDArray[np.uint64], values: NDArray[np.uint64]) -> bool:
    at = np.minimum(np.searchsorted(needles, values), len(needles) - 1)
    return bool((needles[at] == values).any())


def _joined(first: NDArray[np.uint64], second: NDArray[np.uint64]) -> NDArray[np.uint64]:
    return first * np.uint64(0x9E3779B97F4A7C15) + second


def _number_runs(content: bytes) -> Iterator[tuple[int, ...]]:
    for row in re.finditer(rb"\d{1,6}(?:[^0-9A-Za-z]{1,6}\d{1,6}){4,}", content):
        numbers = tuple(map(int, re.findall(rb"\d+", row[0])))
        for at in range(len(numbers) - 4):
            yield numbers[at : at + 5]
