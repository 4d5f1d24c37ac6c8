"""Several models, several prompts, and folders of data in one experiment."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from experiment_files import change, write_experiment
from reprollm.errors import ExperimentInvalid
from reprollm.experiment.file_hashes import file_hashes, folder_facts
from reprollm.experiment.load import load, load_all
from reprollm.workflow.sources import experiments

ONE_MODEL = "model: {lock: models/tiny.lock.json}"
ONE_PROMPT = "prompt: {template: prompts/prompt.jinja}"
MODELS = """models:
  a: {lock: models/tiny.lock.json}
  b-2: {lock: models/other.lock.json}"""
PROMPTS = """prompts:
  plain: {template: prompts/prompt.jinja}
  chatty: {template: prompts/few_shot.jinja, chat: true, system: Be brief.}"""
ITEMS = "data: {file: data/items.csv, id: id, source: source"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    made = write_experiment(tmp_path / "spelling")
    (made.parent / "models" / "other.lock.json").write_text("{}\n")
    return made


def test_an_experiment_is_loaded_once_for_each_of_its_models(file: Path) -> None:
    change(file, ONE_MODEL, MODELS)
    found = load_all(file)
    assert [each.model for each in found] == ["a", "b-2"]
    assert [each.lock.name for each in found] == ["tiny.lock.json", "other.lock.json"]
    assert all(each.config.model and not each.config.models for each in found)
    assert load(file, "b-2") == found[1]


def test_a_model_has_an_engine_of_its_own_where_it_names_one(file: Path) -> None:
    own = "engine: {family: llamacpp, dtype: float16, device: cpu, batch: {policy: fast, size: 1}}"
    change(file, ONE_MODEL, MODELS.replace("other.lock.json}", f"other.lock.json, {own}}}"))
    assert [each.config.engine.family for each in load_all(file)] == ["transformers", "llamacpp"]


def test_which_of_several_models_must_be_said(file: Path) -> None:
    change(file, ONE_MODEL, MODELS)
    with pytest.raises(
        ExperimentInvalid, match=r"\('a', 'b-2'\), found none; name it with --model"
    ):
        load(file)
    with pytest.raises(ExperimentInvalid, match="found 'b-3'; did you mean 'b-2'"):
        load(file, "b-3")


def test_the_only_model_has_no_name(file: Path) -> None:
    assert load(file).model is None
    with pytest.raises(ExperimentInvalid, match="leave --model out"):
        load(file, "a")


@pytest.mark.parametrize(
    ("old", "new", "sentence"),
    [
        (ONE_MODEL, f"{ONE_MODEL}\n{MODELS}", "expected model or models, found both"),
        (ONE_PROMPT, "", "expected prompt or prompts, found none"),
        (ONE_PROMPT, f"{ONE_PROMPT}\n{PROMPTS}", "expected prompt or prompts, found both"),
        (
            ONE_MODEL,
            MODELS.replace("other", "tiny"),
            "expected different models, found 'a' and 'b-2' alike",
        ),
        (ONE_PROMPT, PROMPTS.replace("plain:", "a/b:"), "expected a name of a-z"),
        (
            "data: {file",
            "data: {annotators: {A.: x}, file",
            "expected annotators' names of a-z, 0-9 and '_'",
        ),
        (
            ONE_MODEL,
            MODELS.replace("other.lock", "absent.lock"),
            "named by 'models.b-2.lock'",
        ),
    ],
)
def test_factors_that_contradict_themselves_are_refused(
    file: Path, old: str, new: str, sentence: str
) -> None:
    change(file, old, new)
    with pytest.raises(ExperimentInvalid) as error:
        load_all(file)
    assert sentence in str(error.value)


COMPARISONS = """comparisons:
  comparisons:
    - name: models
      score: exact_match
      of: {model: a, prompt: plain, sampling: greedy}
      against: {model: b-2, prompt: plain, sampling: greedy}
"""


@pytest.mark.parametrize(
    ("old", "new", "sentence"),
    [
        ("model: a, ", "", "to name the model of its arm ('a', 'b-2'), found none"),
        ("prompt: plain", "prompt: plian", "did you mean 'plain'"),
        ("score: exact_match\n      of", "score: exact_match\n      split: dev\n      of",
         "expected data.split where models names one"),
    ],
)  # fmt: skip
def test_a_comparison_names_arms_that_there_are(
    file: Path, old: str, new: str, sentence: str
) -> None:
    change(file, ONE_MODEL, MODELS)
    change(file, ONE_PROMPT, PROMPTS)
    text = file.read_text(encoding="utf-8")
    file.write_text(text + COMPARISONS, encoding="utf-8")
    assert len(load_all(file)) == 2
    file.write_text(text + COMPARISONS.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(ExperimentInvalid) as error:
        load_all(file)
    assert sentence in str(error.value)


def test_every_template_is_hashed_by_its_prompts_name(file: Path) -> None:
    change(file, ONE_PROMPT, PROMPTS)
    found = file_hashes(load(file))
    assert "template_sha256" not in found
    few_shot = (file.parent / "prompts" / "few_shot.jinja").read_bytes()
    assert found["prompts"][1] == {  # type: ignore[index, call-overload]
        "name": "chatty",
        "template_sha256": hashlib.sha256(few_shot).hexdigest(),
        "chat": True,
        "system_sha256": hashlib.sha256(b"Be brief.").hexdigest(),
        "clock": None,
    }


def test_the_workflow_watches_every_lock_and_template(file: Path) -> None:
    change(file, ONE_MODEL, MODELS)
    change(file, ONE_PROMPT, PROMPTS)
    [sources] = experiments([str(file)]).values()
    assert sources.models == ("a", "b-2")
    assert {path.name for path in sources.watched} == {
        "tiny.lock.json", "other.lock.json", "items.csv", "prompt.jinja", "few_shot.jinja",
    }  # fmt: skip


def folder_of_texts(file: Path) -> Path:
    """Let the experiment read a folder of plain texts; return the folder."""
    change(file, ITEMS, "data: {file: data/letters, form: {kind: text}, id: file, source: text")
    change(file, ", reference: reference, stratum: stratum", "")
    change(file, "scores: [exact_match, character_error_rate]\n", "")
    folder = file.parent / "data" / "letters"
    (folder / "1775").mkdir(parents=True)
    (folder / "b.txt").write_text("vnd")
    (folder / "1775" / "a.txt").write_text("seyn")
    (folder / "notes.md").write_text("not an item")
    return folder


def test_a_folder_of_data_is_hashed_by_the_files_that_count(file: Path) -> None:
    folder = folder_of_texts(file)
    before = file_hashes(load(file))["data_sha256"]
    (folder / "notes.md").write_text("still not an item")
    assert file_hashes(load(file))["data_sha256"] == before
    (folder / "c.txt").write_text("jm")
    assert file_hashes(load(file))["data_sha256"] != before
    assert folder_facts(load(file)) == {
        "data_folder": {"path": "data/letters", "endings": [".txt"]}
    }


def test_the_workflow_watches_the_files_of_a_folder(file: Path) -> None:
    folder_of_texts(file)
    [sources] = experiments([str(file)]).values()
    names = [path.relative_to(file.parent).as_posix() for path in sources.watched]
    assert [name for name in names if name.startswith("data/")] == [
        "data/letters/1775/a.txt", "data/letters/b.txt",
    ]  # fmt: skip


def test_a_folder_is_refused_where_the_form_is_that_of_a_file(file: Path) -> None:
    change(file, "file: data/items.csv", "file: data")
    with pytest.raises(ExperimentInvalid, match="to be a file, found something else"):
        load(file)


def test_a_folder_outside_the_experiment_is_refused(file: Path, tmp_path: Path) -> None:
    folder = folder_of_texts(file)
    away = folder.rename(tmp_path / "away")
    folder.symlink_to(away)
    with pytest.raises(ExperimentInvalid, match="a folder of data inside"):
        load(file)
