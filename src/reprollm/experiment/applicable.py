"""Which quantizations an engine applies while it loads plain weights, by the names in experiments.

`bitsandbytes-*` and `torchao-*` are those libraries' own methods; what each is told stands in
`reprollm.engines.applied`. Experiments are checked against these names before anything is run.
"""

from __future__ import annotations

TRANSFORMERS = (
    "bitsandbytes-int8",
    "bitsandbytes-nf4",
    "bitsandbytes-nf4-double",
    "bitsandbytes-fp4",
    "torchao-int8wo",
    "torchao-int8dyn",
    "torchao-int4wo",
)


def check_applicable(family: str, quantization: str | None, kv_cache: str | None) -> None:
    """Raise `ValueError` where transformers is asked for what it does not apply.

    vLLM knows its own names, llama.cpp and servers apply nothing; they refuse on their own.
    """
    if family != "transformers":
        return
    if quantization is not None and quantization not in TRANSFORMERS:
        raise ValueError(
            f"expected a quantization that transformers applies while loading "
            f"({', '.join(TRANSFORMERS)}), found {quantization!a:.60}"
        )
    if kv_cache is not None:
        raise ValueError(
            "expected no kv_cache, which transformers keeps in the dtype of computation, found "
            f"{kv_cache!a:.40}; leave it out"
        )
