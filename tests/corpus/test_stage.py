from __future__ import annotations

import pytest

from reprollm.corpus.presets.gpt3 import Gpt3
from reprollm.corpus.presets.palm import Palm
from reprollm.corpus.stage import definition_of, preset_of
from reprollm.errors import InvalidInput


def test_everything_by_which_a_preset_decides_is_declared() -> None:
    assert definition_of("palm", None, []) == {
        "version": "1",
        "tokens": "words",
        "n": 8,
        "percent": 70,
    }
    assert definition_of("gpt4", None, [])["seed"] == "1"
    assert definition_of("robust", 8, ["u_v"])["n"] == 8


def test_an_n_that_is_given_replaces_the_presets() -> None:
    assert preset_of("palm", 5) == Palm(n=5)
    assert preset_of("gpt3", 9) == Gpt3(n=9, least=9, most=9)


@pytest.mark.parametrize(
    ("name", "options", "said"),
    [
        ("gtp3", [], "expected a preset of robust, gpt3"),
        ("robust", ["w_v"], "expected options of u_v, i_j, umlauts, hyphens, found w_v"),
        ("palm", ["u_v"], "expected no options with the preset palm"),
        ("llama2", [], "expected the file of a tokenizer with the preset llama2"),
    ],
)
def test_what_cannot_be_scanned_is_refused(name: str, options: list[str], said: str) -> None:
    with pytest.raises(InvalidInput, match=said):
        definition_of(name, None, options)
