from __future__ import annotations

import random
import sys

import numpy as np
import pytest

from reprollm.corpus.folding import Folding, robust
from reprollm.corpus.index import build_index
from reprollm.corpus.kernel_search import KernelSearcher
from reprollm.corpus.match import Item
from reprollm.corpus.options import ScanOptions
from reprollm.corpus.plain import letters, whitespace, words
from reprollm.corpus.searching import Hits
from reprollm.corpus.table import TableTokenization
from reprollm.corpus.unit_scan import searcher_of
from reprollm.corpus.words_search import WordsSearcher
from reprollm.errors import InvalidInput

EVERYTHING = Folding(u_v=True, i_j=True, umlauts=True, hyphens=True)
TOKENIZATIONS = (robust(), robust(EVERYTHING), words(), letters(), whitespace())
N = 3


def scrap(chosen: random.Random, length: int) -> str:
    """Return text in which everything meets that a table knows."""
    syllables = (
        "a",
        "Äb",
        "u\u0308",
        "ſs",
        "ß",
        "ŉ",
        "ﬁn",
        "天",
        "㍿",
        "–",
        "'",
        "v",
        "j",
        "\U0001d504",
        "½",
    )
    gaps = (" ", ", ", "\n", "-\n ", "\u00ad", "", "\t", "\u00a0", " «")
    return "".join(chosen.choice(syllables) + chosen.choice(gaps) for _ in range(length))


def hits_of(hits: Hits) -> list[tuple[int, ...]]:
    columns = (
        hits.gram,
        hits.text,
        hits.token,
        hits.characters(hits.text, hits.start),
        hits.characters(hits.text, hits.end),
    )
    return sorted(zip(*(column.tolist() for column in columns), strict=True))


@pytest.mark.parametrize("bits", [64, 3], ids=["distinct", "colliding"])
@pytest.mark.parametrize("tokenization", TOKENIZATIONS, ids=lambda t: t.name)
def test_kernel_and_numpy_find_the_same_and_all_of_it(
    tokenization: TableTokenization, bits: int
) -> None:
    chosen = random.Random(7)
    items = [Item(str(number), scrap(chosen, chosen.randrange(14))) for number in range(30)]
    texts = [scrap(chosen, chosen.randrange(60)) for _ in range(30)] + [items[3].text, ""]
    texts += [f"{scrap(chosen, 5)} {chosen.choice(items).text} ." for _ in range(40)]
    index = build_index(items, tokenization, N)
    kernel = KernelSearcher(index, tokenization, bits)
    numpy = WordsSearcher(index, tokenization, bits)
    found = hits_of(kernel.search(texts))
    assert found == hits_of(numpy.search(texts))
    assert np.array_equal(kernel.counts, numpy.counts)
    rows = [tuple(index.words[at : at + N]) for at in index.token_of(index.first).tolist()]
    names = list(index.vocabulary)
    grams = {tuple(names[word] for word in row): gram for gram, row in enumerate(rows)}
    expected = []
    for number, text in enumerate(texts):
        tokens, spans = tokenization.words(text), tokenization.spans(text)
        for at in range(len(tokens) - N + 1):
            gram = grams.get(tuple(tokens[at : at + N]))
            if gram is not None:
                expected.append((gram, number, at, spans[at][0], spans[at + N - 1][1]))
    assert found == sorted(expected)
    assert len(expected) > 50


@pytest.mark.parametrize("tokenization", TOKENIZATIONS, ids=lambda t: t.name)
def test_every_character_of_up_to_two_bytes_is_read_alike(tokenization: TableTokenization) -> None:
    texts = [f"a{chr(point)}b {chr(point)} c{chr(point)}" for point in range(1, 0x800)]
    texts += [chr(point) for point in range(1, 0x800)]
    items = [Item(str(number), text) for number, text in enumerate(texts)]
    index = build_index(items, tokenization, 2)
    kernel, numpy = KernelSearcher(index, tokenization), WordsSearcher(index, tokenization)
    found = hits_of(kernel.search(texts))
    assert found == hits_of(numpy.search(texts))
    assert len(found) > 1000


@pytest.mark.parametrize("n", [1, 2, 5])
def test_repeated_and_broken_off_items_are_found_at_every_place(n: int) -> None:
    chosen = random.Random(11)
    texts = [" ".join(chosen.choices(("ja", "nein", "ach"), k=20)) for _ in range(12)]
    items = [Item(str(number), text) for number, text in enumerate(texts)]
    index = build_index(items, robust(), n)
    pieces = [text[begin : begin + 50] for text in texts for begin in range(0, 40, 7)]
    joined = [f"{chosen.choice(pieces)} {chosen.choice(pieces)}" for _ in range(60)]
    kernel, numpy = KernelSearcher(index, robust()), WordsSearcher(index, robust())
    found = hits_of(kernel.search([*joined, "ja " * 40]))
    assert found == hits_of(numpy.search([*joined, "ja " * 40]))
    assert np.array_equal(kernel.counts, numpy.counts)
    assert len(found) > 500


def test_a_letter_that_stands_for_many_tokens_takes_its_room() -> None:
    index = build_index([Item("a", "キロメートル" * 3)], robust(), 3)
    texts = ["\u3316" * 5000, "㍿" * 999]
    kernel, numpy = KernelSearcher(index, robust()), WordsSearcher(index, robust())
    assert hits_of(kernel.search(texts)) == hits_of(numpy.search(texts))
    assert kernel.counts.sum() == 5000 * 6 - 2


def test_a_muted_gram_is_counted_and_not_listed() -> None:
    index = build_index([Item("a", "eins zwei drei vier")], robust(), 3)
    for searcher in (KernelSearcher(index, robust()), WordsSearcher(index, robust())):
        searcher.muted[0] = True
        hits = searcher.search(["null eins zwei drei vier", "eins zwei drei"])
        assert hits.gram.tolist() == [1]
        assert searcher.counts.tolist() == [2, 1]


def test_items_shorter_than_n_have_no_grams() -> None:
    index = build_index([Item("a", "eins zwei"), Item("b", "")], robust(), 3)
    assert index.grams == 0
    for searcher in (KernelSearcher(index, robust()), WordsSearcher(index, robust())):
        assert searcher.search(["eins zwei drei vier"]).gram.tolist() == []


def test_two_items_of_one_id_are_refused() -> None:
    with pytest.raises(InvalidInput, match="an id of its own, found 'a' twice"):
        build_index([Item("a", "eins"), Item("a", "zwei")], robust(), 3)


def test_no_items_are_refused() -> None:
    with pytest.raises(InvalidInput, match="found none"):
        build_index([], robust(), 3)


def test_without_numba_the_scan_takes_numpy_and_says_so_where_it_must_not(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name in ("kernel", "kernel_search"):
        monkeypatch.delitem(sys.modules, f"reprollm.corpus.{name}")
    monkeypatch.setitem(sys.modules, "numba", None)
    monkeypatch.delattr("reprollm.corpus.kernel")
    index = build_index([Item("a", "eins zwei drei")], robust(), 3)
    assert isinstance(searcher_of(index, ScanOptions(n=3)), WordsSearcher)
    with pytest.raises(InvalidInput, match=r"install reprollm\[scan\]"):
        searcher_of(index, ScanOptions(n=3, kernel="numba"))
