"""The scan's inner loop, compiled by numba.

A text's UTF-8 is read once: look up what a byte does (`steps.py`), hash the letters of a token.
Whatever n tokens follow one another, one of the blocks of (n + 1) // 2 tokens into which the
text is cut lies among them, so that only these blocks are held against a filter of all such blocks
of the items. Where one passes, the n-grams around it are hashed (as Karp and Rabin 1987 do) and
looked up in a hash table, and then the text itself is compared, letter by letter. Behind an n-gram
that was found stands, most often, the item's next one: that is tried first, and costs one token.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

from reprollm.corpus.steps import ENDS, LETTER, OTHER, TURN, XOR
from reprollm.corpus.table import SEPARATOR, SINGLE

U = np.uint64
_OFFSET = U(0xCBF29CE484222325)
BASE = U(0x9E3779B97F4A7C15)
# A position is (byte << 5) + the letter's number within its code point's letters.
_PART = 5
_PARTS = (1 << _PART) - 1

Array = NDArray[Any]


@njit(cache=True, inline="always")
def _mixed(x: Any) -> Any:
    x ^= x >> U(32)
    x *= U(0xD6E8FEB86659FD93)
    x ^= x >> U(32)
    return x


@njit(cache=True, inline="always")
def _decoded(text: Array, at: Any) -> Any:
    """Return the code point at a byte and the byte after it; the text is valid UTF-8."""
    byte = U(text[at])
    if byte < U(0x80):
        return byte, at + 1
    second = U(text[at + 1]) & U(0x3F)
    if byte < U(0xE0):
        return ((byte & U(0x1F)) << U(6)) | second, at + 2
    third = U(text[at + 2]) & U(0x3F)
    if byte < U(0xF0):
        return ((byte & U(0x0F)) << U(12)) | (second << U(6)) | third, at + 3
    fourth = U(text[at + 3]) & U(0x3F)
    high = ((byte & U(0x07)) << U(18)) | (second << U(12))
    return high | (third << U(6)) | fourth, at + 4


@njit(cache=True, inline="always")
def _with(hashed: Any, letter: Any) -> Any:
    """Return the hash of a token's letters with one more."""
    return ((hashed << U(11)) | (hashed >> U(53))) ^ U(letter)


@njit(cache=True)
def _end_of(
    text: Array,
    position: int,
    stop: int,
    codes: Array,
    expansions: Array,
    letters: Array,
    at: int,
    n: int,
) -> Any:
    """Return the byte that ends the n tokens from a position, and where their letters end.

    They must be those whose letters begin at `letters[at]`; -1 where they are other ones.
    """
    byte = position >> _PART
    part = position & _PARTS
    begun = False
    while byte < stop:
        here = byte
        point, byte = _decoded(text, byte)
        code = codes[point]
        count = 1 if code >= 0 else expansions[-1 - code, 0]
        for number in range(part, count):
            letter = code if code >= 0 else expansions[-1 - code, 1 + number]
            if letter == 0:
                continue
            if begun and (letter == SEPARATOR or letter >= SINGLE):
                if letters[at] != 0:
                    return -1, at
                at += 1
                n -= 1
                begun = False
                if n == 0:
                    return here, at
            if letter == SEPARATOR:
                continue
            if letters[at] != (letter & (SINGLE - 1)):
                return -1, at
            at += 1
            begun = True
            if letter >= SINGLE:
                if letters[at] != 0:
                    return -1, at
                at += 1
                n -= 1
                begun = False
                if n == 0:
                    return byte, at
        part = 0
    return (stop if begun and n == 1 and letters[at] == 0 else -1), at + 1


@njit(cache=True)
def gram_hashes(letters: Array, letter_base: Array, tokens: Array, n: int, bits: Any) -> Array:
    """Return the hash of the n tokens from each of `tokens`, as `find` makes it."""
    hashes = np.empty(len(tokens), np.uint64)
    for number in range(len(tokens)):
        rolled = U(0)
        for token in range(tokens[number], tokens[number] + n):
            hashed = _OFFSET
            at = letter_base[token]
            while letters[at] != 0:
                hashed = _with(hashed, letters[at])
                at += 1
            rolled = rolled * BASE + _mixed(hashed)
        hashes[number] = (_mixed(rolled) & bits) | U(1)
    return hashes


@njit(cache=True, inline="always")
def _bits(key: Any) -> Any:
    """Return the three bits of the filter's word that a hash sets."""
    one = U(1)
    return (
        (one << ((key >> U(1)) & U(63)))
        | (one << ((key >> U(7)) & U(63)))
        | (one << ((key >> U(13)) & U(63)))
    )


@njit(cache=True)
def fill(hashes: Array, keys: Array, grams: Array) -> None:
    """Enter each hash with its gram's number into the open hash table."""
    mask = U(len(keys) - 1)
    for gram in range(len(hashes)):
        key = hashes[gram]
        slot = (key >> U(24)) & mask
        while keys[slot] != U(0):
            slot = (slot + U(1)) & mask
        keys[slot] = key
        grams[slot] = gram


@njit(cache=True)
def fill_filter(letters: Array, letter_base: Array, tokens: Array, n: int, bitmap: Array) -> None:
    """Enter each block of (n + 1) // 2 tokens of the n-grams from each of `tokens`.

    The filter is Bloom's (1970) with three bits, all in one word of 64, so that it costs one access
    to memory.
    """
    filter_mask = U(len(bitmap) - 1)
    size = (n + 1) // 2
    hashes = np.empty(n, np.uint64)
    for number in range(len(tokens)):
        for token in range(n):
            hashed = _OFFSET
            at = letter_base[tokens[number] + token]
            while letters[at] != 0:
                hashed = _with(hashed, letters[at])
                at += 1
            hashes[token] = hashed
        for first in range(n - size + 1):
            key = _block(hashes, first, size)
            bitmap[(key >> U(19)) & filter_mask] |= _bits(key)


@njit(cache=True, inline="always")
def _block(hashes: Array, first: int, size: int) -> Any:
    """Return the hash of a block of tokens."""
    rolled = U(0)
    for token in range(first, first + size):
        rolled = rolled * BASE + hashes[token]
    return _mixed(rolled)


@njit(cache=True, inline="always")
def _passes(key: Any, bitmap: Array) -> Any:
    """Return whether the filter knows a block."""
    demanded = _bits(key)
    return bitmap[(key >> U(19)) & U(len(bitmap) - 1)] & demanded == demanded


@njit(cache=True)
def _gram_key(hashes: Array, first: int, n: int, bits: Any) -> Any:
    """Return the hash of the n tokens from `first`, as `gram_hashes` makes it."""
    rolled = U(0)
    for token in range(first, first + n):
        rolled = rolled * BASE + _mixed(hashes[token])
    return (_mixed(rolled) & bits) | U(1)


@njit(cache=True)
def _tokens(text: Array, at: Any, stop: Any, table: Any, hashes: Array, positions: Array) -> int:
    """Write down hash and end of each token of a text; return how many there are.

    Letters and separators of up to two bytes take no branch that a processor could guess wrong:
    what would be the next token is written down at every byte, and counted where a letter is
    followed by a separator. Places are unsigned, so that none is looked at as if it counted from
    the end.
    """
    codes, expansions, steps, pages, _ = table
    count = U(0)
    hashed = _OFFSET
    begun = U(0)
    one = U(1)
    page = U(0)
    while at < stop:
        byte = text[at]
        step = steps[page + U(byte)]
        if step < U(OTHER):
            ends = (step >> U(ENDS)) & one
            hashes[count] = hashed
            positions[count] = at << U(_PART)
            count += begun & ends
            turn = (step >> U(TURN)) & U(63)
            turned = (hashed << turn) | (hashed >> ((U(64) - turn) & U(63)))
            hashed = _OFFSET if ends else turned ^ (step & U(XOR))
            begun = (begun | (step >> U(LETTER))) & (one ^ ends)
            page = U(pages[byte])
            at += one
            continue
        if page:
            at -= one
            page = U(0)
        here = at << U(_PART)
        point, behind = _decoded(text, np.int64(at))
        at = U(behind)
        code = codes[point]
        parts = 1 if code >= 0 else expansions[-1 - code, 0]
        for part in range(parts):
            each = code if code >= 0 else expansions[-1 - code, 1 + part]
            if each == 0:
                continue
            if begun and (each == SEPARATOR or each >= SINGLE):
                hashes[count] = hashed
                positions[count] = here + U(part)
                count += one
                hashed = _OFFSET
                begun = U(0)
            if each == SEPARATOR:
                continue
            hashed = _with(hashed, each & (SINGLE - 1))
            begun = one
            if each >= SINGLE:
                hashes[count] = hashed
                positions[count] = here + U(part) + one
                count += one
                hashed = _OFFSET
                begun = U(0)
    if begun:
        hashes[count] = hashed
        positions[count] = stop << U(_PART)
        count += one
    return np.int64(count)  # type: ignore[return-value]


@njit(cache=True)
def _first_letter(text: Array, position: Any, stop: Any, codes: Array, expansions: Array) -> Any:
    """Return the byte of the first letter from a position on."""
    byte = position >> _PART
    part = position & _PARTS
    while byte < stop:
        here = byte
        point, byte = _decoded(text, byte)
        code = codes[point]
        count = 1 if code >= 0 else expansions[-1 - code, 0]
        for number in range(part, count):
            letter = code if code >= 0 else expansions[-1 - code, 1 + number]
            if letter not in (0, SEPARATOR):
                return here
        part = 0
    return stop


@njit(cache=True)
def _gram_at(
    text: Array, position: Any, stop: int, key: Any, table: Any, lookup: Any, items: Any, n: int
) -> Any:
    """Return the gram that has this hash and stands at a position, or -1, and both of its ends."""
    keys, grams, _, _ = lookup
    letters, letter_base = items
    mask = U(len(keys) - 1)
    slot = (key >> U(24)) & mask
    while keys[slot] != U(0):
        if keys[slot] == key:
            gram = np.int64(grams[slot])
            end, behind = _end_of(
                text, position, stop, table[0], table[1], letters, letter_base[gram], n
            )
            if end >= 0:
                return gram, end, behind
        slot = (slot + U(1)) & mask
    return np.int64(-1), 0, 0


@njit(cache=True)
def _goes_on(gram: Any, items: Any) -> Any:
    """Return whether the next gram begins with the second token of this one."""
    letters, letter_base = items
    if gram + 1 >= len(letter_base):
        return False
    at = letter_base[gram]
    while letters[at] != 0:
        at += 1
    return letter_base[gram + 1] == at + 1


@njit(cache=True, inline="always")
def _before(text: Array, position: Any) -> Any:
    """Return the position of the character that a byte belongs to."""
    byte = np.int64(position) >> _PART
    while text[byte] & 0xC0 == 0x80:
        byte -= 1
        position = np.int64(byte) << _PART
    return np.int64(position)


@njit(cache=True, nogil=True)
def find(
    text: Array,
    begins: Array,
    ends: Array,
    table: Any,
    n: int,
    lookup: Any,
    items: Any,
    counts: Array,
    muted: Array,
    found: Any,
) -> Any:
    """Write down where n-grams stand in texts.

    Args:
        text: UTF-8 of all texts, uint8.
        begins: first byte of each text.
        ends: byte after each text.
        table: codes and expansions of the tokenization's table, its steps and their pages, and the
            most tokens that a byte can give.
        n: tokens in an n-gram.
        lookup: keys and grams of the hash table, the filter, the hash's bits.
        items: letters of all items' tokens, each closed by 0; where each gram's letters begin.
        counts: raised by one for every n-gram found.
        muted: grams of which nothing is written down.
        found: gram, text, token, first byte, last byte of each hit; long enough for all.

    Returns:
        How many hits were written, how many tokens the last text has.
    """
    _, _, bitmap, bits = lookup
    out_gram, out_text, out_token, out_start, out_end = found
    room = (ends - begins).max() * table[4] + 2
    hashes = np.empty(room, np.uint64)
    positions = np.empty(room, np.uint64)
    size = (n + 1) // 2
    blocks = np.empty(room // size + 1, np.uint64)
    hits = 0
    tokens = 0
    for number in range(len(begins)):
        stop = ends[number]
        tokens = _tokens(text, U(begins[number]), U(stop), table, hashes, positions)
        for block in range(tokens // size):
            blocks[block] = _block(hashes, block * size, size)
        known = -1
        gram, end, behind = np.int64(-1), 0, 0
        for block in range(tokens // size):
            if not _passes(blocks[block], bitmap):
                continue
            middle = block * size
            for first in range(max(0, middle - size + 1), min(middle, tokens - n) + 1):
                # What ends the token before: a separator more or less changes nothing.
                position = begins[number] << _PART
                if first:
                    position = _before(text, positions[first - 1])
                if known == first - 1 and _goes_on(gram, items):
                    last = _before(text, positions[first + n - 2])
                    end, behind = _end_of(text, last, stop, table[0], table[1], items[0], behind, 1)
                    gram = gram + 1 if end >= 0 else np.int64(-1)
                else:
                    gram = np.int64(-1)
                if gram < 0:
                    key = _gram_key(hashes, first, n, bits)
                    gram, end, behind = _gram_at(text, position, stop, key, table, lookup, items, n)
                if gram < 0:
                    continue
                known = first
                counts[gram] += 1
                if muted[gram]:
                    continue
                out_gram[hits] = gram
                out_text[hits] = number
                out_token[hits] = first
                out_start[hits] = _first_letter(text, position, stop, table[0], table[1])
                out_end[hits] = end
                hits += 1
    return hits, tokens


@njit(cache=True)
def count_characters(text: Array, begins: Array, ends: Array) -> Array:
    """Return how many characters stand from each byte to another."""
    counted = np.empty(len(begins), np.int64)
    for number in range(len(begins)):
        characters = 0
        for at in range(begins[number], ends[number]):
            characters += (text[at] & 0xC0) != 0x80
        counted[number] = characters
    return counted
