import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from reprollm.errors import InvalidInput
from reprollm.unattested.lm_eval_log import read
from unattested.logs import RESULTS, changed_lines, samples_file


def test_a_real_file_of_samples_gives_answers_prompts_and_claims() -> None:
    log = read(samples_file("spelling"), RESULTS, item="id")
    assert (log.tool, log.tool_version) == ("lm-evaluation-harness", "0.4.13")
    assert [sample.item for sample in log.samples] == ["i0", "i1", "i2", "i3"]
    first = log.samples[0]
    assert (first.prompt, first.reference) == ("vnd er ſprach 0\n", "und er sprach 0")
    assert (first.output or "").startswith("8")
    assert (first.sampling, first.seed, first.finish) == ("greedy", None, None)
    assert first.claimed == {"scores": [{"name": "exact_match,none", "value": "0.0"}]}
    assert log.claims["scores"][0] == {"name": "exact_match,none", "value": "0.0"}
    assert {"name": "model_dtype", "value": "torch.float32"} in log.claims["config"]
    assert {"name": "max_gen_toks", "value": "8"} in log.claims["settings"]


def test_the_filters_of_a_document_become_scores_of_its_responses() -> None:
    log = read(samples_file("again"), RESULTS)
    assert len(log.samples) == 8
    assert [(s.item, s.repetition) for s in log.samples[:3]] == [("0", 0), ("0", 1), ("1", 0)]
    assert {sample.sampling for sample in log.samples} == {"sampled"}
    assert [score["name"] for score in log.samples[0].claimed["scores"]] == [
        "exact_match,first",
        "exact_match,both",
    ]


def test_log_likelihoods_are_claims_and_no_answers() -> None:
    log = read(samples_file("choice"), RESULTS)
    assert {sample.output for sample in log.samples} == {None}
    assert {sample.sampling for sample in log.samples} == {"loglikelihood"}
    assert log.samples[0].claimed["loglikelihoods"][0] == "-30.41839599609375"
    assert log.samples[0].prompt == "0 und eins ist"
    assert any("There are no answers" in sentence for sentence in log.unsaid)


def test_without_results_version_model_and_settings_stay_unsaid() -> None:
    path = samples_file("spelling")
    beside, alone = " ".join(read(path, RESULTS).unsaid), " ".join(read(path).unsaid)
    for words in ("numeric type", "which machine", "libraries", "a cache", "when it ran"):
        assert words not in beside
        assert words in alone
    assert "No file of results" in alone
    assert read(path).tool_version is None


def test_the_name_of_item_and_stratum_comes_from_the_field_that_is_named() -> None:
    log = read(samples_file("choice"), item="id", stratum="answer")
    assert [(s.item, s.stratum) for s in log.samples] == [("c0", "0"), ("c1", "1"), ("c2", "2")]
    with pytest.raises(InvalidInput, match="'title' that names the item"):
        read(samples_file("choice"), item="title")


def same_id(rows: list[dict[str, Any]]) -> None:
    rows[1]["doc"]["id"] = rows[0]["doc"]["id"]


def test_two_documents_of_one_name_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="each item once"):
        read(changed_lines(tmp_path, "spelling", same_id), item="id")


def older(rows: list[dict[str, Any]]) -> None:
    """Write the lines as version 0.4.2 did: arguments as arrays, no filter, no list of metrics."""
    for row in rows:
        del row["filter"], row["metrics"], row["doc_hash"]
        row["arguments"] = [[part["arg_0"], part["arg_1"]] for part in row["arguments"].values()]


def test_lines_of_older_versions_are_read(tmp_path: Path) -> None:
    log = read(changed_lines(tmp_path, "spelling", older))
    assert log.samples[0].prompt == "vnd er ſprach 0\n"
    assert log.samples[0].claimed["scores"] == [{"name": "exact_match,none", "value": "0.0"}]
    assert any("No hash of the data set" in sentence for sentence in log.unsaid)


def twice(rows: list[dict[str, Any]]) -> None:
    rows.append(rows[0])


def other_response(rows: list[dict[str, Any]]) -> None:
    rows[-1]["resps"] = [["another", "answer"]]


def no_number(rows: list[dict[str, Any]]) -> None:
    rows[0]["doc_id"] = "zero"


def no_responses(rows: list[dict[str, Any]]) -> None:
    del rows[1]["resps"]


def nothing(rows: list[dict[str, Any]]) -> None:
    rows.clear()


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (twice, "once for each filter"),
        (other_response, "the same responses under all filters"),
        (no_number, "expected a sample of lm-evaluation-harness in line 1"),
        (no_responses, "expected a sample of lm-evaluation-harness in line 2"),
        (nothing, "found none"),
    ],
)
def test_a_file_that_is_no_such_log_is_refused_in_a_sentence(
    tmp_path: Path, change: Any, words: str
) -> None:
    with pytest.raises(InvalidInput, match=words):
        read(changed_lines(tmp_path, "again", change))


def dropped(rows: list[dict[str, Any]]) -> None:
    del rows[0]


def test_results_of_another_file_or_task_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="expected samples of 4 documents"):
        read(changed_lines(tmp_path, "spelling", dropped), RESULTS)
    other = tmp_path / "samples_unknown.jsonl"
    shutil.copy(samples_file("spelling"), other)
    with pytest.raises(InvalidInput, match="expected results of the task unknown"):
        read(other, RESULTS)
    with pytest.raises(InvalidInput, match="expected JSON in"):
        read(samples_file("spelling"), samples_file("again"))


def test_a_name_without_a_task_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="samples_<task>_<time>"):
        read(Path(shutil.copy(samples_file("spelling"), tmp_path / "out.jsonl")))


def test_a_line_without_end_is_not_read_into_memory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("reprollm.unattested.lm_eval_documents.MAX_JSON_BYTES", 100)
    with pytest.raises(InvalidInput, match="of 100 bytes"):
        read(samples_file("spelling"))


@pytest.mark.parametrize("value", [None, 0, True, "x", [], {}, [[]], [{}], {"a": [1]}])
def test_fields_of_unexpected_types_never_end_in_a_traceback(tmp_path: Path, value: Any) -> None:
    def spoil(rows: list[dict[str, Any]]) -> None:
        for row in rows:
            for name in list(row):
                if name not in ("doc_id", "filter"):
                    row[name] = value

    log = read(changed_lines(tmp_path, "spelling", spoil))
    assert len(log.samples) >= 4
    told = json.loads(RESULTS.read_text(encoding="utf-8"))
    for name in ("config", "versions", "configs", "n-samples", "n-shot", "task_hashes"):
        told[name] = value
    results = tmp_path / "results.json"
    results.write_text(json.dumps(told), encoding="utf-8")
    assert len(read(samples_file("spelling"), results).samples) == 4


def test_arguments_of_the_model_as_one_text_are_understood(tmp_path: Path) -> None:
    told = json.loads(RESULTS.read_text(encoding="utf-8"))
    told["config"]["model_args"] = "pretrained=model,load_in_4bit=True"
    results = tmp_path / "results.json"
    results.write_text(json.dumps(told), encoding="utf-8")
    log = read(samples_file("spelling"), results)
    assert {"name": "load_in_4bit", "value": "True"} in log.claims["model_arguments"]
    assert not any("quantized" in sentence for sentence in log.unsaid)
