"""A snapshot's `tokenizer.json` as the metadata from which llama.cpp tokenizes.

Only byte-level BPE whose way of cutting a text into words is one that llama.cpp has built in: it
knows these by name, so the regular expression of the file must be exactly one of them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, NoReturn

from reprollm.errors import InvalidInput
from reprollm.llamacpp.families import OTHER_WAY
from reprollm.llamacpp.vocabulary import CONTROL, NORMAL, UNUSED, USER_DEFINED

_CONTRACTIONS = "(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|"
_REST = "| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+"
WORDS = {
    f"{_CONTRACTIONS}\\p{{N}}{{1,3}}{_REST}": "llama-bpe",
    f"{_CONTRACTIONS}\\p{{N}}{_REST}": "qwen2",
}
"""llama.cpp's names (`tokenizer.ggml.pre`) of regular expressions; `gpt-2` is ByteLevel's own."""


@dataclass(frozen=True)
class TokenizerMetadata:
    """What the metadata says of a tokenizer.

    Attributes:
        words: llama.cpp's name for the way in which texts are cut into words.
        tokens: every token's spelling by id.
        types: every token's type by id.
        merges: pairs that are joined, in order, each as two tokens with a space between.
        adds_bos, adds_eos: whether a plain text gets a token before it, and behind it.
    """

    words: str
    tokens: tuple[str, ...]
    types: tuple[int, ...]
    merges: tuple[str, ...]
    adds_bos: bool
    adds_eos: bool


def tokenizer_metadata(tokenizer: Mapping[str, Any], vocabulary: int) -> TokenizerMetadata:
    """Return the metadata of a tokenizer.

    Args:
        tokenizer: the content of `tokenizer.json`.
        vocabulary: how many tokens the model knows; ids without a token are marked unused.

    Raises:
        InvalidInput: a tokenizer of another kind.
    """
    model = tokenizer.get("model")
    if not isinstance(model, dict) or model.get("type") != "BPE" or model.get("byte_fallback"):
        _refuse("byte-level BPE", "another kind")
    words = _words(tokenizer)
    if bool(model.get("ignore_merges")) != (words == "llama-bpe"):
        _refuse(f"ignore_merges {words == 'llama-bpe'} with {words}", str(not words))
    normalizer = tokenizer.get("normalizer")
    if normalizer is not None and normalizer != {"type": "NFC"}:
        _refuse("no normalizer", f"{normalizer!a:.80}")
    added = {entry["id"]: entry for entry in tokenizer.get("added_tokens") or []}
    spelled = {number: piece for piece, number in model["vocab"].items()}
    spelled |= {number: entry["content"] for number, entry in added.items()}
    if spelled and max(spelled) >= vocabulary:
        _refuse(f"token ids below the model's {vocabulary}", str(max(spelled)))
    before, behind = _around(tokenizer.get("post_processor"))
    return TokenizerMetadata(
        words=words,
        tokens=tuple(spelled.get(number, f"[PAD{number}]") for number in range(vocabulary)),
        types=tuple(_type(number, spelled, added) for number in range(vocabulary)),
        merges=tuple(
            merge if isinstance(merge, str) else " ".join(merge) for merge in model["merges"]
        ),
        adds_bos=before,
        adds_eos=behind,
    )


def _type(number: int, spelled: Mapping[int, str], added: Mapping[int, Mapping[str, Any]]) -> int:
    if number in added:
        return CONTROL if added[number].get("special") else USER_DEFINED
    return NORMAL if number in spelled else UNUSED


def _words(tokenizer: Mapping[str, Any]) -> str:
    cutting = tokenizer.get("pre_tokenizer") or {}
    steps = cutting.get("pretokenizers", [cutting])
    if not steps or any(step.get("add_prefix_space") for step in steps):
        _refuse("a tokenizer that adds no space", "one that does")
    if [step.get("type") for step in steps] == ["ByteLevel"] and steps[0].get("use_regex", True):
        return "gpt-2"
    if [step.get("type") for step in steps] == ["Split", "ByteLevel"]:
        expression = steps[0].get("pattern", {}).get("Regex")
        if expression in WORDS and steps[0].get("behavior") == "Isolated":
            return WORDS[expression]
    _refuse("a way of cutting words that llama.cpp has built in", f"{cutting!a:.120}")


def _around(processor: Any) -> tuple[bool, bool]:
    """Return whether a plain text gets a special token before it, and one behind it."""
    for step in _steps(processor):
        if step.get("type") == "TemplateProcessing":
            kinds = [next(iter(part)) for part in step.get("single", [])]
            if kinds.count("Sequence") != 1 or len(kinds) > 3:
                _refuse("at most one special token before and behind a text", f"{kinds}")
            place = kinds.index("Sequence")
            if place > 1 or len(kinds) - place > 2:
                _refuse("at most one special token before and behind a text", f"{kinds}")
            return place == 1, len(kinds) - place == 2
    return False, False


def _steps(processor: Any) -> Iterable[Mapping[str, Any]]:
    if not isinstance(processor, dict):
        return []
    inner: list[Mapping[str, Any]] = processor.get("processors", [processor])
    return inner


def _refuse(expected: str, found: str) -> NoReturn:
    raise InvalidInput(
        f"expected {expected} in tokenizer.json to convert, found {found}; {OTHER_WAY}"
    )
