"""Whatever bytes and values a model's files hold, reading them ends in a refusal or in facts."""

from __future__ import annotations

import json
from contextlib import suppress
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from reprollm.errors import InvalidInput
from reprollm.footprint.demand import Demand, sizes
from reprollm.footprint.estimate import Model
from reprollm.footprint.llamacpp import llamacpp
from reprollm.footprint.transformers import transformers
from reprollm.footprint.vllm import vllm
from reprollm.snapshot.code import refuse_remote_code
from reprollm.snapshot.facts import Facts, read_facts
from reprollm.snapshot.names import check_path
from reprollm.snapshot.quantization import read_declarations
from reprollm.snapshot.safetensors import BITS, Tensor, parse_header
from reprollm.snapshot.shape import Shape
from reprollm.snapshot.shards import check_index, check_unique

FUZZ = settings(max_examples=60, derandomize=True, database=None)
NUMBERS = st.one_of(
    st.integers(-2, 9), st.integers(-(2**70), 2**70), st.floats(), st.just(10**4000)
)
SCALARS = st.one_of(st.none(), st.booleans(), NUMBERS, st.text(max_size=8))
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.one_of(
        st.lists(inner, max_size=4), st.dictionaries(st.text(max_size=6), inner, max_size=4)
    ),
    max_leaves=12,
)
SIZES = (
    "hidden_size num_hidden_layers num_attention_heads num_key_value_heads head_dim vocab_size "
    "max_position_embeddings intermediate_size sliding_window kv_lora_rank qk_rope_head_dim "
    "num_local_experts num_experts_per_tok moe_intermediate_size layer_types text_config "
    "eos_token_id bos_token_id tie_word_embeddings architectures model_type dtype multi_query "
    "rope_parameters quantization_config auto_map use_sliding_window"
).split()
CONFIGS = st.dictionaries(st.sampled_from(SIZES), VALUES, max_size=10)
METHODS = (
    "gptq awq bitsandbytes compressed-tensors torchao hqq quanto fp8 fbgemm_fp8 mxfp4 modelopt "
    "auto-round exl2 exl3 aqlm quark vptq spqr bitnet nonsense"
).split()
KEYS = (
    "bits w_bit group_size q_group_size sym zero_point load_in_4bit load_in_8bit config_groups "
    "quant_type weights activations nbits modules_to_not_convert ignore format kv_cache_scheme "
    "weight_block_size global_quant_config bnb_4bit_quant_type calibration quantization"
).split()
GROUPS = st.dictionaries(
    st.sampled_from(["weights", "input_activations", "targets", "default", "group_0", "_data"]),
    VALUES,
    max_size=3,
)
DECLARATIONS = st.builds(
    lambda method, rest: {"quant_method": method, **rest},
    st.sampled_from(METHODS),
    st.dictionaries(st.sampled_from(KEYS), st.one_of(VALUES, GROUPS), max_size=6),
)
ENTRIES = st.fixed_dictionaries(
    {
        "dtype": st.one_of(st.sampled_from(sorted(BITS)), VALUES),
        "shape": st.one_of(st.lists(NUMBERS, max_size=4), VALUES),
        "data_offsets": st.one_of(st.lists(NUMBERS, min_size=2, max_size=2), VALUES),
    }
)


@FUZZ
@given(st.binary(max_size=80), st.integers(0, 2**40))
def test_any_bytes_as_a_header_are_refused_or_read(header: bytes, size: int) -> None:
    with suppress(InvalidInput):
        parse_header(b"{" + header, size, "model.safetensors")


@FUZZ
@given(
    st.dictionaries(st.text(max_size=8), st.one_of(ENTRIES, VALUES), max_size=4), st.integers(0, 99)
)
def test_any_header_is_refused_or_describes_just_the_bytes_that_follow(
    header: dict[str, Any], size: int
) -> None:
    text = json.dumps(header).encode("ascii")
    with suppress(InvalidInput):
        tensors = parse_header(text, size, "model.safetensors")
        assert sum(tensor.end - tensor.begin for tensor in tensors) == size


@FUZZ
@given(VALUES | st.fixed_dictionaries({"weight_map": VALUES}), st.text(max_size=8))
def test_any_index_is_refused_or_agrees_with_the_files(index: Any, name: str) -> None:
    files = {"model.safetensors": [Tensor(name, "U8", (1,), 8, 9)]}
    with suppress(InvalidInput):
        check_unique(files)
        check_index("model.safetensors.index.json", index, files)
        assert index["weight_map"] == {name: "model.safetensors"}


@FUZZ
@given(CONFIGS, st.one_of(st.none(), CONFIGS))
def test_any_configuration_is_refused_or_gives_facts(
    config: dict[str, Any], generation: dict[str, Any] | None
) -> None:
    files = {"config.json": config, "generation_config.json": generation}
    with suppress(InvalidInput):
        facts = read_facts(files.get, {}, [Tensor("a", "F32", (2, 2), 8, 24)])
        json.dumps(facts.to_record())


@FUZZ
@given(DECLARATIONS)
def test_any_declared_quantization_is_refused_or_read(declared: dict[str, Any]) -> None:
    config = {"quantization_config": declared}
    with suppress(InvalidInput):
        for found in read_declarations({"config.json": config}.get, config):
            json.dumps(found.to_record())


@FUZZ
@given(VALUES)
def test_code_is_found_in_any_value(value: Any) -> None:
    files = {"config.json": {"a": value}}
    with suppress(InvalidInput):
        refuse_remote_code(files.get, list(files), [])


@FUZZ
@given(st.text(st.characters(), max_size=12))
def test_any_path_is_refused_or_stays_inside_and_shows_itself(path: str) -> None:
    with suppress(InvalidInput):
        assert check_path(path, "here") == path
        assert ".." not in path.split("/") and not path.startswith("/")
        assert path.isprintable() or not any(ord(character) < 32 for character in path)


COUNTS = st.integers(1, 2**31 - 1)


@FUZZ
@given(
    st.builds(
        Facts,
        layers=st.integers(1, 10_000),
        hidden_size=COUNTS,
        heads=COUNTS,
        kv_heads=st.none() | COUNTS,
        head_dim=st.none() | COUNTS,
        vocab_size=COUNTS,
        weight_bytes=st.integers(0, 2**45),
        shape=st.none()
        | st.builds(
            Shape,
            intermediate_size=st.none() | COUNTS,
            sliding_window=st.none() | COUNTS,
            sliding_window_pattern=st.none() | COUNTS,
            layer_types=st.lists(st.text(max_size=4), max_size=4).map(tuple),
            kv_lora_rank=st.none() | COUNTS,
            experts=st.none() | COUNTS,
            experts_per_token=st.none() | COUNTS,
        ),
    ),
    st.builds(Demand, COUNTS, st.integers(1, 2**20), st.sampled_from(["float32", "bfloat16"])),
)
def test_any_sizes_give_a_footprint_that_grows_with_the_batch(facts: Facts, demand: Demand) -> None:
    model = Model(facts, sizes(facts, "fuzzed"), gguf=False)
    more = Demand(demand.context, demand.batch + 1, demand.dtype)
    for engine in (transformers, vllm, llamacpp):
        for less, larger in zip(engine(model, demand), engine(model, more), strict=True):
            assert 0 < less.total <= larger.total
