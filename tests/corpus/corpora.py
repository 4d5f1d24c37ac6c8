"""Small corpora, and a slow search to compare with."""

from __future__ import annotations

import gzip
import json
import random
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from reprollm.corpus.match import Item
from reprollm.corpus.tokens import Tokenization

WORDS = (
    "Der König sprach zu seinem Volke und alle hörten ihm schweigend zu während draußen der "
    "Regen fiel große Häuser standen über dem Fluß wo Mühlen sich drehten und Kähne lagen müde "
    "Bäuerinnen trugen Körbe voller Äpfel heim"
).split()


def sentence(seed: int, words: int) -> str:
    """Return some words, always the same for a seed."""
    chosen = random.Random(seed)
    return " ".join(f"{chosen.choice(WORDS)}{chosen.randrange(90)}" for _ in range(words))


def items(count: int, words: int = 20) -> list[Item]:
    """Return items that have nothing in common."""
    return [Item(f"item-{number}", sentence(1000 + number, words)) for number in range(count)]


def json_lines(texts: Iterable[str]) -> bytes:
    """Return documents as JSON lines."""
    return b"".join(json.dumps({"text": text}).encode() + b"\n" for text in texts)


def write_zst(path: Path, content: bytes) -> None:
    """Write a compressed file."""
    import pyarrow as pa

    path.write_bytes(pa.compress(content, codec="zstd", asbytes=True))


def write_gz(path: Path, content: bytes) -> None:
    """Write a compressed file."""
    path.write_bytes(gzip.compress(content, mtime=0))


def write_parquet(path: Path, **columns: Any) -> None:
    """Write a table."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    pq.write_table(pa.table(columns), path)


def longest_runs(one: Sequence[str], other: Sequence[str], n: int) -> set[tuple[int, int, int]]:
    """Return start, start in the other and length of every longest common run of n or more."""
    found = set()
    for at in range(len(one)):
        for there in range(len(other)):
            if at and there and one[at - 1] == other[there - 1]:
                continue
            length = 0
            while (
                at + length < len(one)
                and there + length < len(other)
                and one[at + length] == other[there + length]
            ):
                length += 1
            if length >= n:
                found.add((at, there, length))
    return found


def expected_matches(
    tests: Sequence[Item], documents: dict[str, str], tokenization: Tokenization, n: int
) -> set[tuple[str, int, int, str, int, int]]:
    """Return the matches as a scan must list them: item, start, length, document, offset, end."""
    found = set()
    for item in tests:
        words = tokenization.words(item.text)
        for name, text in documents.items():
            spans = tokenization.spans(text)
            for start, there, length in longest_runs(words, tokenization.words(text), n):
                offset, end = spans[there][0], spans[there + length - 1][1]
                found.add((item.id, start, length, name, offset, end))
    return found
