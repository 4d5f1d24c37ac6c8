import json

import pytest

from reprollm.scores.parsers import Mention, parser
from reprollm.scores.parsers.tags import mentions_of, read_tags, tags_of_output

REFERENCE = json.dumps(["B-pers", "I-pers", "O"])


@pytest.mark.parametrize(
    "output", ['["B-pers", "I-pers", "O"]', "B-pers I-pers\nO", " b-PERS e-pers _"]
)
def test_tags_are_a_json_array_or_words(output):
    found = parser({"parser": "tags"}).parse(output, REFERENCE)
    assert (found.status, found.value) == ("answered", (Mention(0, 1, "PERS"),))


@pytest.mark.parametrize(
    "output",
    [
        "B-pers I-pers",
        "B-pers I-pers O O",
        "B-pers I-pers person",
        "B- I-pers O",
        '["B-pers", "I-pers", "O"',
        '["B-pers", "I-pers", 0]',
        '["B-pers", "I-pers", "B-\\ud800"]',
        '{"a": 1}',
    ],
)
def test_what_does_not_give_a_tag_a_token_is_no_answer(output):
    assert parser({"parser": "tags"}).parse(output, REFERENCE).status == "unparsed"


@pytest.mark.parametrize(
    ("tags", "mentions"),
    [
        ("O O", []),
        ("B-a I-a B-a", [(0, 1, "A"), (2, 2, "A")]),
        ("I-a I-a O I-a", [(0, 1, "A"), (3, 3, "A")]),
        ("B-a I-b I-b", [(0, 0, "A"), (1, 2, "B")]),
        ("S-a S-a B-a E-a", [(0, 0, "A"), (1, 1, "A"), (2, 3, "A")]),
        ("O B-a-b - I-a-b", [(1, 1, "A-B"), (3, 3, "A-B")]),
    ],
)
def test_tags_mark_mentions(tags, mentions):
    assert [*mentions_of(read_tags(tags.split()))] == [Mention(*each) for each in mentions]


def test_deep_nesting_is_no_array_of_tags():
    assert tags_of_output("[" * 90_000) is None
