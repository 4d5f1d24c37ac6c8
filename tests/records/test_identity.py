from typing import Any

import pytest

from reprollm.canon import digest
from reprollm.errors import InvalidInput
from reprollm.records.arrays import floats_from_bytes, ids_from_bytes, ids_to_bytes
from reprollm.records.identity import plan_id, request_id, result_id, run_id
from reprollm.records.time import utc_now

ASKED: dict[str, Any] = {
    "snapshot": "a" * 64,
    "tokenizer": "b" * 64,
    "settings": {"temperature": "0", "max_tokens": 8},
    "seed": "0",
    "repetition": 0,
    "engine": "transformers",
    "dtype": "float32",
    "prompt_ids": [1, 2, 3],
}


@pytest.mark.parametrize(
    ("field", "other"),
    [
        ("snapshot", "c" * 64),
        ("tokenizer", "c" * 64),
        ("settings", {"temperature": "0.0", "max_tokens": 8}),
        ("seed", "1"),
        ("repetition", 1),
        ("engine", "llama_cpp"),
        ("dtype", "bfloat16"),
        ("prompt_ids", [1, 2, 3, 4]),
    ],
)
def test_whatever_decides_an_answer_changes_the_request_id(field: str, other: Any) -> None:
    assert request_id(**{**ASKED, field: other}) != request_id(**ASKED)


def test_a_request_id_never_changes_between_releases() -> None:
    assert request_id(**ASKED) == (
        "4d90422884e06517af11e27f92f193f9c1bba84287d1cda4a2d956f683b969bb"
    )


def test_a_result_id_tells_tokens_and_finish_apart() -> None:
    request = request_id(**ASKED)
    ids = {
        result_id(request, [1, 2], "stop"),
        result_id(request, [1, 2], "length"),
        result_id(request, [2, 1], "stop"),
        result_id(request, [], "stop"),
        result_id("0" * 64, [1, 2], "stop"),
    }
    assert len(ids) == 5


def test_a_plan_id_depends_on_the_order_of_its_requests() -> None:
    first, second = "1" * 64, "2" * 64
    assert plan_id({}, [first, second]) != plan_id({}, [second, first])
    assert plan_id({"a": 1}, [first]) != plan_id({"a": 2}, [first])


def test_a_run_id_depends_on_plan_code_and_nonce() -> None:
    assert len({run_id("p", "c", "n"), run_id("p", "c", "m"), run_id("p", "d", "n")}) == 3
    assert run_id("p", "c", "n") == digest("reprollm/run/v1", b"p", b"c", b"n")


def test_token_ids_are_little_endian_uint32() -> None:
    assert ids_to_bytes([1, 2**32 - 1]) == b"\x01\x00\x00\x00\xff\xff\xff\xff"
    assert ids_from_bytes(ids_to_bytes([0, 7, 50_000])) == [0, 7, 50_000]


@pytest.mark.parametrize("ids", [[-1], [2**32], ["1"], [1.5]])
def test_what_is_no_token_id_is_refused(ids: list[Any]) -> None:
    with pytest.raises(InvalidInput):
        ids_to_bytes(ids)


def test_an_array_cut_off_within_a_number_is_refused() -> None:
    with pytest.raises(InvalidInput):
        ids_from_bytes(b"\x01\x00\x00")


def test_floats_keep_their_bits() -> None:
    assert floats_from_bytes(b"\x00\x00\x00\xbf\x00\x00\x80\x3f") == [-0.5, 1.0]


def test_the_time_is_written_in_utc_with_milliseconds() -> None:
    now = utc_now()
    assert len(now) == 24
    assert now.endswith("Z")
    assert now[10] == "T"
