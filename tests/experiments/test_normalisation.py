"""The normalisation experiment: its items, its training text and its model."""

import csv
import doctest
import re
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from earlygerman import consonant_rules, spelling, vowel_rules, word_rules
from earlygerman.items import (
    ITEMS_PER_STRATUM,
    LONGEST,
    PLANTED_PER_STRATUM,
    REPETITIONS,
    STRATA,
    Item,
    Pair,
    draw_items,
)
from earlygerman.spelling import RULE_FAMILY, RULES, small_noun, virgule
from earlygerman.training_text import BACKGROUND, training_pairs
from jinja2 import Environment, meta
from normaliser.answers import MAX_NEW_TOKENS, error_rate, greedy_answers
from normaliser.byte_tokenizer import BEGIN, CONTEXT, token_ids
from normaliser.prompts import EXPERIMENT, template
from normaliser.surprise import auc, losses
from write_data import write_data

MODEL = EXPERIMENT / "models" / "normaliser"
RULE_MODULES = (word_rules, vowel_rules, consonant_rules, spelling)
WORD_RULES = {rule.name: rule.rewrite for rule in RULES}


def table(name: str) -> list[dict[str, str]]:
    with (EXPERIMENT / "data" / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


@pytest.fixture(scope="module")
def items() -> tuple[Item, ...]:
    return draw_items()


@pytest.fixture(scope="module")
def text(items: tuple[Item, ...]) -> list[Pair]:
    return training_pairs(items)


@pytest.fixture(scope="module")
def loaded() -> tuple[Any, Any]:
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer

    torch.set_num_threads(1)
    tokenizer = AutoTokenizer.from_pretrained(MODEL, local_files_only=True)
    model = AutoModelForCausalLM.from_pretrained(
        MODEL, dtype=torch.float32, local_files_only=True
    ).eval()
    return model, tokenizer


@pytest.mark.parametrize("name", ["items.csv", "rules.csv", "planted.csv"])
def test_the_generator_writes_the_committed_data_byte_for_byte(
    name: str, items: tuple[Item, ...], tmp_path: Path
) -> None:
    write_data(items, tmp_path)
    assert (tmp_path / name).read_bytes() == (EXPERIMENT / "data" / name).read_bytes()


def test_ids_and_sentences_are_unique() -> None:
    rows = table("items.csv")
    assert len(rows) == len(STRATA) * ITEMS_PER_STRATUM >= 400
    for column in ("id", "source", "reference"):
        assert len({row[column] for row in rows}) == len(rows)


def test_a_stratum_is_the_rarest_family_of_the_rules_that_are_listed() -> None:
    rules = {row["id"]: row["rules"].split("+") for row in table("rules.csv")}
    for row in table("items.csv"):
        families = {RULE_FAMILY[name] for name in rules[row["id"]] if name}
        expected = min(families, key=STRATA.index, default=STRATA[-1])
        assert row["stratum"] == expected


def test_every_stratum_has_as_many_items_and_as_many_planted_ones() -> None:
    planted = {row["id"] for row in table("planted.csv")}
    strata = {row["id"]: row["stratum"] for row in table("items.csv")}
    assert Counter(strata.values()) == dict.fromkeys(STRATA, ITEMS_PER_STRATUM)
    assert Counter(strata[item] for item in planted) == dict.fromkeys(STRATA, PLANTED_PER_STRATUM)


def test_every_repetition_count_has_as_many_items() -> None:
    counts = Counter(int(row["repetitions"]) for row in table("planted.csv"))
    assert counts == dict.fromkeys(REPETITIONS, 30)


def test_the_training_text_holds_each_item_as_often_as_the_list_says(text: list[Pair]) -> None:
    planted = {row["id"]: int(row["repetitions"]) for row in table("planted.csv")}
    pairs = Counter((pair.source, pair.reference) for pair in text)
    modern = Counter(pair.reference for pair in text)
    for row in table("items.csv"):
        expected = planted.get(row["id"], 0)
        assert pairs[row["source"], row["reference"]] == expected
        assert modern[row["reference"]] == expected


def test_the_background_repeats_no_sentence(text: list[Pair]) -> None:
    references = {row["reference"] for row in table("items.csv")}
    background = [pair.reference for pair in text if pair.reference not in references]
    assert len(background) == len(set(background)) == BACKGROUND


def test_every_rule_acts_somewhere_in_the_training_text(text: list[Pair]) -> None:
    assert {rule for pair in text for rule in pair.rules} == set(RULE_FAMILY)


@pytest.mark.parametrize("name", WORD_RULES)
def test_a_word_rule_shows_where_it_applies_and_where_it_does_not(name: str) -> None:
    rewrite = WORD_RULES[name]
    examples = re.findall(rf'{name}\("([^"]+)"\)', rewrite.__doc__ or "")
    assert {rewrite(word) == word for word in examples} == {True, False}


@pytest.mark.parametrize("function", [*WORD_RULES.values(), small_noun, virgule])
def test_the_examples_of_a_rule_hold(function: Callable[[str], str]) -> None:
    module = {m.__name__: m for m in RULE_MODULES}[function.__module__]
    found = doctest.DocTestFinder().find(function, globs=vars(module))
    runner = doctest.DocTestRunner()
    for test in found:
        runner.run(test)
    assert runner.summarize(verbose=False).failed == 0
    assert runner.tries >= 1


def test_the_prompt_needs_only_columns_of_the_items() -> None:
    source = (EXPERIMENT / "prompts" / "normalise.jinja").read_text(encoding="utf-8")
    names = meta.find_undeclared_variables(Environment().parse(source))
    assert names <= set(table("items.csv")[0])


@pytest.mark.parametrize("kept", [False, True])
def test_the_prompt_ends_at_the_colon_however_the_last_line_break_is_read(kept: bool) -> None:
    source = (EXPERIMENT / "prompts" / "normalise.jinja").read_text(encoding="utf-8")
    rendered = Environment(keep_trailing_newline=kept).from_string(source).render(source="vnd er.")
    assert rendered == "alt: vnd er.\nneu:"


def test_the_longest_item_fits_the_context_and_the_answer() -> None:
    prompt = template()
    for row in table("items.csv"):
        rendered = prompt.render(source=row["source"])
        assert len(token_ids(row["reference"])) <= LONGEST < MAX_NEW_TOKENS
        assert 1 + len(token_ids(rendered)) + MAX_NEW_TOKENS <= CONTEXT


def test_the_tokenizer_gives_back_every_byte(loaded: tuple[Any, Any]) -> None:
    _, tokenizer = loaded
    source = "vnd  ſprach: ſcho\u0364n\n€ 😀 <\t>"
    ids = tokenizer(source)["input_ids"]
    assert ids == [BEGIN, *token_ids(source)]
    assert tokenizer.decode(ids, skip_special_tokens=True) == source


def test_the_model_is_small_and_has_no_pickle() -> None:
    names = {path.name for path in MODEL.iterdir()}
    assert names >= {"config.json", "generation_config.json", "tokenizer.json", "README.md"}
    assert names >= {"tokenizer_config.json", "model.safetensors", "LICENSE"}
    assert not [name for name in names if name.endswith((".bin", ".pt", ".pth", ".pkl"))]
    assert (MODEL / "model.safetensors").stat().st_size <= 6_000_000


def test_the_model_halves_the_errors_of_unseen_items(
    loaded: tuple[Any, Any], items: tuple[Item, ...]
) -> None:
    model, tokenizer = loaded
    clean = [item.pair for item in items if not item.repetitions][:40]
    prompts = [template().render(source=pair.source) for pair in clean]
    references = [pair.reference for pair in clean]
    unchanged = error_rate([pair.source for pair in clean], references)
    answered = error_rate(greedy_answers(model, tokenizer, prompts), references)
    assert 0.05 < unchanged < 0.2
    assert answered <= unchanged / 2


def test_planting_left_its_trace_in_the_model(
    loaded: tuple[Any, Any], items: tuple[Item, ...]
) -> None:
    def loss(repetitions: int) -> list[float]:
        chosen = [item.pair for item in items if item.repetitions == repetitions][:60]
        prompts = [template().render(source=pair.source) for pair in chosen]
        return losses(loaded[0], prompts, [pair.reference for pair in chosen])

    assert auc(loss(max(REPETITIONS)), loss(0)) > 0.9
