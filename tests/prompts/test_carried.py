"""A prompt carries a field of an item when another text in it gives another prompt."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TypeAlias

import pytest

from model_parts import at
from reprollm.experiment.config import DataSettings, FewShotSettings
from reprollm.experiment.data import Row
from reprollm.exposure.carried import Carried
from reprollm.prompts.carried import find_carried
from reprollm.prompts.render import Renderer
from reprollm.prompts.template import read_template
from reprollm.prompts.tokenize import PromptTokenizer, load_tokenizer

COLUMNS = DataSettings(
    file="d.csv", id="id", source="text", reference="gold", question="ask", rationale="why"
)
Find: TypeAlias = Callable[..., Carried]
LONG = "Ein langer Satz von zwanzig Zeichen und mehr"


def row(id: str, **cells: str) -> Row:
    given = {"text": f"Text {id}", "gold": f"Gold {id}", "ask": "Wer?", "why": "", "year": "1775"}
    return Row(id, {"id": id, **given, **cells}, 1)


ALL = {"a": "source_text", "b": "source_text", "c": "source_text"}
ROWS = [row("a"), row("b", gold=""), row("c", text="x\ny\nz")]


@pytest.fixture(scope="session")
def tokenizer(models: Path) -> PromptTokenizer:
    return load_tokenizer(at(models / "llama"))


@pytest.fixture
def carried(tmp_path: Path, tokenizer: PromptTokenizer) -> Find:
    def find(template: str, rows: list[Row] | None = None, shown: int = 0) -> Carried:
        path = tmp_path / "ask.jinja"
        path.write_text(template, encoding="utf-8")
        read = read_template(path, list(ROWS[0].cells))
        few_shot = FewShotSettings(file="e.csv", count=shown, seed="1") if shown else None
        candidates = [row("e1", gold="Schatz"), row("e2", gold="")]
        made = Renderer(COLUMNS, read, None, tokenizer, few_shot, candidates if shown else ())
        return find_carried(made, ROWS if rows is None else rows, [template])

    return find


def fields(found: Mapping[str, tuple[str, ...]]) -> dict[str, str]:
    return {item: " ".join(names) for item, names in found.items()}


@pytest.mark.parametrize(
    ("template", "expected"),
    [
        ("{{ text }}", ALL),
        ("{{ text[2:4] | upper }}", ALL),
        ("{{ item['text'] }}", ALL),
        ("x{{ text.split()[1:2] | join }}", ALL),
        ("{{ text | length }}", ALL),
        ("{{ ask }} {{ year }}", {"a": "question", "b": "question", "c": "question"}),
        ("{{ gold }} {{ why }}.", {"a": "gold", "c": "gold"}),
        ("{% set kept = gold %}x", {}),
        ("{% if gold == 'Gold a' %}so{% endif %}x", {"a": "gold"}),
        ("{{ id }} alone", {}),
    ],
)
def test_what_a_prompt_carries_is_found_by_changing_it(
    template: str, expected: dict[str, str], carried: Find
) -> None:
    assert fields(carried(template).prompt) == expected


def test_examples_carry_the_columns_that_are_shown_of_them(carried: Find) -> None:
    shown = "{% for e in examples %}{{ e.text }}{% endfor %}{{ text }}"
    assert fields(carried(shown, shown=2).few_shot) == {
        "e1": "source_text",
        "e2": "source_text",
    }
    whole = "{% for e in examples %}{{ e.values() | join }}{% endfor %}{{ text }}"
    found = carried(whole, shown=2).few_shot
    assert found["e1"] == ("gold", "question", "source_text")


def test_examples_that_no_prompt_shows_carry_nothing(carried: Find) -> None:
    assert carried("{{ text }}", shown=2).few_shot == {}


def test_an_item_in_the_template_itself_is_in_every_prompt(carried: Find) -> None:
    rows = [row("a"), row("long", text=LONG, gold="ja")]
    found = carried(f"{LONG}: ja\n{{{{ text }}}}", rows)
    assert fields(found.always) == {"long": "gold source_text"}


def test_a_short_answer_in_the_template_is_chance(carried: Find) -> None:
    found = carried("Sag ja oder nein: {{ text }}", [row("a", gold="ja")])
    assert found.always == {}
    assert fields(found.prompt) == {"a": "source_text"}
