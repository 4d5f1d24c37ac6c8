"""What `experiment.yaml` may hold, and how it is refused."""

from __future__ import annotations

import json
from pathlib import Path

import jsonschema
import pytest
from ruamel.yaml import YAML

from experiment_files import EXPERIMENT, change, write_experiment
from reprollm.errors import ExperimentInvalid
from reprollm.experiment.config import EngineSettings
from reprollm.experiment.file_hashes import file_hashes
from reprollm.experiment.load import load
from reprollm.experiment.locate import locate
from reprollm.experiment.schema import schema_text

SCHEMA = Path(__file__).parents[2] / "workflow" / "schemas" / "experiment.schema.json"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return write_experiment(tmp_path / "spelling")


def refusal(file: Path) -> str:
    with pytest.raises(ExperimentInvalid) as refused:
        load(file)
    sentence = str(refused.value)
    assert "\n" not in sentence
    assert "pydantic" not in sentence.lower()
    return sentence


def test_settings_are_read_as_they_are_written(file: Path) -> None:
    config = load(file).config
    assert config.sampling["sampled"].temperature == "0.80"
    assert config.sampling["sampled"].seeds == ("1", "2")
    assert config.sampling["greedy"].seeds == ("0",)
    assert config.sampling["greedy"].stop == ("\n",)
    assert list(config.sampling) == ["greedy", "sampled"]
    assert config.engine.settings() == EngineSettings("transformers", "float32", "cpu", "strict", 8)
    assert config.repetitions == 1


WRONG = {
    "a misspelt key": ("temperature: 0.80", "temprature: 0.80", "did you mean 'temperature'?"),
    "a misspelt section": ("prompt:", "promt:", "did you mean 'prompt'?"),
    "a misspelt nested key": ("policy: strict", "polcy: strict", "did you mean 'policy'?"),
    "a misspelt data key": ("stratum: stratum", "strata: stratum", "did you mean 'stratum'?"),
    "a misspelt choice": ("policy: strict", "policy: strikt", "did you mean 'strict'?"),
    "a misspelt score": ("exact_match,", "exact_mach,", "did you mean 'exact_match'?"),
    "a misspelt engine": ("family: transformers", "family: transformer", "'transformers'"),
    "a missing key": ("name: spelling\n", "", "expected the key 'name', found none"),
    "a missing nested key": ("device: cpu, ", "", "expected the key 'device' in 'engine'"),
    "another schema": ("experiment/1", "experiment/2", "found 'reprollm/experiment/2' at 'schema'"),
    "a negative temperature": ("0.80", "-0.80", "temperature of at least 0, found -0.80"),
    "a temperature of minus zero": ("0.80", "-0.0", "temperature of at least 0"),
    "a temperature as text": ("0.80", '"0.80"', "expected a decimal number, found '0.80'"),
    "a temperature as truth": ("0.80", "true", "expected a decimal number, found True"),
    "a top_p of zero": ("0.95", "0.0", "above 0 and at most 1, found 0.0"),
    "a top_p above one": ("0.95", "1.01", "above 0 and at most 1, found 1.01"),
    "no tokens": ("max_tokens: 8, stop", "max_tokens: 0, stop", "greater than or equal to 1"),
    "half a token": ("max_tokens: 8, stop", "max_tokens: 8.5, stop", "expected integer"),
    "a seed twice": ("[1, 2]", "[1, 2, 1]", "expected every seed once, found '1' again"),
    "a negative seed": ("[1, 2]", "[-1]", "expected a seed from 0"),
    "no seed": ("[1, 2]", "[]", "at least one seed"),
    "a greedy seed": ("temperature: 0.80, top_p: 0.95", "temperature: 0.0", "no seeds at temp"),
    "a greedy top_p": ("temperature: 0,", "temperature: 0, top_p: 0.5,", "no top_k or top_p"),
    "an empty stop text": ('["\\n"]', '[""]', "at least one character"),
    "an unknown encoding": ("id: id,", "id: id, encoding: utf8000,", "such as utf-8 or cp1252"),
    "no text encoding": ("id: id,", "id: id, encoding: base64,", "such as utf-8 or cp1252"),
    "an absolute path": ("data/items.csv", "/etc/passwd", "relative path"),
    "a path out of the folder": ("data/items.csv", "../items.csv", "relative path"),
    "a missing file": ("data/items.csv", "data/itmes.csv", "'data.file'"),
    "a folder for a file": ("data/items.csv", "data", "found something else"),
    "no references to score": (" reference: reference,", "", "expected data.reference"),
    "a system text without chat": (
        "template: prompts/prompt.jinja",
        "template: prompts/prompt.jinja, system: Hi",
        "no system text without a chat template",
    ),
    "a clock that is none": (
        "template: prompts/prompt.jinja",
        "template: prompts/prompt.jinja, clock: 2026-02-30T00:00:00Z",
        "a time that exists",
    ),
    "a name with a slash": ("name: spelling", "name: a/b", "a name of a-z"),
    "a title of two lines": ("title: Spelling", 'title: "a\\nb"', "one line of text"),
    "a device of another kind": ("device: cpu", "device: tpu", "expected cpu, cuda"),
    "no slices": ("slices: 2", "slices: 0", "greater than or equal to 1"),
    "a list for a mapping": ("model: {lock: models/tiny.lock.json}", "model: [a]", "found a list"),
    "nothing for a mapping": (
        "model: {lock: models/tiny.lock.json}",
        "model:",
        "expected model or models, found none",
    ),
}


@pytest.mark.parametrize(("old", "new", "sentence"), WRONG.values(), ids=WRONG.keys())
def test_a_wrong_setting_is_refused(file: Path, old: str, new: str, sentence: str) -> None:
    change(file, old, new)
    found = refusal(file)
    assert sentence in found
    assert str(file) in found
    assert "line " in found


def test_the_line_of_the_mistake_is_named(file: Path) -> None:
    change(file, "top_p", "topp")
    assert f"{file}, line 10; did you mean 'top_p'?" in refusal(file)


def test_an_unknown_key_is_named_before_the_missing_one(file: Path) -> None:
    change(file, "max_tokens: 8, stop", "max_token: 8, stop")
    sentence = refusal(file)
    assert sentence.startswith("expected only the keys")
    assert sentence.endswith("did you mean 'max_tokens'? (1 more wrong after it)")


def test_no_sampling_is_refused(file: Path) -> None:
    text = EXPERIMENT.split("sampling:")[0] + "sampling: {}\n"
    file.write_text(text)
    assert "at least one sampling setting" in refusal(file)


def test_two_samplings_of_equal_settings_are_refused(file: Path) -> None:
    change(file, "slices", "  again: {temperature: 0, max_tokens: 8, stop: ['\\n']}\nslices")
    change(file, "'\\n'", '"\\n"')
    assert "found 'greedy' and 'again' alike" in refusal(file)


def test_a_link_out_of_the_folder_is_refused(file: Path, tmp_path: Path) -> None:
    (tmp_path / "elsewhere.csv").write_text("id,source\na,b\n")
    data = file.parent / "data" / "items.csv"
    data.unlink()
    data.symlink_to(tmp_path / "elsewhere.csv")
    assert "found a link to" in refusal(file)


def test_a_link_in_a_circle_is_refused(file: Path) -> None:
    data = file.parent / "data" / "items.csv"
    data.unlink()
    data.symlink_to(data)
    assert "found none" in refusal(file)


def test_a_list_is_no_experiment(file: Path) -> None:
    file.write_text("- a\n- b\n")
    assert "expected a mapping" in refusal(file)


def test_the_hash_of_every_file_follows_its_bytes(file: Path) -> None:
    before = file_hashes(load(file))
    change(file.parent / "data" / "items.csv", "seyn", "sein")
    after = file_hashes(load(file))
    assert after["data_sha256"] != before["data_sha256"]
    assert after["template_sha256"] == before["template_sha256"]
    assert after["examples_sha256"] is None


def test_the_committed_schema_is_that_of_the_model() -> None:
    assert SCHEMA.read_text(encoding="utf-8") == schema_text(), (
        f"write it anew: python -m reprollm.experiment.schema > {SCHEMA}"
    )


def test_the_schema_takes_the_experiment_and_refuses_a_typo() -> None:
    schema = json.loads(SCHEMA.read_text(encoding="utf-8"))
    jsonschema.validate(YAML(typ="safe").load(EXPERIMENT), schema)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(YAML(typ="safe").load(EXPERIMENT.replace("top_p", "topp")), schema)


def test_an_experiment_is_found_by_name_folder_and_file(tmp_path: Path) -> None:
    file = write_experiment(tmp_path / "experiments" / "spelling")
    for said in ("spelling", "experiments/spelling", "experiments/spelling/experiment.yaml"):
        assert locate(said, tmp_path) == file
    assert locate(str(file), Path("/")) == file


def test_a_missing_experiment_is_refused_with_the_nearest_name(tmp_path: Path) -> None:
    write_experiment(tmp_path / "experiments" / "spelling")
    with pytest.raises(ExperimentInvalid, match="did you mean 'spelling'"):
        locate("speling", tmp_path)
    with pytest.raises(ExperimentInvalid, match="there is none below"):
        locate("spelling", tmp_path / "elsewhere")
