import json

import jsonschema
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reprollm.experiment.answer_schema import checked_schema
from reprollm.scores.parsers import parse
from reprollm.scores.parsers.json_object import at_path, conforms, first_object


def field(output: str, path: str = "a", **more: object):
    return parse({"parser": "json", "field": path, **more}, output).value or None


@pytest.mark.parametrize(
    ("output", "value"),
    [
        ('{"a": "ja"}', "ja"),
        ('Sicher:\n```json\n{"a": "ja"}\n``` {"a": "nein"}', "ja"),
        ('{broken {"a": "ja"}', "ja"),
        ('{"a": "ja", "a": "nein"}', "nein"),
        ('{"a": 007} {"a": 7}', "7"),
        ('{"a": 1.50}', "1.50"),
        ('{"a": ' + "9" * 5000 + "}", "9" * 5000),
        ('{"a": true}', "true"),
        ('{"a": null}', None),
        ('{"a": ["ja"]}', None),
        ('{"a": ""}', None),
        ('{"a": NaN}', None),
        ('{"a": "\\ud800"}', None),
        ('{"a": "x\ny"}', None),
        ('{"b": "ja"}', None),
        ('["a"]', None),
        ("a", None),
    ],
)
def test_the_first_object_of_an_output_is_read(output, value):
    assert field(output) == value


def test_a_path_goes_through_objects_and_lists():
    output = '{"a": {"b": [{"c": "no"}, {"c": "yes"}]}}'
    assert field(output, "a.b.1.c") == "yes"
    for path in ("a.b.2.c", "a.b.01.c", "a.b.-1.c", "a.b", "a.c", "a..b"):
        assert field(output, path) is None


def test_objects_that_nest_too_deep_are_none():
    def nested(levels):
        return '{"a":' * levels + "1" + "}" * levels

    assert first_object(nested(32)) is not None
    assert at_path(first_object("x" + nested(33)), "a." * 31 + "a") == "1"  # its inner object
    assert first_object('{"a":' * 20_000) is None


def test_only_so_many_beginnings_are_tried():
    assert first_object("{" * 99 + '{"a": 1}') is not None
    assert first_object("{" * 100 + '{"a": 1}') is None


SCHEMAS = [
    {"type": "object", "required": ["a"], "properties": {"a": {"type": "integer"}}},
    {"properties": {"a": {"enum": ["x", 1, True, None]}}, "additionalProperties": False},
    {"properties": {"a": {"type": "array", "items": {"type": "string"}}}},
    {"properties": {"a": {"minimum": -1, "maximum": 2}}},
    {"properties": {"a": {"type": "boolean"}, "b": {"type": "null"}}},
    {"type": "string"},
    {},
]
SCALARS = st.none() | st.booleans() | st.integers(-3, 3) | st.sampled_from(["x", "1", "", "true"])
VALUES = SCALARS | st.lists(SCALARS, max_size=2)


@settings(max_examples=40)
@given(st.dictionaries(st.sampled_from("abc"), VALUES), st.sampled_from(SCHEMAS))
def test_what_conforms_is_what_jsonschema_finds_valid(value, schema):
    read = first_object(json.dumps(value))
    expected = jsonschema.Draft202012Validator(schema).is_valid(value)
    assert conforms(read, checked_schema(schema)) == expected


def test_numbers_are_integers_as_they_are_written():
    schema = checked_schema({"properties": {"a": {"type": "integer", "maximum": 5}}})
    assert conforms(first_object('{"a": 5}'), schema)
    for written in ("6", "5.0", "5e0", "9" * 30):
        assert not conforms(first_object(f'{{"a": {written}}}'), schema)
    assert conforms(first_object('{"a": -' + "9" * 30 + "}"), schema)
