"""What a GGUF model is, read from its own metadata.

Keys are those of ggml's `docs/gguf.md`: `<architecture>.block_count`, `….attention.head_count` and
so on (a number, or one for each layer, of which the largest counts), `tokenizer.ggml.*_token_id`.
llama.cpp ends an answer at more tokens than the one that is declared as its end; those that its own
conversion marks by well-known texts are end tokens here too, so that every engine ends alike.
"""

from __future__ import annotations

import hashlib
import json

from reprollm.snapshot.facts import ChatTemplate, Facts, Setting, TensorShare
from reprollm.snapshot.gguf import GgufHeader
from reprollm.snapshot.gguf_adapter import gguf_adapter
from reprollm.snapshot.gguf_identity import chat_templates
from reprollm.snapshot.gguf_quantization import gguf_quantization
from reprollm.snapshot.gguf_shape import gguf_shape
from reprollm.snapshot.gguf_split import GgufModel
from reprollm.snapshot.quantization.gguf import from_gguf

CONTROL = 3
END_TEXTS = frozenset(
    "<|eot_id|> <|im_end|> <|end|> <|return|> <|end_of_text|> <|endoftext|> <end_of_turn> "
    "<|eom_id|> <EOT> <end_of_utterance>".split()
)
"""Texts of control tokens that end a turn or a text in the families that llama.cpp converts."""

_SAMPLING = "general.sampling."


def gguf_facts(model: GgufModel) -> Facts:
    """Return what the files say of the model; `reprollm.snapshot.facts.Facts` says of each what."""
    header = model.header
    name = header.text("general.architecture")
    heads = _largest(header, "attention.head_count")
    hidden = _largest(header, "embedding_length")
    tensors = {tensor.name for tensor in header.tensors}
    quantization = from_gguf(gguf_quantization(header), model.first)
    return Facts(
        architecture=name,
        model_type=name,
        declared_dtype=None,
        tensor_dtypes=tuple(
            TensorShare(share.type, share.tensors, share.elements)
            for share in sorted(gguf_quantization(header).types, key=lambda share: share.type)
        ),
        parameters=sum(tensor.elements for tensor in header.tensors),
        weight_bytes=sum(tensor.end - tensor.begin for tensor in header.tensors),
        layers=_largest(header, "block_count"),
        hidden_size=hidden,
        heads=heads,
        kv_heads=_largest(header, "attention.head_count_kv") or heads,
        head_dim=_largest(header, "attention.key_length")
        or (hidden // heads if hidden and heads else None),
        vocab_size=_vocabulary(header),
        context_length=_largest(header, "context_length"),
        tied_embeddings="output.weight" not in tensors if "token_embd.weight" in tensors else None,
        eos_ids=end_tokens(header),
        bos_id=_token(header, "bos"),
        pad_id=_token(header, "padding"),
        quantization=quantization,
        adapter=gguf_adapter(header),
        effective_bits=quantization.bits if quantization else None,
        generation_defaults=tuple(
            Setting(key.removeprefix(_SAMPLING), json.dumps(header.scalar(key)))
            for key in sorted(header.metadata)
            if key.startswith(_SAMPLING) and header.scalar(key) is not None
        ),
        chat_templates=tuple(
            ChatTemplate(name, hashlib.sha256(text.encode("utf-8")).hexdigest())
            for name, text in sorted(chat_templates(header).items())
        ),
        shape=gguf_shape(header),
    )


def end_tokens(header: GgufHeader) -> tuple[int, ...]:
    """Return the ids that end an answer, ascending."""
    declared = (_token(header, name) for name in ("eos", "eot", "eom"))
    ids = {token for token in declared if token is not None}
    types, texts = (
        header.metadata.get(f"tokenizer.ggml.{name}") for name in ("token_type", "tokens")
    )
    if types is not None and texts is not None:
        ids |= {
            number
            for number, (kind, text) in enumerate(zip(types.numbers(), texts.texts(), strict=False))
            if kind == CONTROL and text.decode("utf-8", "replace") in END_TEXTS
        }
    return tuple(sorted(ids))


def _token(header: GgufHeader, name: str) -> int | None:
    value = header.integer(f"tokenizer.ggml.{name}_token_id")
    return value if value is not None and 0 <= value < 2**32 - 1 else None


def _largest(header: GgufHeader, key: str) -> int | None:
    """Return the largest of the numbers of a key of the architecture's own, None without one."""
    value = header.metadata.get(f"{header.text('general.architecture')}.{key}")
    if value is None:
        return None
    found = value.numbers() or (value.scalar(),)
    sizes = [number for number in found if type(number) is int and 0 < number < 2**53]
    return max(sizes, default=None)


def _vocabulary(header: GgufHeader) -> int | None:
    """Return how many tokens can be predicted: rows of the embedding, or listed tokens."""
    for tensor in header.tensors:
        if tensor.name == "token_embd.weight" and len(tensor.shape) == 2:
            return tensor.shape[1]
    tokens = header.metadata.get("tokenizer.ggml.tokens")
    return tokens.count if tokens is not None and tokens.count else None
