"""The plan: another one as soon as anything that decides an answer is another."""

from __future__ import annotations

import random
import shutil
from pathlib import Path

import pytest

from experiment_files import change, write_experiment
from model_parts import at
from reprollm.errors import PromptTooLong, SnapshotRefused, TemplateInvalid
from reprollm.experiment.load import load
from reprollm.prompts.plan import Plan, make_plan, read_sources
from reprollm.prompts.render import check_fits
from reprollm.prompts.requests import Prompt
from reprollm.snapshot.facts import Facts
from reprollm.snapshot.model import load_model

FEW_SHOT = "few_shot: {file: data/examples.csv, count: 3, seed: 0}\nsampling:"
# Our own sentences, in the manner of digitised commentaries: ids that are document names, long s,
# Greek with combining accents, a soft hyphen, quotation marks and separators inside of cells.
SENTENCES = '''\
sentence,text
komm1v3_0066#1,"Warum der Held ſo zürnt, „weil man ihm die Waffen nahm“, ſagt V. 55 f."
komm1v3_0066#2,"Vgl. ε\u0313\u0301β und βία; das Uebrige iſt ver\u00addorben."
komm1v3_0067#1,"""Siehe"" oben: 1, 2; 3."
'''


@pytest.fixture
def folder(tmp_path: Path, models: Path) -> Path:
    folder = tmp_path / "spelling"
    write_experiment(folder, models / "llama.lock.json")
    return folder


def planned(folder: Path, models: Path, model: str = "llama") -> Plan:
    experiment = load(folder / "experiment.yaml")
    return make_plan(read_sources(experiment, load_model(experiment.lock)), at(models / model))


def requests(plan: Plan) -> list[str]:
    return [row.asked.request for row in plan.rows]


def by_item(plan: Plan) -> dict[str, tuple[str, tuple[str, ...]]]:
    return {row.prompt.item: (row.prompt.text, row.prompt.few_shot) for row in plan.rows}


def with_few_shot(folder: Path) -> None:
    change(folder / "experiment.yaml", "sampling:", FEW_SHOT)
    change(folder / "experiment.yaml", "prompts/prompt.jinja", "prompts/few_shot.jinja")


def test_the_same_files_give_the_same_plan(folder: Path, models: Path) -> None:
    first, second = planned(folder, models), planned(folder, models)
    assert first == second
    assert len(first.rows) == 3 * 3
    assert first.rows[0].prompt.text == "Alt: vnd er ſprach\nNeu:"
    assert first.rows[0].asked.settings.stop_ids == (2,)
    assert first.rows[0].prompt.ids[0] == 1


@pytest.mark.parametrize(
    ("name", "old", "new"),
    [
        ("data/items.csv", "vnd er", "vnd ir"),
        ("prompts/prompt.jinja", "Alt:", "Alt :"),
        ("experiment.yaml", "max_tokens: 8, stop", "max_tokens: 9, stop"),
        ("experiment.yaml", "dtype: float32", "dtype: bfloat16"),
    ],
)
def test_an_edited_file_with_the_same_ids_and_count_gives_other_requests(
    folder: Path, models: Path, name: str, old: str, new: str
) -> None:
    before = planned(folder, models)
    change(folder / name, old, new)
    after = planned(folder, models)
    assert after.plan != before.plan
    assert len(after.rows) == len(before.rows)
    assert requests(after)[0] != requests(before)[0]


def test_editing_one_item_leaves_the_requests_of_the_others(folder: Path, models: Path) -> None:
    before = planned(folder, models)
    change(folder / "data" / "items.csv", "vnd er", "vnd ir")
    after = planned(folder, models)
    assert requests(after)[3:] == requests(before)[3:]
    assert not set(requests(after)[:3]) & set(requests(before))


@pytest.mark.parametrize(
    ("name", "old", "new"),
    [
        ("experiment.yaml", "title: Spelling", "title: Spelling again"),
        ("data/items.csv", "und er sprach,s", "und er sprach,t"),
        ("experiment.yaml", "policy: strict", "policy: fast"),
    ],
)
def test_what_no_answer_depends_on_changes_the_plan_but_no_request(
    folder: Path, models: Path, name: str, old: str, new: str
) -> None:
    before = planned(folder, models)
    change(folder / name, old, new)
    after = planned(folder, models)
    assert after.plan != before.plan
    assert requests(after) == requests(before)


def test_a_second_model_of_the_same_name_has_other_requests(folder: Path, models: Path) -> None:
    first = planned(folder, models)
    shutil.copy(models / "other.lock.json", folder / "models" / "tiny.lock.json")
    second = planned(folder, models, "other")
    names = [load_model(models / f"{name}.lock.json").lock.name for name in ("other", "llama")]
    assert names[0] == names[1]
    assert [row.prompt.text for row in second.rows] == [row.prompt.text for row in first.rows]
    assert not set(requests(first)) & set(requests(second))
    assert first.plan != second.plan


def test_permuted_items_have_the_same_requests(folder: Path, models: Path) -> None:
    before = planned(folder, models)
    file = folder / "data" / "items.csv"
    header, *rows = file.read_text(encoding="utf-8").splitlines(keepends=True)
    file.write_text(header + "".join(reversed(rows)), encoding="utf-8")
    after = planned(folder, models)
    assert sorted(requests(after)) == sorted(requests(before))
    assert after.plan != before.plan


def test_few_shot_prompts_do_not_depend_on_the_other_items_or_their_order(
    folder: Path, models: Path
) -> None:
    with_few_shot(folder)
    file = folder / "data" / "items.csv"
    header = "id,source,reference,stratum\n"
    rows = [f"i{number},alt {number},neu {number},s\n" for number in range(300)]
    file.write_text(header + "".join(rows), encoding="utf-8")
    whole = by_item(planned(folder, models))
    assert len({few_shot for _, few_shot in whole.values()}) > 290
    random.Random(0).shuffle(rows)
    for count in (1, 2, 7):
        found: dict[str, tuple[str, tuple[str, ...]]] = {}
        for number in range(count):
            file.write_text(header + "".join(rows[number::count]), encoding="utf-8")
            found |= by_item(planned(folder, models))
        assert found == whole


def test_few_shot_examples_stand_in_the_prompt_and_never_the_item_itself(
    folder: Path, models: Path
) -> None:
    with_few_shot(folder)
    change(folder / "experiment.yaml", "data/examples.csv, count: 3", "data/items.csv, count: 2")
    for row in planned(folder, models).rows:
        assert set(row.prompt.few_shot) == {"a", "b", "c"} - {row.prompt.item}
        assert row.prompt.text.count("Neu:") == 3


def test_the_few_shot_seed_and_file_are_part_of_the_plan(folder: Path, models: Path) -> None:
    with_few_shot(folder)
    before = planned(folder, models)
    change(folder / "experiment.yaml", "seed: 0}", "seed: 1}")
    assert by_item(planned(folder, models)) != by_item(before)
    change(folder / "experiment.yaml", "seed: 1}", "seed: 0}")
    change(folder / "data" / "examples.csv", "alt19", "alt 19")
    assert planned(folder, models).plan != before.plan


def test_an_example_without_the_column_is_refused(folder: Path, models: Path) -> None:
    with_few_shot(folder)
    change(folder / "data" / "examples.csv", "id,source", "id,text")
    with pytest.raises(TemplateInvalid, match=r"no attribute 'source'.*examples 'id', 'text'"):
        planned(folder, models)


def test_a_chat_prompt_is_the_users_turn_and_the_clock_is_part_of_the_plan(
    folder: Path, models: Path
) -> None:
    change(
        folder / "experiment.yaml",
        "prompt.jinja}",
        'prompt.jinja, chat: true, system: Kurz., clock: "2026-01-01T00:00:00Z"}',
    )
    before = planned(folder, models)
    assert before.rows[0].prompt.text == (
        "<s>[system] Kurz.\n[user] Alt: vnd er ſprach\nNeu:\n[assistant] "
    )
    assert before.rows[0].prompt.ids.count(1) == 1
    change(folder / "experiment.yaml", "2026-01-01", "2026-01-02")
    after = planned(folder, models)
    assert after.plan != before.plan
    assert requests(after) == requests(before)


def test_a_model_without_a_chat_template_cannot_chat(folder: Path, models: Path) -> None:
    shutil.copy(models / "gpt_neox.lock.json", folder / "models" / "tiny.lock.json")
    change(folder / "experiment.yaml", "prompt.jinja}", "prompt.jinja, chat: true}")
    with pytest.raises(TemplateInvalid, match="write `chat: false`"):
        planned(folder, models, "gpt_neox")


@pytest.mark.parametrize("model", ["gpt_neox", "qwen3"])
def test_sentences_without_references_are_planned_for_any_architecture(
    folder: Path, models: Path, model: str
) -> None:
    (folder / "data" / "items.csv").write_text(SENTENCES, encoding="utf-8")
    (folder / "prompts" / "prompt.jinja").write_text("Satz: {{ text }}\nNamen:\n")
    file = folder / "experiment.yaml"
    change(
        file,
        "id: id, source: source, reference: reference, stratum: stratum",
        "id: sentence, source: text",
    )
    change(file, "scores: [exact_match, character_error_rate]\n", "")
    shutil.copy(models / f"{model}.lock.json", folder / "models" / "tiny.lock.json")
    plan = planned(folder, models, model)
    assert len(plan.rows) == 3 * 3
    prompts = [row.prompt for row in plan.rows[::3]]
    assert prompts[0].item == "komm1v3_0066#1"
    assert {(prompt.stratum, prompt.reference) for prompt in prompts} == {(None, None)}
    assert prompts[1].source == "Vgl. ε\u0313\u0301β und βία; das Uebrige iſt ver\u00addorben."
    assert prompts[2].text == 'Satz: "Siehe" oben: 1, 2; 3.\nNamen:'
    # The tiny models' tokenizers are byte-level: the token of byte b is 3 + b, merges come after.
    assert all(max(prompt.ids) < 320 for prompt in prompts)


def test_a_prompt_longer_than_the_context_is_refused_before_any_is_asked(
    folder: Path, models: Path
) -> None:
    change(folder / "data" / "items.csv", "seyn", "s" * 600)
    with pytest.raises(PromptTooLong) as refused:
        planned(folder, models)
    assert "item 'c' within the model's 512 tokens" in str(refused.value)
    assert "max_tokens 8" in str(refused.value)


def prompt(tokens: int) -> Prompt:
    return Prompt("a", None, "x", tuple(range(tokens)), "", None, ())


def test_a_prompt_and_answer_may_just_fill_the_context() -> None:
    check_fits([prompt(12)], 8, Facts(context_length=20))
    with pytest.raises(PromptTooLong, match="found 13 tokens of prompt"):
        check_fits([prompt(13)], 8, Facts(context_length=20))
    check_fits([prompt(13)], 8, Facts())


def test_a_tokenizer_of_another_model_is_refused() -> None:
    check_fits([prompt(8)], 8, Facts(vocab_size=8))
    with pytest.raises(SnapshotRefused, match="found 8; model and tokenizer"):
        check_fits([prompt(9)], 8, Facts(vocab_size=8))
