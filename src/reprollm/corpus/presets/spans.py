"""Arithmetic on what was found of one item: which tokens, how many n-grams, in which documents.

Tokens and n-grams are counted by their place in the item, so that one that occurs twice counts
twice.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence

from reprollm.corpus.match import Match

Span = tuple[int, int]


def covered(starts: Iterable[int], n: int) -> int:
    """Return how many tokens the n-grams that begin at `starts` cover together."""
    return size(union((start, start + n) for start in starts))


def in_more_documents(matches: Sequence[Match], n: int, most: int) -> list[Span]:
    """Return where the n-grams begin that stand in more than `most` documents, as spans."""
    edges: dict[int, int] = defaultdict(int)
    for found in per_document(matches).values():
        starts = ((match.start, match.start + match.length - n + 1) for match in found)
        for first, last in union(span for span in starts if span[0] < span[1]):
            edges[first] += 1
            edges[last] -= 1
    spans: list[Span] = []
    documents = previous = 0
    for place in sorted(edges):
        if documents > most:
            spans.append((previous, place))
        documents += edges[place]
        previous = place
    return union(spans)


def most_covered(matches: Iterable[Match]) -> tuple[int, str | None]:
    """Return the most tokens that one document covers, and the first such document by name."""
    best: tuple[int, str | None] = (0, None)
    for document, found in sorted(per_document(matches).items()):
        count = size(union((match.start, match.start + match.length) for match in found))
        if count > best[0]:
            best = (count, document)
    return best


def per_document(matches: Iterable[Match]) -> dict[str, list[Match]]:
    """Return the matches by the document in which they stand."""
    found: dict[str, list[Match]] = defaultdict(list)
    for match in matches:
        found[match.document].append(match)
    return dict(found)


def union(spans: Iterable[Span]) -> list[Span]:
    """Return the spans joined where they touch or overlap, in order."""
    joined: list[Span] = []
    for first, last in sorted(spans):
        if joined and first <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(joined[-1][1], last))
        else:
            joined.append((first, last))
    return joined


def size(spans: Iterable[Span]) -> int:
    """Return how many places the disjoint spans hold together."""
    return sum(last - first for first, last in spans)
