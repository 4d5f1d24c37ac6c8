"""Annotators' labels and folders of data under withholding."""

from __future__ import annotations

import pytest

from reprollm.withholding.made_from import Ingredients
from reprollm.withholding.withhold import parse_withholding

FOLDER = {"data_sha256": "d" * 64, "data_folder": {"path": "data/plays", "endings": [".xml"]}}
PROMPTS = {"prompts": [{"name": "a", "template_sha256": "a" * 64, "system_sha256": None}]}


@pytest.fixture
def ingredients() -> Ingredients:
    made = Ingredients()
    made.take({"core": {**FOLDER, **PROMPTS}})
    return made


def shows(made: Ingredients, path: str, demand: str, sha256: str = "e" * 64) -> bool:
    content = b"Modernise this old text, and keep its punctuation and its line ends: {{ source }}"
    return made.shows(path, sha256, content, parse_withholding([demand], "privacy"))


def test_labels_are_withheld_alone_or_with_texts() -> None:
    assert parse_withholding(["annotations:salt-secret"], "privacy").fields == {"annotations"}
    both = parse_withholding(["annotations,reference:salt-public"], "privacy")
    assert both.fields == {"annotations", "reference"}


@pytest.mark.parametrize("demand", ["source:salt-secret", "annotations:salt-public"])
def test_every_file_that_counts_in_a_folder_holds_what_is_withheld(
    ingredients: Ingredients, demand: str
) -> None:
    assert shows(ingredients, "experiment/data/plays/part/a.XML", demand)
    assert not shows(ingredients, "experiment/data/plays/notes.md", demand)
    assert not shows(ingredients, "experiment/data/others/a.xml", demand)


def test_the_template_of_each_of_several_prompts_is_known(ingredients: Ingredients) -> None:
    place = "experiment/prompts/a.jinja"
    assert shows(ingredients, place, "prompt:salt-secret", "a" * 64)
    assert not shows(ingredients, place, "annotations:salt-secret", "a" * 64)
