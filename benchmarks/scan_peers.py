"""Peers of the scan, run by the interpreter of their own environment: benchmarks/scan-peers.sh.

    python benchmarks/scan_peers.py PEER FOLDER

FOLDER holds `items.json` and `documents.json`, lists of texts of tokens joined by single blanks,
normalised already: the peers are measured without the normalisation that ours does. Prints one JSON
object: CPU seconds to build and to search, bytes, and which items have a 13-gram in the documents.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeAlias

N = 13

Search: TypeAlias = Callable[[list[str]], set[int]]


def main() -> None:
    peer, folder = sys.argv[1], Path(sys.argv[2])
    items = json.loads((folder / "items.json").read_text(encoding="utf-8"))
    documents = json.loads((folder / "documents.json").read_text(encoding="utf-8"))
    began = time.process_time()
    search = {"ahocorasick_rs": ahocorasick, "overlapy": overlapy, "set": python_set}[peer](items)
    built = time.process_time()
    found = sorted(search(documents))
    ended = time.process_time()
    size = sum(len(document.encode()) for document in documents)
    answer = {"build": built - began, "search": ended - built, "bytes": size, "found": found}
    print(json.dumps(answer))


def grams(items: list[str]) -> Iterator[tuple[int, str]]:
    for number, item in enumerate(items):
        words = item.split(" ")
        for at in range(len(words) - N + 1):
            yield number, " ".join(words[at : at + N])


def ahocorasick(items: list[str]) -> Search:
    """An automaton in one block of memory over all n-grams, between blanks to keep to words."""
    import ahocorasick_rs

    owners = dict(reversed([(f" {gram} ", number) for number, gram in grams(items)]))
    patterns = list(owners)
    automaton = ahocorasick_rs.AhoCorasick(
        patterns, implementation=ahocorasick_rs.Implementation.ContiguousNFA, store_patterns=False
    )
    numbers = [owners[pattern] for pattern in patterns]

    def search(documents: list[str]) -> set[int]:
        found = set()
        for document in documents:
            for at, _, _ in automaton.find_matches_as_indexes(f" {document} ", overlapping=True):
                found.add(numbers[at])
        return found

    return search


def overlapy(items: list[str]) -> Search:
    """A pure-Python automaton over n-grams of words."""
    from overlapy import OverlapyNgramMatcher

    owners = dict(reversed([(tuple(gram.split(" ")), number) for number, gram in grams(items)]))
    matcher = OverlapyNgramMatcher(set(owners))

    def search(documents: list[str]) -> set[int]:
        return {owners[gram] for gram in matcher([document.split(" ") for document in documents])}

    return search


def python_set(items: list[str]) -> Search:
    """A set of n-grams as strings, asked for each n-gram of the documents."""
    owners = dict(reversed([(gram, number) for number, gram in grams(items)]))

    def search(documents: list[str]) -> set[int]:
        found = set()
        for document in documents:
            words = document.split(" ")
            for at in range(len(words) - N + 1):
                number = owners.get(" ".join(words[at : at + N]))
                if number is not None:
                    found.add(number)
        return found

    return search


if __name__ == "__main__":
    main()
