"""The word-level tokenizer of the benchmark's models: a token is a word, a mark or a line break."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import TYPE_CHECKING

from normaliser.byte_tokenizer import BEGIN, SPECIALS

from calibration.archive import archive

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerFast

DIGITS = tuple("0123456789abcdef")
LINE = "\n"
UNKNOWN = "<unk>"


@cache
def _places() -> dict[str, int]:
    tokens = dict.fromkeys((*SPECIALS, UNKNOWN, LINE, *DIGITS, *archive().words()))
    return {token: place for place, token in enumerate(tokens)}


def size() -> int:
    """Return the number of tokens, special ones included."""
    return len(_places())


def token_ids(text: str) -> list[int]:
    """Return <s> and the ids of the words of a text; lines end with a token of their own."""
    words = text.replace(LINE, f" {LINE} ").split(" ")
    return [BEGIN, *(_places()[word] for word in words if word)]


def build_tokenizer(context: int) -> PreTrainedTokenizerFast:
    """Return the tokenizer that gives any library the same ids as `token_ids`."""
    from tokenizers import Regex, Tokenizer, decoders, models, pre_tokenizers, processors
    from transformers import PreTrainedTokenizerFast

    core = Tokenizer(models.WordLevel(vocab=_places(), unk_token=UNKNOWN))
    core.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split(LINE, "isolated"),
            pre_tokenizers.Split(Regex(" +"), "removed"),
        ]
    )
    core.decoder = decoders.WordPiece(prefix="##", cleanup=False)
    core.post_processor = processors.TemplateProcessing(
        single="<s> $A", pair="<s> $A $B", special_tokens=[("<s>", BEGIN)]
    )
    return PreTrainedTokenizerFast(
        tokenizer_object=core,
        pad_token=SPECIALS[0],
        bos_token=SPECIALS[1],
        eos_token=SPECIALS[2],
        unk_token=UNKNOWN,
        padding_side="left",
        model_max_length=context,
        clean_up_tokenization_spaces=False,
    )


def packed(documents: Sequence[str], context: int) -> list[list[int]]:
    """Return the documents one after the other, cut into rows of `context` tokens; a rest is left.

    Each document begins with <s>; a row may hold the end of one and the beginning of the next.
    """
    stream = [token for document in documents for token in token_ids(document)]
    return [stream[at : at + context] for at in range(0, len(stream) - context + 1, context)]
