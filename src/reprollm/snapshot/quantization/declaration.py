"""Where a snapshot declares its quantization, and which reader understands it.

In `config.json`, of the model or of the text model inside it, under `quantization_config` (older
compressed-tensors: `compression_config`, MLX: `quantization`), or in a file beside it:
`quantize_config.json` (AutoGPTQ), `quant_config.json` (old AWQ), `hf_quant_config.json` (ModelOpt),
`quantization_config.json` (AutoRound, ExLlamaV3). The first that is found describes the snapshot;
all are returned, so that they can be held against each other.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, TypeAlias

from reprollm.snapshot.quantization import codebooks, flat, floating, nested, packed
from reprollm.snapshot.quantization.bitsandbytes import bitsandbytes
from reprollm.snapshot.quantization.compressed import compressed_tensors
from reprollm.snapshot.quantization.scheme import Quantization, Reading
from reprollm.snapshot.quantization.torchao import torchao
from reprollm.snapshot.quantization.values import Declared, as_text, text

ReadJson: TypeAlias = "Callable[[str], dict[str, Any] | None]"

READERS: dict[str, Callable[[Declared], Reading]] = {
    "gptq": packed.gptq,
    "gptqmodel": packed.gptq,
    "awq": packed.awq,
    "auto-round": packed.auto_round,
    "intel/auto-round": packed.auto_round,
    "bitsandbytes": bitsandbytes,
    "compressed-tensors": compressed_tensors,
    "torchao": torchao,
    "fp8": floating.fp8,
    "fbgemm_fp8": floating.fbgemm_fp8,
    "mxfp4": floating.mxfp4,
    "mxfp8": floating.mxfp8,
    "nvfp4": floating.nvfp4,
    "fp_quant": floating.fp_quant,
    "fouroversix": floating.fp_quant,
    "modelopt": nested.modelopt,
    "modelopt_fp4": nested.modelopt,
    "modelopt_mxfp8": nested.modelopt,
    "quark": nested.quark,
    "hqq": flat.hqq,
    "quanto": flat.quanto,
    "eetq": flat.eetq,
    "sinq": flat.plain,
    "gemma": flat.plain,
    "metal": flat.plain,
    "mlx": flat.mlx,
    "exl2": flat.exl2,
    "exl3": flat.exl3,
    "aqlm": codebooks.aqlm,
    "vptq": codebooks.vptq,
    "higgs": codebooks.higgs,
    "spqr": codebooks.spqr,
    "bitnet": codebooks.bitnet,
}

_KEYS = {
    "quantization": "mlx",
    "quantization_config": "unknown",
    "compression_config": "compressed-tensors",
}
SIDE_FILES = {
    "quantize_config.json": "gptq",
    "quant_config.json": "awq",
    "hf_quant_config.json": "modelopt",
    "quantization_config.json": "unknown",
}


def read_quantization(read_json: ReadJson, config: Mapping[str, Any]) -> Quantization | None:
    """Return what the files declare first of all, None for plain weights."""
    return next(_declarations(read_json, config), None)


def read_declarations(read_json: ReadJson, config: Mapping[str, Any]) -> tuple[Quantization, ...]:
    """Return everything that is declared, the one that holds first.

    Args:
        read_json: returns a file's JSON object by its path in the snapshot, None where it is not.
        config: the content of `config.json`.
    """
    return tuple(_declarations(read_json, config))


def _declarations(read_json: ReadJson, config: Mapping[str, Any]) -> Iterator[Quantization]:
    inside = config.get("text_config")
    for holder in (config, inside if isinstance(inside, dict) else {}):
        for key, method in _KEYS.items():
            declared = holder.get(key)
            if isinstance(declared, dict) and declared:
                yield _read("config.json", method, declared)
    for source, method in SIDE_FILES.items():
        declared = read_json(source)
        if declared is not None:
            yield _read(source, method, declared)


def _read(source: str, usual: str, declared: Declared) -> Quantization:
    algorithm = "modelopt" if "quant_algo" in declared else usual
    method = text(declared, "quant_method") or algorithm
    read = READERS.get(method, flat.plain)
    return Quantization.of(source, method, as_text(declared), read(declared))
