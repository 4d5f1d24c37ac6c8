"""Plans of several prompts, and what they say of their items."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from experiment_files import change, write_experiment
from reprollm.errors import DataInvalid, LeafMismatch
from reprollm.experiment.load import load, load_all
from reprollm.prompts.described import expect_items
from reprollm.prompts.plan import Plan, make_plan, read_sources
from reprollm.prompts.publish import publish_plan
from reprollm.prompts.stored import find_plan
from reprollm.records.shard import read_openings, read_records
from reprollm.snapshot.model import load_model, locate_model

PROMPTS = """prompts:
  plain: {template: prompts/prompt.jinja}
  chatty: {template: prompts/prompt.jinja, chat: true}"""
DESCRIBED = "stratum: stratum, split: part, document: page, annotators: {bert: b, anna: a}}"
ITEMS = """\
id,source,reference,stratum,part,page,a,b
i,vnd er,und er,s,dev,1,x,y
j,seyn,sein,s,test,,,
k,jr,ihr,t,test,2,x,
"""


@pytest.fixture
def file(tmp_path: Path, models: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    # Models of other tests in this process may have been made since, and be those looked for.
    monkeypatch.setenv("REPROLLM_MODELS", str(models))
    made = write_experiment(tmp_path / "spelling", models / "llama.lock.json")
    shutil.copy(models / "other.lock.json", made.parent / "models" / "other.lock.json")
    return made


def planned(file: Path, model: str | None = None) -> Plan:
    described = load(file, model)
    asked = load_model(described.lock, described.adapters)
    return make_plan(read_sources(described, asked), locate_model(asked))


def with_prompts(file: Path) -> None:
    change(file, "prompt: {template: prompts/prompt.jinja}", PROMPTS)


def with_models(file: Path) -> None:
    change(
        file,
        "model: {lock: models/tiny.lock.json}",
        "models:\n  a: {lock: models/tiny.lock.json}\n  b: {lock: models/other.lock.json}",
    )


def with_items(file: Path) -> None:
    change(file, "stratum: stratum}", DESCRIBED)
    (file.parent / "data" / "items.csv").write_text(ITEMS, encoding="utf-8")


def test_every_item_is_asked_with_every_prompt_before_the_next_item(file: Path) -> None:
    with_prompts(file)
    found = planned(file)
    rows = [(row.prompt.item, row.sampling, row.asked.seed) for row in found.rows]
    cells = [(cell, seed) for prompt in ("plain", "chatty") for cell, seed in (
        (f"{prompt}/greedy", "0"), (f"{prompt}/sampled", "1"), (f"{prompt}/sampled", "2"),
    )]  # fmt: skip
    assert rows == [(item, cell, seed) for item in ("a", "b", "c") for cell, seed in cells]
    assert found.items == 3
    texts = {row.prompt.variant: row.prompt.text for row in found.rows if row.prompt.item == "a"}
    assert "[user]" in texts["chatty"] and "[user]" not in texts["plain"]


def test_a_prompts_requests_are_the_same_beside_another_prompt(file: Path) -> None:
    alone = {row.asked.request for row in planned(file).rows}
    with_prompts(file)
    assert alone == {
        row.asked.request for row in planned(file).rows if row.prompt.variant == "plain"
    }


def test_the_core_names_every_prompt_with_its_template(file: Path) -> None:
    single = planned(file).core
    with_prompts(file)
    several = planned(file).core
    assert {"template_sha256", "prompt"} <= single.keys()
    assert not {"template_sha256", "prompt"} & several.keys()
    prompts = several["prompts"]
    assert isinstance(prompts, list)
    assert [prompt["name"] for prompt in prompts] == ["plain", "chatty"]  # type: ignore[index, call-overload]
    assert {prompt["template_sha256"] for prompt in prompts} == {single["template_sha256"]}  # type: ignore[index, call-overload]
    assert several["sampling"] == single["sampling"]
    assert several["chat_template_sha256"] is not None


def test_a_plan_without_factors_says_nothing_of_them(file: Path) -> None:
    core = planned(file).core
    assert not {"model", "prompts", "items", "data_folder"} & core.keys()


def test_each_model_has_a_plan_of_its_own_that_is_found_again(file: Path, tmp_path: Path) -> None:
    with_models(file)
    ledger = tmp_path / "ledger"
    stored = {}
    for described in load_all(file):
        asked = load_model(described.lock)
        made = planned(file, described.model)
        assert made.core["model"] == described.model
        stored[described.model] = publish_plan(made, asked.lock, ledger).plan
    assert len(set(stored.values())) == 2
    for described in load_all(file):
        snapshot = load_model(described.lock).lock.snapshot
        assert find_plan(ledger, described, snapshot).plan == stored[described.model]


def test_two_names_of_one_snapshot_have_plans_of_their_own(file: Path, tmp_path: Path) -> None:
    with_models(file)
    shutil.copy(
        file.parent / "models" / "tiny.lock.json", file.parent / "models" / "other.lock.json"
    )
    first, second = (planned(file, name) for name in ("a", "b"))
    assert first.plan != second.plan
    assert [row.asked.request for row in first.rows] == [row.asked.request for row in second.rows]


def test_item_records_hold_document_split_and_committed_labels(file: Path, tmp_path: Path) -> None:
    with_items(file)
    made, ledger = planned(file), tmp_path / "ledger"
    asked = load_model(load(file).lock)
    stored = publish_plan(made, asked.lock, ledger)
    shard = expect_items(ledger, stored.plan)
    records = list(read_records(shard.path(ledger)))
    assert [(each["item"], each["document"], each["split"]) for each in records] == [
        ("i", "1", "dev"), ("j", None, "test"), ("k", "2", "test"),
    ]  # fmt: skip
    assert [each["annotations"] is None for each in records] == [False, True, False]
    openings = read_openings(shard.openings_path(ledger)).values()
    labels = [found["annotations"].value for found in openings]
    assert labels == [b'{"anna":"x","bert":"y"}', b'{"anna":"x"}']
    assert made.core["items"]["records"] == 3  # type: ignore[index, call-overload]
    assert publish_plan(made, asked.lock, ledger) == stored
    assert expect_items(ledger, stored.plan) == shard


def test_a_plan_whose_item_records_are_gone_is_refused(file: Path, tmp_path: Path) -> None:
    with_items(file)
    made, ledger = planned(file), tmp_path / "ledger"
    asked = load_model(load(file).lock)
    stored = publish_plan(made, asked.lock, ledger)
    expect_items(ledger, stored.plan).path(ledger).unlink()
    with pytest.raises(LeafMismatch, match="records of the items"):
        publish_plan(made, asked.lock, ledger)


def test_a_column_that_says_what_an_item_is_must_be_there(file: Path) -> None:
    change(file, "stratum: stratum}", "stratum: stratum, split: part}")
    with pytest.raises(DataInvalid, match="expected the column 'part'"):
        planned(file)


def test_a_folder_of_texts_is_planned_like_a_file(file: Path) -> None:
    change(file, "file: data/items.csv, id: id", "file: data/texts, form: {kind: text}, id: file")
    change(file, "source: source, reference: reference, stratum: stratum", "source: text")
    change(file, "scores: [exact_match, character_error_rate]\n", "")
    (file.parent / "prompts" / "prompt.jinja").write_text("{{ text }}\n")
    folder = file.parent / "data" / "texts"
    folder.mkdir()
    for name in ("b", "a"):
        (folder / f"{name}.txt").write_text(f"Text {name}")
    found = planned(file)
    assert list(dict.fromkeys(row.prompt.item for row in found.rows)) == ["a.txt", "b.txt"]
    assert found.core["data_folder"] == {"path": "data/texts", "endings": [".txt"]}
