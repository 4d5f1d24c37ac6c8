"""A tokenizer whose tokens are the 256 bytes of UTF-8 and three special tokens.

It is a BPE model without merges behind the byte-level pre-tokenizer of GPT-2, so every library
that reads `tokenizer.json` can load it. Byte b has the id 3 + b; no text is unknown to it.
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerFast

SPECIALS = ("<pad>", "<s>", "</s>")
PAD, BEGIN, END = range(3)
VOCABULARY_SIZE = len(SPECIALS) + 256
CONTEXT = 256


def byte_characters() -> list[str]:
    """Return the printable character that stands for each byte, by byte value.

    Printable Latin-1 bytes stand for themselves, the others follow from U+0100 on in order, as in
    GPT-2's `bytes_to_unicode`.

    >>> byte_characters()[ord("a")], byte_characters()[0], byte_characters()[ord(" ")]
    ('a', 'Ā', 'Ġ')
    """
    printable = {*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)}
    others = iter(range(0x100, 0x200))
    return [chr(byte) if byte in printable else chr(next(others)) for byte in range(256)]


def token_ids(text: str) -> list[int]:
    """Return the ids that the tokenizer gives a text, without the <s> that it puts first.

    >>> token_ids("ab")
    [100, 101]
    """
    return [len(SPECIALS) + byte for byte in text.encode()]


def build_tokenizer() -> "PreTrainedTokenizerFast":
    """Return the tokenizer; encoding puts <s> first and adds nothing at the end."""
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, processors
    from transformers import PreTrainedTokenizerFast

    names = (*SPECIALS, *byte_characters())
    core = Tokenizer(models.BPE(vocab={name: at for at, name in enumerate(names)}, merges=[]))
    core.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)
    core.decoder = decoders.ByteLevel()
    core.post_processor = processors.TemplateProcessing(
        single="<s> $A", pair="<s> $A $B", special_tokens=[("<s>", BEGIN)]
    )
    return PreTrainedTokenizerFast(
        tokenizer_object=core,
        pad_token=SPECIALS[PAD],
        bos_token=SPECIALS[BEGIN],
        eos_token=SPECIALS[END],
        padding_side="left",
        model_max_length=CONTEXT,
        clean_up_tokenization_spaces=False,
    )
