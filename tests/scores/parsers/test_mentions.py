import json

import pytest

from reprollm.scores.parsers import NOWHERE, Mention, parser
from reprollm.scores.parsers.mentions import MOST_MENTIONS, lines_of, located, tokens_of


def tags(number: int) -> str:
    return json.dumps(["O"] * number)


def test_lines_with_a_tabulator_are_mentions_and_others_are_passed_over():
    output = "Here they are:\nAias\tpers\n\n Soph. \t work\textra \n\tpers\nAntigone\t\n"
    assert lines_of(output) == [("Aias", "PERS"), ("Soph.", "WORK\tEXTRA")]


def test_an_output_without_such_a_line_is_no_answer():
    found = parser({"parser": "mentions"}).parse("none", tags(1), "Aias")
    assert (found.status, found.value) == ("unparsed", "")


@pytest.mark.parametrize(
    ("source", "number", "tokens"),
    [
        ('["Aias", "sah, er"]', 2, ["Aias", "sah, er"]),
        ("Aias sah, er", 3, ["Aias", "sah,", "er"]),
        ("Aias sah, er", 4, ["Aias", "sah", ",", "er"]),
        ("Aias sah, er", 5, None),
        ('["Aias"]', 5, ["[", '"', "Aias", '"', "]"]),
    ],
)
def test_the_tokens_of_a_source_are_as_many_as_the_tags(source, number, tokens):
    assert tokens_of(source, tags(number)) == tokens


def at(surfaces, tokens, steps=()):
    """Return where surfaces of type A are in tokens."""
    found = located([(each, "A") for each in surfaces], tokens.split(), steps)
    return [(each.start, each.end) for each in found]


@pytest.mark.parametrize(
    ("surfaces", "tokens", "places"),
    [
        (["Aias"], "Aias sah Aias", [(0, 0)]),
        (["Aias", "Aias"], "Aias sah Aias", [(0, 0), (2, 2)]),
        (["Aias", "Aias", "Aias"], "Aias sah Aias", [(NOWHERE, NOWHERE), (0, 0), (2, 2)]),
        (["sah", "Aias"], "Aias sah er", [(0, 0), (1, 1)]),
        (["sah", "Aias"], "Aias sah Aias", [(1, 1), (2, 2)]),
        (["Soph. Ant."], "in Soph . Ant . 1", [(1, 4)]),
        (["ia"], "Aias sah", [(NOWHERE, NOWHERE)]),
        (["Aias s"], "Aias sah", [(NOWHERE, NOWHERE)]),
        (["a b", "b c"], "a b c", [(NOWHERE, NOWHERE), (0, 1)]),
        (["b c", "a b"], "a b c", [(NOWHERE, NOWHERE), (1, 2)]),
        (["a b", "b c"], "a b c b c", [(0, 1), (3, 4)]),
    ],
)
def test_mentions_are_found_one_after_the_other_between_tokens(surfaces, tokens, places):
    assert at(surfaces, tokens) == places


def test_surfaces_and_tokens_are_normalised_alike():
    assert at(["SOPH ANT"], "in Soph . Ant . 1", ["casefold", "punctuation"]) == [(1, 3)]
    assert at(["."], "in Soph .", ["punctuation"]) == [(NOWHERE, NOWHERE)]


def test_without_tokens_a_mention_is_nowhere_but_still_predicted():
    found = parser({"parser": "mentions"}).parse("Aias\tpers", tags(7), "Aias sah")
    assert found.value == (Mention(NOWHERE, NOWHERE, "PERS"),)


def test_no_more_mentions_are_taken_than_the_definition_says():
    assert len(lines_of("a\tb\n" * (MOST_MENTIONS + 5))) == MOST_MENTIONS
