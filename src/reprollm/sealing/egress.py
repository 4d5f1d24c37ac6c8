"""What must not leave the machine: sealed versions, canaries, and items that are private.

A sealed text that somebody else's server has seen may be trained on, and a test that compares the
published text with it is blind from then on. Before anything is sent, its texts are searched for
sealed ones, as runs of words: whatever Unicode form, case, white space or punctuation they have.
Words are runs of letters and digits, case-folded, in Unicode's NFKC.

A version whose words also stand in the published file in one run (it differs in punctuation or
case, or is a part of what was published) cannot be told from it by words; it is searched for
character by character, and where even that is in the published file it is not searched for at all:
those words are public. `Watch.blind` counts these. Of a variant of several cells those under three
words are not searched for, unless it has no longer one.

What this does not find: translations, paraphrases, encodings, texts cut into pieces or pictures. It
is a net for accidents, such as a private file named as the data.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from reprollm.errors import InvalidInput
from reprollm.sealing.candidates import sealed_texts
from reprollm.sealing.seal import Seal
from reprollm.sealing.secrets import Secrets

_WORDS = re.compile(r"[^\W_]+")
_KEY_WORDS = 6
_FEW_WORDS = 3


class EgressDenied(InvalidInput):
    """What was about to leave the machine holds a text that must not."""


@dataclass(frozen=True)
class Forbidden:
    """One text that must not leave: what it is, whose, and its words or characters."""

    what: str
    subject: str
    text: str


Words: TypeAlias = tuple[str, ...]
Index: TypeAlias = Mapping[str, Mapping[int, Mapping[Words, Sequence[tuple[Words, Forbidden]]]]]


@dataclass(frozen=True)
class Watch:
    """Forbidden texts, ready to be searched for.

    Attributes:
        by_words: each with all of its words, by its first word, then by how many of its first words
            are looked up at once, then by these.
        by_characters: those that only their characters tell from what is public.
        items: ids of private items; a request for one of them is refused whatever it holds.
        blind: how many cannot be told from what is public.
    """

    by_words: Index
    by_characters: tuple[Forbidden, ...]
    items: frozenset[str]
    blind: int

    def found(self, text: str) -> Forbidden | None:
        """Return the first forbidden text that stands in `text`, or None."""
        by_words = next((each for _, each in _matches(self.by_words, _words(text))), None)
        if by_words is not None:
            return by_words
        return next((each for each in self.by_characters if each.text in text), None)


def watch(
    forbidden: Iterable[Forbidden], public: Sequence[str] = (), items: Iterable[str] = ()
) -> Watch:
    """Return what to search for.

    Args:
        forbidden: the texts that must not leave.
        public: all texts of the published file, one a cell.
        items: ids of items that are private as a whole.
    """
    every = [(_words(each.text), each) for each in forbidden]
    index = _indexed(every)
    shown = {words for text in public for words, _ in _matches(index, _words(text))}
    everything = "\0".join(public)
    told = [each for words, each in every if not words or words in shown]
    by_characters = tuple(
        each for each in told if each.text.strip() and each.text not in everything
    )
    hidden = [(words, each) for words, each in every if words and words not in shown]
    blind = len(told) - len(by_characters)
    return Watch(_indexed(hidden), by_characters, frozenset(items), blind)


def sealed_watch(
    seal: Seal, secrets: Secrets, public: Sequence[str], items: Iterable[str] = ()
) -> Watch:
    """Return the watch over all that a seal keeps back, and over its canaries.

    The published canaries are watched for as well: a prompt that holds one would give it to the
    server's owner by another way than the published file.

    Args:
        seal: the seal.
        secrets: what opens it.
        public: all cells of the published file.
        items: ids of items that are private as a whole.
    """
    canaries = {
        texts[0].text: Forbidden("the published canary", name, texts[0].text)
        for name, texts in (secrets.canaries.sets if secrets.canaries else ())
    }
    kept = [
        Forbidden(f"the sealed variant {variant}", subject, text)
        for _, subject, variant, texts, _ in sealed_texts(seal, secrets)
        for text in _telling(texts)
    ]
    return watch([*kept, *canaries.values()], [c for c in public if c not in canaries], items)


def refuse_egress(
    guard: Watch, requests: Iterable[tuple[str, Sequence[str]]], address: str
) -> None:
    """Raise at the first request that must not be sent; to be called before the socket opens.

    Args:
        guard: what must not leave.
        requests: item id and all texts of each request, few-shot examples included.
        address: where they would go.

    Raises:
        EgressDenied: a request is for a private item, or one of its texts holds a forbidden one.
    """
    for item, problem in _denied(guard, requests):
        raise EgressDenied(
            f"expected nothing that is sealed or private among what is sent to {address:.200}, "
            f"found {problem} in the request for item {item!r:.80}; nothing was sent: use the "
            "published file, or a model on this machine"
        )


def _denied(
    guard: Watch, requests: Iterable[tuple[str, Sequence[str]]]
) -> Iterator[tuple[str, str]]:
    for item, texts in requests:
        if item in guard.items:
            yield item, "an item that is private"
        for text in texts:
            forbidden = guard.found(text)
            if forbidden is not None:
                yield item, f"{forbidden.what} of {forbidden.subject!r:.80}"


def _telling(texts: Sequence[str]) -> Sequence[str]:
    """Return the cells of a variant to search for: the short ones only where all are short.

    A label or a number of one or two words stands in many a prompt; beside a text it tells nothing.
    """
    long = [text for text in texts if len(_words(text)) >= _FEW_WORDS]
    return long or texts


def _indexed(texts: Iterable[tuple[Words, Forbidden]]) -> Index:
    found: dict[str, dict[int, dict[Words, list[tuple[Words, Forbidden]]]]] = {}
    for words, forbidden in texts:
        if words:
            key = words[:_KEY_WORDS]
            keyed = found.setdefault(key[0], {}).setdefault(len(key), {})
            keyed.setdefault(key, []).append((words, forbidden))
    return found


def _matches(index: Index, words: Words) -> Iterator[tuple[Words, Forbidden]]:
    """Yield what stands in `words` in one run, with its words."""
    for start, word in enumerate(words):
        for length, keyed in index[word].items() if word in index else ():
            for needle, forbidden in keyed.get(words[start : start + length], ()):
                if words[start : start + len(needle)] == needle:
                    yield needle, forbidden


def _words(text: str) -> Words:
    return tuple(_WORDS.findall(unicodedata.normalize("NFKC", text).casefold()))
