import json
import zipfile
from pathlib import Path
from typing import Any

import pytest

from reprollm.errors import InvalidInput
from reprollm.unattested.inspect_log import read
from unattested.logs import EVAL, changed_eval, members, write_eval

FIRST = "samples/i0_epoch_1.json"


def test_a_real_log_gives_every_sample_with_its_texts_and_claims() -> None:
    log = read(EVAL, stratum="stratum")
    assert (log.tool, log.tool_version, len(log.samples)) == ("inspect_ai", "0.3.285", 8)
    assert [(s.item, s.repetition) for s in log.samples] == [
        (f"i{item}", epoch) for epoch in (0, 1) for item in range(4)
    ]
    first = log.samples[1]
    assert (first.stratum, first.sampling, first.seed, first.finish) == (
        "umlaut", "greedy", "7", "stop",
    )  # fmt: skip
    assert (first.output, first.reference) == ("und er sprach 1", "und er sprach 1")
    assert json.loads(first.prompt or "") == [
        {"content": "Write in modern spelling.", "role": "system"},
        {"content": "vnd er ſprach 1", "role": "user"},
    ]
    assert first.claimed == {
        "scores": [{"name": "exact", "value": "C"}, {"name": "includes", "value": "C"}]
    }


def test_what_the_header_claims_stands_as_written() -> None:
    claims = read(EVAL).claims
    assert claims["task"] == "spelling"
    assert claims["model"] == "mockllm/model"
    assert {"name": "temperature", "value": "0.0"} in claims["settings"]
    assert {"name": "exact/mean", "value": "0.625"} in claims["scores"]
    assert (claims["status"], claims["cached"], claims["retried"]) == ("success", 0, 0)


def test_no_text_of_an_item_stands_openly_in_the_claims() -> None:
    log = read(EVAL, stratum="stratum")
    told = json.dumps([log.claims, log.unsaid, [s.claimed for s in log.samples]])
    assert "sprach" not in told
    assert "Write in modern" not in told


def test_what_the_log_leaves_out_is_listed_and_what_it_says_is_not() -> None:
    unsaid = " ".join(read(EVAL).unsaid)
    for words in ("hash of the weights", "tokenizer", "quantized", "numeric type", "chat template"):
        assert words in unsaid
    for words in ("how tokens were chosen", "No seed", "from a cache", "retried", "when it ran"):
        assert words not in unsaid
    assert unsaid.endswith("it is neither signed nor chained.")


def drop_settings(content: dict[str, Any]) -> None:
    content["header.json"]["plan"]["config"] = {}


def drop_events(content: dict[str, Any]) -> None:
    del content[FIRST]["events"]


def name_dtype(content: dict[str, Any]) -> None:
    content["header.json"]["eval"]["model_args"] = {"dtype": "bfloat16"}


@pytest.mark.parametrize(
    ("change", "words", "there"),
    [
        (drop_settings, "Not said how tokens were chosen", True),
        (drop_settings, "No seed for each request", True),
        (drop_events, "came from a cache", True),
        (name_dtype, "numeric type", False),
    ],
)
def test_the_list_follows_from_the_file_itself(
    tmp_path: Path, change: Any, words: str, there: bool
) -> None:
    unsaid = " ".join(read(changed_eval(tmp_path / "x.eval", change)).unsaid)
    assert (words in unsaid) == there


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
def test_older_ways_to_compress_give_the_same_samples(tmp_path: Path, method: int) -> None:
    path = write_eval(tmp_path / "old.eval", members(), method)
    assert read(path).samples == read(EVAL).samples


def test_a_log_that_was_cut_short_is_taken_as_far_as_it_goes(tmp_path: Path) -> None:
    def cut(content: dict[str, Any]) -> None:
        for name in ("header.json", "summaries.json", "reductions.json"):
            del content[name]
        del content["samples/i3_epoch_2.json"]

    log = read(changed_eval(tmp_path / "cut.eval", cut))
    assert len(log.samples) == 7
    assert log.claims["status"] == "unfinished"
    assert any("did not end well (status: unfinished)" in sentence for sentence in log.unsaid)


def test_a_failed_sample_has_no_answer_and_is_counted(tmp_path: Path) -> None:
    def fail(content: dict[str, Any]) -> None:
        content[FIRST] |= {"error": {"message": "x"}, "output": {"choices": [], "completion": ""}}

    log = read(changed_eval(tmp_path / "failed.eval", fail))
    assert (log.samples[0].output, log.samples[0].finish) == (None, "error")
    assert any("1 samples ended with an error" in sentence for sentence in log.unsaid)


def test_long_texts_that_are_kept_as_attachments_are_resolved(tmp_path: Path) -> None:
    def attach(content: dict[str, Any]) -> None:
        sample = content[FIRST]
        sample["attachments"] = {"abc": "a long answer"}
        sample["output"]["completion"] = "attachment://abc"

    log = read(changed_eval(tmp_path / "attached.eval", attach))
    assert log.samples[0].output == "a long answer"


def test_answers_from_a_cache_and_retries_are_counted(tmp_path: Path) -> None:
    def cached(content: dict[str, Any]) -> None:
        for event in content[FIRST]["events"]:
            if event["event"] == "model":
                event |= {"cache": "read", "retries": 2}

    claims = read(changed_eval(tmp_path / "cached.eval", cached)).claims
    assert (claims["cached"], claims["retried"]) == (1, 1)


def test_several_accepted_answers_are_no_reference(tmp_path: Path) -> None:
    def accept(content: dict[str, Any]) -> None:
        content[FIRST]["target"] = ["a", "b"]

    log = read(changed_eval(tmp_path / "several.eval", accept))
    assert log.samples[0].reference is None
    assert any("1 samples accept several answers or none" in text for text in log.unsaid)


def test_scores_that_are_texts_are_left_out_and_counted(tmp_path: Path) -> None:
    def grade(content: dict[str, Any]) -> None:
        content[FIRST]["scores"]["exact"]["value"] = "the answer itself"
        content[FIRST]["scores"]["includes"]["value"] = {"a": 0.5, "b": True}

    log = read(changed_eval(tmp_path / "texts.eval", grade))
    assert log.samples[0].claimed["scores"] == [
        {"name": "includes/a", "value": "0.5"},
        {"name": "includes/b", "value": "true"},
    ]
    assert any("1 samples have scores that are texts" in text for text in log.unsaid)


def test_a_text_that_is_no_unicode_is_mended_visibly(tmp_path: Path) -> None:
    def cut(content: dict[str, Any]) -> None:
        content[FIRST]["output"]["completion"] = "half a pair \ud83d and \0 nothing"

    log = read(changed_eval(tmp_path / "half.eval", cut))
    assert log.samples[0].output == "half a pair \ufffd and \ufffd nothing"


def rename(content: dict[str, Any]) -> None:
    content["samples/copy.json"] = content[FIRST]


def no_id(content: dict[str, Any]) -> None:
    content[FIRST]["id"] = None


def epoch_zero(content: dict[str, Any]) -> None:
    content[FIRST]["epoch"] = 0


def no_samples(content: dict[str, Any]) -> None:
    for name in [name for name in content if name.startswith("samples/")]:
        del content[name]


def no_header(content: dict[str, Any]) -> None:
    content["header.json"] = {"version": 2}


def list_header(content: dict[str, Any]) -> None:
    content["header.json"] = [1]


def broken(content: dict[str, Any]) -> None:
    content[FIRST] = b'{"id": "i0", '


def deep(content: dict[str, Any]) -> None:
    content[FIRST] = b'{"id":"i0","input":' + b"[" * 200_000 + b"]" * 200_000 + b"}"


def key_twice(content: dict[str, Any]) -> None:
    content[FIRST] = b'{"id":"i0","id":"i1"}'


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (rename, "each item once an epoch"),
        (no_id, "expected an id in each sample"),
        (epoch_zero, "expected an epoch from 1 on"),
        (no_samples, "found 0"),
        (no_header, "expected the header of an inspect_ai log"),
        (list_header, "expected a JSON object in header.json"),
        (broken, "expected JSON in samples/i0_epoch_1.json"),
        (deep, "expected JSON in samples/i0_epoch_1.json"),
        (key_twice, "an object with a key twice"),
    ],
)
def test_a_file_that_is_no_such_log_is_refused_in_a_sentence(
    tmp_path: Path, change: Any, words: str
) -> None:
    with pytest.raises(InvalidInput, match=words):
        read(changed_eval(tmp_path / "bad.eval", change))


@pytest.mark.parametrize("value", [None, 0, True, "x", [], {}, [[]], [{}], {"a": [1]}])
def test_members_of_unexpected_types_never_end_in_a_traceback(tmp_path: Path, value: Any) -> None:
    def spoil(content: dict[str, Any]) -> None:
        for name in list(content[FIRST]):
            if name not in ("id", "epoch"):
                content[FIRST][name] = value
        for name in ("plan", "results", "stats"):
            content["header.json"][name] = value
        for name in list(content["header.json"]["eval"]):
            content["header.json"]["eval"][name] = value
        for part in ("output", "scores", "metadata"):
            content["samples/i1_epoch_1.json"][part] = {key: value for key in ("choices", "value")}

    log = read(changed_eval(tmp_path / "odd.eval", spoil), stratum="stratum")
    assert len(log.samples) == 8
