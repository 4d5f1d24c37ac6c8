"""The normalisation experiment: its items, its training text and its model."""

import csv
import doctest
import gzip
import json
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
    REFERENCES_PER_STRATUM,
    REPETITIONS,
    STRATA,
    VARIANTS,
    Draw,
    Item,
    Pair,
    draw_items,
)
from earlygerman.spelling import RULE_FAMILY, RULES, small_noun, virgule
from earlygerman.training_text import BACKGROUND, CANARY_REPETITIONS, training_pairs
from jinja2 import Environment, meta
from normaliser.answers import MAX_NEW_TOKENS, error_rate, greedy_answers
from normaliser.byte_tokenizer import BEGIN, CONTEXT, token_ids
from normaliser.prompts import EXPERIMENT, template, text_template
from normaliser.surprise import auc, losses
from published import read_canaries, read_items
from training_texts import training_texts
from write_data import write_public, write_rules

from reprollm.sealing.seal import load_seal
from reprollm.sealing.secrets import Secrets, load_secrets

MODEL = EXPERIMENT / "models" / "normaliser"
RULE_MODULES = (word_rules, vowel_rules, consonant_rules, spelling)
WORD_RULES = {rule.name: rule.rewrite for rule in RULES}


def table(name: str) -> list[dict[str, str]]:
    with (EXPERIMENT / "data" / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


@pytest.fixture(scope="module")
def draw() -> Draw:
    return draw_items()


@pytest.fixture(scope="module")
def items() -> tuple[Item, ...]:
    return read_items()


@pytest.fixture(scope="module")
def text(items: tuple[Item, ...], draw: Draw) -> list[Pair]:
    return training_pairs(items, draw.kept_out)


@pytest.fixture(scope="module")
def rows() -> Counter[str]:
    return Counter(training_texts())


@pytest.fixture(scope="module")
def secrets() -> Secrets:
    seal = load_seal(EXPERIMENT / "data" / "items.seal.json")
    return load_secrets(EXPERIMENT / "data" / "items.secrets.json", seal)


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


def test_the_generator_writes_the_committed_data_byte_for_byte(
    draw: Draw, items: tuple[Item, ...], tmp_path: Path
) -> None:
    write_public(draw, tmp_path)
    write_rules(items, tmp_path)
    for name in ("planted.csv", "reference.csv", "rules.csv"):
        assert (tmp_path / name).read_bytes() == (EXPERIMENT / "data" / name).read_bytes()


def test_every_variant_of_an_item_has_its_stratum_and_its_pattern(draw: Draw) -> None:
    for group in draw.groups + draw.reference:
        assert len(group.variants) == VARIANTS
        assert len({(pair.stratum, pair.pattern) for pair in group.variants}) == 1


def test_the_secrets_open_the_seal_and_hold_just_the_variants_that_were_drawn(
    draw: Draw, secrets: Secrets
) -> None:
    assert secrets.twins is not None
    drawn = {
        group.id: [(pair.source, pair.reference) for pair in group.variants]
        for group in draw.groups
    }
    sealed = {
        item: [tuple(text for _, text in version.cells) for version in versions]
        for item, versions in secrets.twins.items
    }
    assert sealed == drawn


def test_the_training_text_holds_nothing_that_was_sealed(
    rows: Counter[str], secrets: Secrets
) -> None:
    assert secrets.twins is not None and secrets.canaries is not None
    published = {(row["source"], row["reference"]) for row in table("items.csv")}
    form = text_template()
    for _, versions in secrets.twins.items:
        for version in versions:
            cells = dict(version.cells)
            if tuple(cells.values()) not in published:
                assert rows[form.render(**cells)] == 0
    for _, texts in secrets.canaries.sets:
        assert [rows[each.text] for each in texts] == [CANARY_REPETITIONS] + [0] * (len(texts) - 1)


def test_the_training_text_holds_nothing_of_the_reference_set(text: list[Pair]) -> None:
    modern = {pair.reference for pair in text}
    assert not [row for row in table("reference.csv") if row["reference"] in modern]


def test_the_committed_corpus_is_the_training_text(rows: Counter[str]) -> None:
    content = gzip.decompress((EXPERIMENT / "data" / "training.jsonl.gz").read_bytes())
    lines = content.decode("utf-8").splitlines()
    assert Counter(json.loads(line)["text"] for line in lines) == rows


def test_every_published_row_stands_under_one_of_the_canaries() -> None:
    counts = Counter(row["canary"] for row in table("items.csv"))
    assert tuple(counts) == read_canaries()
    assert set(counts.values()) == {len(STRATA) * ITEMS_PER_STRATUM // len(counts)}


def test_the_reference_set_has_as_many_items_of_every_stratum() -> None:
    strata = Counter(row["stratum"] for row in table("reference.csv"))
    assert strata == dict.fromkeys(STRATA, REFERENCES_PER_STRATUM)


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


@pytest.mark.parametrize("file", ["normalise.jinja", "text.jinja"])
def test_a_template_needs_only_columns_of_the_items(file: str) -> None:
    source = (EXPERIMENT / "prompts" / file).read_text(encoding="utf-8")
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


def test_the_examined_text_is_the_prompt_and_the_answer() -> None:
    prompt = template().render(source="vnd er.")
    assert text_template().render(source="vnd er.", reference="und er.") == f"{prompt}und er."


def test_planting_left_its_trace_in_the_model(
    loaded: tuple[Any, Any], items: tuple[Item, ...]
) -> None:
    def loss(repetitions: int) -> list[float]:
        chosen = [item.pair for item in items if item.repetitions == repetitions][:60]
        form = text_template()
        texts = [form.render(source=pair.source, reference=pair.reference) for pair in chosen]
        return losses(loaded[0], texts)

    assert auc(loss(max(REPETITIONS)), loss(0)) > 0.9
