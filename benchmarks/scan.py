"""The corpus scan against exact n-gram searchers, against decompression, and over cores.

    python benchmarks/scan.py [--peers PYTHON] [--megabytes 200] [--quick] [--json]

10,000 items of 60 words, 13-grams, the tokenization `robust` with full Unicode folding, in 200 MB
of text that is made here (`scan_text.py`); every second item is planted. All speeds are megabytes
of text per CPU second of one thread, the best of some rounds, since a busy machine can only slow
one down. Peers search a slice that is folded before their clock starts, and are not charged for
building; ours folds as it goes. PYTHON is that of an environment made by `scan-peers.sh`.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from scan_text import Text, documents, items

from reprollm.corpus.folding import robust
from reprollm.corpus.index import build_index
from reprollm.corpus.kernel_search import KernelSearcher
from reprollm.corpus.match import Item
from reprollm.corpus.options import ScanOptions
from reprollm.corpus.scan import scan
from reprollm.corpus.words_search import WordsSearcher

N = 13
ITEMS = 10_000
BLOCK = 4_000_000
MEGABYTE = 1e6
FASTER_THAN_PEER = 10
OF_DECOMPRESSION = 0.25
ZSTD_LEVEL = 3
# End to end the text is there several times, so that it weighs more than the index of the items.
SHARDS, COPIES = 8, 4
# Peer, megabytes of its slice, items: overlapy's automaton takes gigabytes for all of them.
PEERS = (("ahocorasick_rs", 20, ITEMS), ("set", 20, ITEMS), ("overlapy", 4, 1_000))


@dataclass(frozen=True)
class Material:
    """What is searched, and for what."""

    items: list[str]
    documents: list[str]

    @property
    def bytes(self) -> int:
        """UTF-8 bytes of the documents."""
        return sum(len(text.encode()) for text in self.documents)

    def slice(self, megabytes: float) -> list[str]:
        """Return the first documents, so many megabytes of them."""
        sizes = np.cumsum([len(text.encode()) for text in self.documents])
        return self.documents[: int(np.searchsorted(sizes, megabytes * MEGABYTE)) + 1]


def main() -> None:
    parser = argparse.ArgumentParser(description="The corpus scan against its peers.")
    parser.add_argument("--peers", metavar="PYTHON", help="interpreter that has the peers")
    parser.add_argument("--megabytes", type=float, default=200)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--quick", action="store_true", help="40 MB, one round")
    parser.add_argument("--json", action="store_true", help="print JSON lines")
    arguments = parser.parse_args()
    megabytes = 40 if arguments.quick else arguments.megabytes
    rounds = 1 if arguments.quick else arguments.rounds
    text = Text()
    searched = items(text, ITEMS)
    material = Material(searched, list(documents(text, searched, int(megabytes * MEGABYTE))))
    for row in measured(material, arguments.peers, rounds):
        print(json.dumps(row) if arguments.json else said(row), flush=True)


def said(row: dict[str, Any]) -> str:
    """Return a row as a line for people."""
    return "  ".join(f"{name} {_short(value)}" for name, value in row.items())


def _short(value: object) -> str:
    return f"{value:.3g}" if isinstance(value, float) else str(value)


def measured(material: Material, python: str | None, rounds: int) -> Iterator[dict[str, Any]]:
    """Yield what was measured, a ratio at a time."""
    tests = [Item(str(number), text) for number, text in enumerate(material.items)]
    index = build_index(tests, robust(), N)
    kernel, found = kernel_speed(KernelSearcher(index, robust()), index, material, rounds)
    yield {
        "what": "kernel",
        "megabytes": material.bytes / MEGABYTE,
        "speed": kernel,
        "found": len(found),
        "planted": len(material.items[::2]),
    }
    numpy = WordsSearcher(index, robust())
    few = material.slice(10)
    yield {"what": "numpy", "speed": speed(few, lambda: numpy.search(few), rounds)}
    if python:
        for peer, megabytes, count in PEERS:
            yield peer_row(python, peer, material, (megabytes, count), (kernel, found))
    yield from decompression(material, kernel, rounds)
    with tempfile.TemporaryDirectory() as folder:
        yield from end_to_end(material, tests, Path(folder), kernel)


def kernel_speed(
    searcher: KernelSearcher, index: Any, material: Material, rounds: int
) -> tuple[float, set[int]]:
    """Return the kernel's speed, and the items it finds."""
    searcher.search(material.documents[:10])
    best = 0.0
    found: set[int] = set()
    for _ in range(rounds):
        spent = 0.0
        for plain, begins, ends in blocks(material.documents):
            began = time.process_time()
            hits = searcher.search_bytes(plain, plain, begins, ends)
            spent += time.process_time() - began
            for gram in np.unique(hits.gram).tolist():
                places = index.places[index.spread[gram] : index.spread[gram + 1]]
                found.update(index.item[places].tolist())
        best = max(best, material.bytes / MEGABYTE / spent)
    return best, found


def blocks(texts: list[str]) -> Iterator[tuple[bytes, Any, Any]]:
    """Yield the texts as buffers of UTF-8, as the scan makes them."""
    held: list[bytes] = []
    size = 0
    for text in [*texts, ""]:
        held.append(text.encode())
        size += len(held[-1])
        if size >= BLOCK or not text:
            ends = np.cumsum([len(each) + 1 for each in held]) - 1
            yield b"\n".join(held), np.concatenate([[0], ends[:-1] + 1]).astype(np.int64), ends
            held, size = [], 0


def speed(texts: list[str], work: Callable[[], object], rounds: int) -> float:
    """Return megabytes of these texts per CPU second, the best of some rounds."""
    size = sum(len(text.encode()) for text in texts) / MEGABYTE
    best = 0.0
    for _ in range(rounds):
        began = time.process_time()
        work()
        best = max(best, size / (time.process_time() - began))
    return best


def peer_row(
    python: str,
    peer: str,
    material: Material,
    slice_of: tuple[float, int],
    ours: tuple[float, set[int]],
) -> dict[str, Any]:
    """Return a peer's speed, and the ratio of ours to it.

    Raises:
        SystemExit: it does not find the items that ours finds in the same slice.
    """
    megabytes, count = slice_of
    kernel, _ = ours
    texts = material.slice(megabytes)
    fold = robust()
    with tempfile.TemporaryDirectory() as folder:
        for name, each in (("items", material.items[:count]), ("documents", texts)):
            folded = [" ".join(fold.words(text)) for text in each]
            Path(folder, f"{name}.json").write_text(json.dumps(folded), encoding="utf-8")
        script = str(Path(__file__).parent / "scan_peers.py")
        done = subprocess.run(
            [python, script, peer, folder], stdout=subprocess.PIPE, text=True, check=True
        )
    answer = json.loads(done.stdout)
    # One planted item a document, from the first on.
    expected = {2 * at for at in range(min(len(texts), len(material.items) // 2))}
    missing = {number for number in expected if number < count} - set(answer["found"])
    if missing:
        raise SystemExit(f"{peer} missed {len(missing)} planted items")
    found = answer["bytes"] / MEGABYTE / answer["search"]
    return {
        "what": f"kernel / {peer}",
        "items": count,
        "speed": found,
        "build": answer["build"],
        "ratio": kernel / found,
        "goal": FASTER_THAN_PEER,
    }


def decompression(material: Material, kernel: float, rounds: int) -> Iterator[dict[str, Any]]:
    """Yield the kernel's speed as a part of zstd's on the same text."""
    texts = material.slice(50)
    plain = "\n".join(texts).encode()
    packed = pa.Codec("zstd", compression_level=ZSTD_LEVEL).compress(plain, asbytes=True)
    found = speed(texts, lambda: pa.decompress(packed, len(plain), codec="zstd"), max(5, rounds))
    yield {
        "what": f"kernel / zstd-{ZSTD_LEVEL} decompression",
        "speed": found,
        "packed": len(plain) / len(packed),
        "ratio": kernel / found,
        "goal": OF_DECOMPRESSION,
    }


def end_to_end(
    material: Material, tests: list[Item], folder: Path, kernel: float
) -> Iterator[dict[str, Any]]:
    """Yield the whole scan of zst and JSON lines against the kernel, and its speed over cores."""
    lines = [json.dumps({"text": text}, ensure_ascii=False).encode() for text in material.documents]
    codec = pa.Codec("zstd", compression_level=ZSTD_LEVEL)
    corpus = folder / "corpus"
    corpus.mkdir()
    for number in range(SHARDS):
        part = lines[number::SHARDS]
        for again in range(COPIES):
            # Files of the same bytes are read once.
            content = b"\n".join(part[again:] + part[:again])
            packed = codec.compress(content, asbytes=True)
            (corpus / f"{number}-{again}.jsonl.zst").write_bytes(packed)
    size = COPIES * material.bytes / MEGABYTE
    walls: list[float] = []
    costs: list[float] = []
    cores = len(os.sched_getaffinity(0))
    for jobs in sorted({1, cores}):
        state = folder / f"state-{jobs}"
        began, cpu = time.perf_counter(), cpu_seconds()
        scan([corpus], tests, ScanOptions(kernel="numba"), state=state, jobs=jobs)
        walls.append(time.perf_counter() - began)
        spent = cpu_seconds() - cpu
        costs.append(spent)
        if jobs == 1:
            whole = size / spent
            yield {
                "what": "end to end (zst, JSON lines, scan) / kernel",
                "megabytes": size,
                "speed": whole,
                "ratio": whole / kernel,
            }
    if cores > 1:
        yield {
            "what": f"end to end, {cores} processes / 1, wall",
            "cores": cores,
            "cpu": costs[-1] / costs[0],
            "load": os.getloadavg()[0],
            "ratio": walls[0] / walls[-1],
        }


def cpu_seconds() -> float:
    """Return CPU seconds of this process and of those it waited for."""
    times = os.times()
    return times.user + times.system + times.children_user + times.children_system


if __name__ == "__main__":
    sys.exit(main())
