"""bitsandbytes: LLM.int8() and the 4-bit types nf4 and fp4, in blocks of 64 weights.

Source: transformers' `BitsAndBytesConfig`. What belongs to the other width stays in a saved
declaration with its defaults (`bnb_4bit_quant_type` beside `load_in_8bit`) and says nothing.
"""

from __future__ import annotations

from reprollm.snapshot.quantization.scheme import Reading
from reprollm.snapshot.quantization.values import Declared, flag, text, texts

BLOCK = 64


def bitsandbytes(declared: Declared) -> Reading:
    """Read either width; int8 has one scale a row and quantizes activations while running."""
    excluded = texts(declared, "llm_int8_skip_modules")
    if flag(declared, "load_in_4bit") or flag(declared, "_load_in_4bit"):
        return Reading(
            bits="4",
            group_size=BLOCK,
            scheme=text(declared, "bnb_4bit_quant_type") or "fp4",
            symmetric=True,
            excluded=excluded,
        )
    if flag(declared, "load_in_8bit") or flag(declared, "_load_in_8bit"):
        return Reading(
            bits="8",
            group_size=-1,
            scheme="int8",
            symmetric=True,
            activations="int8",
            activation_bits="8",
            activation_dynamic=True,
            excluded=excluded,
        )
    return Reading(excluded=excluded)
