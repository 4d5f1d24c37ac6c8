"""Quantization is read from files, held against the tensors, and never believed from a name."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reprollm.canon import dumps
from reprollm.errors import SnapshotRefused
from reprollm.llamacpp.convert import convert
from reprollm.records.kinds import check, new
from reprollm.snapshot import load_lock, pin
from reprollm.snapshot.facts import Facts
from reprollm.snapshot.gguf_quantization import GgufQuantization, TypeShare
from reprollm.snapshot.gguf_types import TYPES_BY_NAME
from reprollm.snapshot.lock import write_lock
from reprollm.snapshot.quantization import Quantization, read_quantization
from reprollm.snapshot.quantization.declaration import READERS
from reprollm.snapshot.quantization.exclusions import named
from reprollm.snapshot.quantization.gguf import from_gguf
from tiny_models import make_llama, write_safetensors
from tiny_quantized import METHODS, declare, make_quantized

LLAMA_WEIGHTS = 115008
WORDS = (
    "bits w_bit nbits group_size q_group_size sym zero_point dataset meta quantizer dynamic "
    "extra_config act_bits data_type load_in_4bit load_in_8bit config_groups weights num_bits type "
    "format input_activations kv_cache_scheme ignore quant_type default _type _data weight_dtype "
    "granularity weight_block_size fmt forward_dtype quantization quant_algo quantized_layers "
    "producer global_quant_config layer_quant_config weight input_tensors kv_cache_quant_config "
    "dtype quant_config weight_quant_params activations num_codebooks nbits_per_codebook "
    "in_group_size out_group_size version calibration mode"
).split()
EXPECTED = {
    "gptq": ("gptq", "int4", "4", 32, True, "5.0694"),
    "gptq-old": ("gptq", "int4", "4", 32, True, "5.0694"),
    "awq": ("awq", "int4", "4", 32, False, "4.625"),
    "awq-old": ("awq", "int4", "4", 32, False, "4.625"),
    "auto-round": ("auto-round", "int4", "4", 32, True, "5.0694"),
    "w8a8": ("compressed-tensors", "int8", "8", -1, True, "8.4444"),
    "w4a16": ("compressed-tensors", "int4", "4", 32, True, "5.0243"),
    "ct-nvfp4": ("compressed-tensors", "nvfp4", "4", 16, True, "4.5061"),
    "fp8": ("fp8", "fp8_e4m3", "8", 32, True, "8.0312"),
    "fbgemm-fp8": ("fbgemm_fp8", "fp8_e4m3", "8", -1, True, "8.4444"),
    "mxfp4": ("mxfp4", "mxfp4", "4", 32, True, "4.25"),
    "modelopt-nvfp4": ("modelopt", "nvfp4", "4", 16, True, "4.5061"),
    "quark": ("quark", "mxfp4", "4", 32, None, "4.25"),
    "bnb-nf4": ("bitsandbytes", "nf4", "4", 64, True, "4.7157"),
    "bnb-int8": ("bitsandbytes", "int8", "8", -1, True, "8.446"),
    "torchao": ("torchao", "int4", "4", 32, True, "9.25"),
    "hqq": ("hqq", "int4", "4", 64, False, "4.5015"),
    "quanto": ("quanto", "int8", "8", None, None, "8.4444"),
    "exl2": ("exl2", "mixed", "4.65", None, None, "4.5903"),
    "exl3": ("exl3", "trellis", "4", None, None, "4.4444"),
    "aqlm": ("aqlm", "codebook", "2", 8, None, "8.4444"),
    "bitnet": ("bitnet", "ternary", "1.58", None, True, "2.003"),
}


def quantized(folder: Path, method: str) -> tuple[Facts, Quantization]:
    facts = pin(make_quantized(folder, method)).facts
    assert facts.quantization is not None
    return facts, facts.quantization


def doubts(facts: Facts) -> list[str]:
    return [check.what for check in facts.quantization_checks if check.verdict == "doubtful"]


def test_every_hand_made_snapshot_is_expected() -> None:
    assert EXPECTED.keys() == METHODS.keys()


@pytest.mark.parametrize("method", METHODS)
def test_declaration_and_tensors_of_each_method_are_read(method: str, tmp_path: Path) -> None:
    facts, found = quantized(tmp_path, method)
    symmetric, bits = found.symmetric, facts.effective_bits
    seen = (found.method, found.scheme, found.bits, found.group_size, symmetric, bits)
    assert seen == EXPECTED[method]
    assert json.loads(found.declared) == METHODS[method][1]
    assert facts.logical_parameters == LLAMA_WEIGHTS
    assert facts.quantization_checks[0].verdict == "agrees"
    assert facts.quantization_checks[0].what.startswith("14 modules are stored as ")
    assert len(facts.quantization_checks) == (2 if method == "torchao" else 1)
    record = new("snapshot", **pin(tmp_path).to_record())
    check(record)
    dumps(record)


@pytest.mark.parametrize(("dtype", "bits"), [("F32", "32"), ("BF16", "16"), ("F16", "16")])
def test_plain_weights_have_the_bits_of_their_dtype(dtype: Any, bits: str, tmp_path: Path) -> None:
    facts = pin(make_llama(tmp_path, dtype=dtype)).facts
    assert (facts.effective_bits, facts.logical_parameters) == (bits, None)
    assert facts.quantization is None
    assert facts.quantization_checks == ()


def test_a_dtype_that_the_weights_do_not_have_is_doubtful(tmp_path: Path) -> None:
    make_llama(tmp_path, dtype="BF16")
    config = json.loads((tmp_path / "config.json").read_text(encoding="utf-8"))
    (tmp_path / "config.json").write_text(json.dumps(config | {"dtype": "float32"}))
    assert doubts(pin(tmp_path).facts) == ["declared is float32, stored are BF16"]


def test_tools_activations_cache_calibration_and_exceptions_are_read(tmp_path: Path) -> None:
    _, gptq = quantized(tmp_path / "gptq", "gptq")
    assert (gptq.tool, gptq.tool_version, gptq.excluded) == ("gptqmodel", "7.7.0", ("lm_head",))
    _, nvfp4 = quantized(tmp_path / "nvfp4", "ct-nvfp4")
    assert (nvfp4.activations, nvfp4.activation_bits, nvfp4.activation_dynamic) == (
        "nvfp4",
        "4",
        True,
    )
    assert nvfp4.kv_cache == "fp8_e4m3"
    _, exl2 = quantized(tmp_path / "exl2", "exl2")
    assert json.loads(exl2.calibration or "")["rows"] == 115
    _, modelopt = quantized(tmp_path / "modelopt", "modelopt-nvfp4")
    assert (modelopt.source, modelopt.tool_version) == ("hf_quant_config.json", "0.41.0")
    assert (modelopt.kv_cache, modelopt.excluded) == ("fp8_e4m3", ("lm_head",))


@pytest.mark.parametrize(
    ("declared", "expected"),
    [
        ({"quant_config": {"weight_quant_params": {"nbits": 3, "group_size": 64}}}, ("3", 64)),
        ({"nbits": 2, "group_size": 16}, ("2", 16)),
    ],
)
def test_both_spellings_of_hqq_are_read(
    declared: dict[str, Any], expected: tuple[str, int]
) -> None:
    config = {"quantization_config": {"quant_method": "hqq", **declared}}
    found = read_quantization(lambda path: None, config)
    assert found is not None
    assert (found.bits, found.group_size) == expected


def test_several_groups_of_compressed_tensors_are_told_apart() -> None:
    groups = {
        "group_0": {
            "targets": ["re:.*attn.*"],
            "weights": {"num_bits": 8, "type": "int", "strategy": "channel", "symmetric": True},
        },
        "group_1": {
            "targets": ["re:.*mlp.*"],
            "weights": {"num_bits": 4, "type": "int", "group_size": 128, "symmetric": False},
        },
    }
    declared = {"quant_method": "compressed-tensors", "config_groups": groups}
    found = read_quantization(lambda path: None, {"quantization_config": declared})
    assert found is not None
    assert (found.scheme, found.bits) == ("mixed", None)
    seen = [(group.targets[0], group.scheme, group.group_size) for group in found.groups]
    assert seen == [("re:.*attn.*", "int8", -1), ("re:.*mlp.*", "int4", 128)]


@pytest.mark.parametrize(
    ("config", "method", "bits"),
    [
        ({"compression_config": {"config_groups": {}}}, "compressed-tensors", None),
        ({"text_config": {"quantization_config": {"quant_method": "fp8"}}}, "fp8", "8"),
        ({"quantization": {"bits": 4, "group_size": 64}}, "mlx", "4"),
        ({"quantization": {"bits": 4, "lm_head": {"bits": 6}}}, "mlx", "4"),
        ({"quantization_config": {"quant_method": "vptq"}}, "vptq", None),
        ({"quantization_config": {"quant_method": "new", "bits": 3}}, "new", "3"),
        ({"quantization_config": {"bits": "four", "group_size": [1]}}, "unknown", None),
    ],
)
def test_declarations_in_other_places_are_read(
    config: dict[str, Any], method: str, bits: str | None
) -> None:
    found = read_quantization(lambda path: None, config)
    assert found is not None
    assert (found.method, found.bits) == (method, bits)


@pytest.mark.parametrize(
    ("stored", "declared", "found"),
    [
        ("gptq", {"quant_method": "gptq", "bits": 8, "group_size": 32}, "8 bits a weight, found 4"),
        ("gptq", {"quant_method": "gptq", "bits": 4, "group_size": 64}, "64 weights, found groups"),
        ("gptq", {"quant_method": "bitsandbytes", "load_in_4bit": True}, "found gptq"),
        ("bnb-nf4", {"quant_method": "awq", "bits": 4}, "found bitsandbytes-4bit"),
        ("w4a16", METHODS["fp8"][1], "found packed-int"),
    ],
)
def test_a_declaration_that_the_tensors_contradict_is_refused(
    stored: str, declared: dict[str, Any], found: str, tmp_path: Path
) -> None:
    make_quantized(tmp_path, stored)
    declare(tmp_path, declared)
    with pytest.raises(SnapshotRefused, match=found):
        pin(tmp_path)


@pytest.mark.parametrize("method", ["gptq", "awq", "exl2", "exl3", "aqlm", "modelopt", "hqq"])
def test_a_method_without_its_tensors_is_refused(method: str, tmp_path: Path) -> None:
    make_llama(tmp_path)
    declare(tmp_path, {"quant_method": method, "bits": 4})
    with pytest.raises(SnapshotRefused, match="only plain weights"):
        pin(tmp_path)


@pytest.mark.parametrize("method", ["bitsandbytes", "torchao", "fp8", "bitnet", "quanto"])
def test_a_method_that_would_apply_itself_at_load_is_doubtful(method: str, tmp_path: Path) -> None:
    make_llama(tmp_path)
    declare(tmp_path, {"quant_method": method})
    [doubt] = doubts(pin(tmp_path).facts)
    assert "stored plain" in doubt


def test_quantized_tensors_that_no_file_declares_are_found(tmp_path: Path) -> None:
    make_quantized(tmp_path, "gptq-old")
    (tmp_path / "quantize_config.json").unlink()
    facts = pin(tmp_path).facts
    assert facts.quantization is None
    assert doubts(facts) == [
        "no file declares a quantization, but 14 modules are stored as gptq",
    ]
    assert facts.effective_bits == "5.0694"


def test_two_declarations_that_differ_are_doubtful(tmp_path: Path) -> None:
    make_quantized(tmp_path, "gptq")
    declare(tmp_path, {"bits": 8, "group_size": 32}, "quantize_config.json")
    [bits, scheme] = doubts(pin(tmp_path).facts)
    assert bits == "config.json declares bits 4, quantize_config.json declares 8"
    assert "int8" in scheme


def test_modules_that_are_not_as_the_declaration_says_are_named(tmp_path: Path) -> None:
    make_quantized(tmp_path, "fp8")
    declare(tmp_path, METHODS["fp8"][1] | {"modules_to_not_convert": ["model.layers.1.mlp"]})
    [doubt] = doubts(pin(tmp_path).facts)
    assert doubt.startswith("said to be left out, but quantized: 'model.layers.1.mlp.down_proj'")


def test_a_layer_that_stayed_plain_unsaid_is_named(tmp_path: Path) -> None:
    one, two = make_quantized(tmp_path / "one", "w8a8"), make_llama(tmp_path / "two")
    name = "model.layers.1.mlp.up_proj.weight"
    tensors = {}
    for source, wanted in ((one, lambda n: not n.startswith(name)), (two, lambda n: n == name)):
        content = (source / "model.safetensors").read_bytes()
        length = int.from_bytes(content[:8], "little")
        for key, entry in json.loads(content[8 : 8 + length]).items():
            if key != "__metadata__" and wanted(key):
                begin, end = entry["data_offsets"]
                stored = content[8 + length + begin : 8 + length + end]
                tensors[key] = (entry["dtype"], entry["shape"], stored)
    write_safetensors(one / "model.safetensors", tensors)
    assert doubts(pin(one).facts) == [
        "not said to be left out, but plain: 'model.layers.1.mlp.up_proj'"
    ]


def test_static_activations_without_scales_are_doubtful(tmp_path: Path) -> None:
    make_quantized(tmp_path, "fp8")
    declare(tmp_path, METHODS["fp8"][1] | {"activation_scheme": "static"})
    [doubt] = doubts(pin(tmp_path).facts)
    assert "static activations" in doubt


def test_a_pattern_of_a_declaration_is_never_run_as_a_regular_expression(tmp_path: Path) -> None:
    make_quantized(tmp_path, "w8a8")
    declare(tmp_path, METHODS["w8a8"][1] | {"ignore": ["re:(a+)+$", "re:("]})
    assert doubts(pin(tmp_path).facts) == []


def test_many_modules_and_patterns_are_compared_quickly() -> None:
    modules = [
        f"model.layers.{layer}.mlp.experts.{expert}.{name}"
        for layer in range(60)
        for expert in range(256)
        for name in ("gate_proj", "up_proj", "down_proj")
    ]
    patterns = ["lm_head", "model.layers.0", *(f"model.layers.{n}.*?*?*.a" for n in range(2000))]
    assert len(named(modules, patterns)) == 256 * 3
    assert named(["model.layers.1.mlp"], ["layers.?.m*"]) == []
    assert named(["model.layers.1.mlp"], ["*layers.?.m*"]) == ["model.layers.1.mlp"]
    assert named(["a.b.c", "ab.c"], ["b"]) == ["a.b.c"]


def test_an_unknown_method_is_kept_and_said_to_be_unchecked(tmp_path: Path) -> None:
    make_llama(tmp_path)
    declare(tmp_path, {"quant_method": "tomorrow", "bits": 5})
    [found] = pin(tmp_path).facts.quantization_checks
    assert found.verdict == "unchecked"
    assert "'tomorrow'" in found.what


def test_a_lock_holds_all_of_it_and_reads_it_again(tmp_path: Path) -> None:
    lock = pin(make_quantized(tmp_path / "model", "ct-nvfp4"))
    write_lock(lock, tmp_path / "model.lock.json", replace=False)
    assert load_lock(tmp_path / "model.lock.json") == lock


def test_a_lock_of_the_first_form_with_five_fields_still_loads(tmp_path: Path) -> None:
    lock = pin(make_quantized(tmp_path / "model", "gptq"))
    value = json.loads(lock.to_json())
    value["schema"] = "reprollm/lock/1"
    for later in ("quantization_checks", "effective_bits", "logical_parameters"):
        del value["facts"][later]
    declared = value["facts"]["quantization"]
    kept = ("source", "method", "bits", "group_size", "declared")
    value["facts"]["quantization"] = {name: declared[name] for name in kept}
    file = tmp_path / "old.lock.json"
    file.write_text(json.dumps(value), encoding="utf-8")
    record = load_lock(file).facts.to_record()
    assert record["quantization"] == {name: declared[name] for name in kept}
    assert "effective_bits" not in record


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=4),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(WORDS), inner, max_size=4)
    ),
    max_leaves=12,
)


@given(st.sampled_from(sorted(READERS)), st.dictionaries(st.sampled_from(WORDS), JSON))
def test_no_declaration_ends_in_a_traceback(method: str, declared: dict[str, Any]) -> None:
    config = {"quantization_config": declared | {"quant_method": method}}
    found = read_quantization(lambda path: None, config)
    assert found is not None
    assert found.method == method
    dumps(found.to_record())


@pytest.mark.parametrize(
    ("types", "scheme", "bits", "group"),
    [
        ({"Q8_0": 64, "F32": 8}, "int8", "8.5", 32),
        ({"Q4_K": 512, "Q6_K": 512, "F32": 8}, "mixed", "5.5312", None),
        ({"IQ4_XS": 256}, "codebook", "4.25", 256),
        ({"MXFP4": 64}, "mxfp4", "4.25", 32),
    ],
)
def test_the_types_of_a_gguf_file_become_a_quantization(
    types: dict[str, int], scheme: str, bits: str, group: int | None
) -> None:
    shares = tuple(
        TypeShare(name, TYPES_BY_NAME[name].bits, 1, count) for name, count in types.items()
    )
    imatrix = {"quantize.imatrix.dataset": "calibration.txt"}
    found = from_gguf(GgufQuantization("Q4_K_M", 2, shares, None, imatrix), "model.gguf")
    assert found is not None
    assert (found.scheme, found.bits, found.group_size) == (scheme, bits, group)
    assert json.loads(found.calibration or "") == {"dataset": "calibration.txt"}
    assert [each.targets[0] for each in found.groups] == (
        ["Q4_K", "Q6_K"] if scheme == "mixed" else []
    )


def test_a_converted_file_says_how_its_tensors_are_stored(tmp_path: Path) -> None:
    source = make_llama(tmp_path / "model")
    file = tmp_path / "model-q8_0.gguf"
    convert(source, pin(source), file, "q8_0")
    facts = pin(file).facts
    assert facts.quantization is not None
    found = facts.quantization
    assert (found.method, found.scheme, found.bits) == ("gguf", "int8", "8.5")
    assert found.symmetric
    assert (facts.effective_bits, facts.parameters) == ("8.5", LLAMA_WEIGHTS)


def test_a_gguf_file_of_plain_types_is_not_quantized() -> None:
    plain = (TypeShare("F16", "16", 3, 96), TypeShare("F32", "32", 1, 4))
    assert from_gguf(GgufQuantization("F16", 2, plain, None, {}), "model.gguf") is None


@pytest.mark.parametrize("method", ["gptq", "awq", "exl3", "mxfp4", "aqlm"])
def test_shapes_that_mean_nothing_do_no_harm(method: str, tmp_path: Path) -> None:
    """The header reader passes any shape that its bytes fill; none may end in a traceback."""
    make_quantized(tmp_path / "good", method)
    for number, shape in enumerate(([], [0], [0, 0], [1, 1, 1, 1])):
        folder = tmp_path / str(number)
        shutil.copytree(tmp_path / "good", folder)
        flatten(folder / "model.safetensors", shape)
        try:
            pin(folder)
        except SnapshotRefused as error:
            assert "\n" not in str(error)


def flatten(path: Path, shape: list[int]) -> None:
    """Give every tensor of a file the same shape and the few bytes that it needs."""
    content = path.read_bytes()
    length = int.from_bytes(content[:8], "little")
    count = 0 if 0 in shape else 1
    sizes = {"I32": 4, "F32": 4, "F16": 2, "I16": 2, "U8": 1}
    tensors = {
        name: (entry["dtype"], shape, bytes(count * sizes[entry["dtype"]]))
        for name, entry in json.loads(content[8 : 8 + length]).items()
        if name != "__metadata__"
    }
    write_safetensors(path, tensors)
