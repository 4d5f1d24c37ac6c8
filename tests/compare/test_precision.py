import numpy as np
import pytest

from reprollm.compare.precision import (
    ASSUMED_LOGIT,
    FEW,
    coarsest,
    tolerance,
    unit,
    units,
    within_few,
)


@pytest.mark.parametrize("magnitude", [0.75, 1.0, 8.0, 9.5, 15.9, 16.0, 700.0])
@pytest.mark.parametrize("dtype", ["float32", "float16"])
def test_a_unit_is_the_spacing_that_numpy_knows(dtype: str, magnitude: float) -> None:
    assert unit(dtype, magnitude) == float(np.spacing(np.dtype(dtype).type(magnitude)))


def test_a_unit_of_bfloat16_is_one_in_its_last_of_eight_bits() -> None:
    """bfloat16 is float32 cut after 16 bits, so its neighbours differ in bit 16."""
    for magnitude in (1.0, 8.0, 12.0):
        bits = np.float32(magnitude).view(np.uint32)
        neighbour = (bits + np.uint32(1 << 16)).view(np.float32)
        assert unit("bfloat16", magnitude) == float(neighbour) - magnitude


def test_a_type_of_which_nothing_is_known_has_no_unit_and_no_tolerance() -> None:
    assert unit("native") is None
    assert units(0.5, "native") is None
    assert tolerance("native") == 0.0
    assert not within_few(1e-9, "native")


def test_a_coarser_type_tolerates_more() -> None:
    assert tolerance("float32") < tolerance("float16") < tolerance("bfloat16")
    assert units(0.125, "bfloat16") == 2.0
    assert units(-0.015625, "float16") == 2.0


def test_assuming_small_logits_calls_less_rounding() -> None:
    """Where logits are larger than assumed, the same difference is fewer true units."""
    for dtype, few in FEW.items():
        there, assumed = unit(dtype, 30.0), unit(dtype, ASSUMED_LOGIT)
        assert there is not None and assumed is not None
        assert few * assumed < few * there


@pytest.mark.parametrize(
    ("dtype", "stored", "expected"),
    [
        ("float32", [], "float32"),
        ("float16", ["F32"], "float16"),
        ("float32", ["F32", "F16"], "float16"),
        ("float16", ["F32", "Q8_0"], "bfloat16"),
        ("bfloat16", ["F32"], "bfloat16"),
        ("native", ["F32"], "native"),
    ],
)
def test_differences_are_judged_by_the_coarsest_type_that_was_computed_in(
    dtype: str, stored: list[str], expected: str
) -> None:
    engine = {"tensor_types": [{"type": kind, "tensors": 1} for kind in stored]}
    assert coarsest(dtype, engine) == expected


def test_a_quantized_cache_is_as_coarse_as_quantized_weights() -> None:
    assert coarsest("float32", {"tensor_types": [{"type": "F32"}], "kv_type": "f32"}) == "float32"
    assert coarsest("float32", {"tensor_types": [{"type": "F32"}], "kv_type": "q8_0"}) == "bfloat16"
