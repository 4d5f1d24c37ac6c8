import json

import pytest
from pydantic import ValidationError

from reprollm.canon import dumps
from reprollm.experiment.answer_schema import checked_schema
from reprollm.experiment.scoring import AnswerSettings


@pytest.mark.parametrize(
    ("schema", "problem"),
    [
        ({"format": "date"}, "found 'format'"),
        ({"type": "number"}, r"schema\.type, found 'number'"),
        ({"type": ["string", "null"]}, r"schema\.type"),
        ({"enum": []}, r"schema\.enum"),
        ({"enum": [1.5]}, r"schema\.enum"),
        ({"minimum": 1.5}, r"schema\.minimum"),
        ({"maximum": True}, r"schema\.maximum"),
        ({"maximum": 2**53}, r"schema\.maximum"),
        ({"additionalProperties": True}, r"schema\.additionalProperties"),
        ({"required": "a"}, r"schema\.required"),
        ({"items": [{}]}, r"schema\.items"),
        ({"properties": {"a": {"pattern": "x"}}}, r"schema\.properties\.a, found 'pattern'"),
        ({"properties": {"a": 1}}, r"mapping as schema\.properties\.a"),
        ([], "mapping as schema"),
    ],
)
def test_a_schema_outside_the_subset_is_refused_with_its_place(schema, problem):
    with pytest.raises(ValueError, match=problem):
        checked_schema(schema)


def test_a_schema_nests_sixteen_levels_and_no_more():
    schema: dict = {}
    for _ in range(15):
        schema = {"items": schema}
    assert checked_schema(schema) == schema
    with pytest.raises(ValueError, match="at most 16 levels"):
        checked_schema({"items": schema})


def answer(**settings):
    return AnswerSettings.model_validate(settings)


def test_a_schema_enters_the_plan_as_text_because_records_have_other_keys():
    schema = {"type": "object", "additionalProperties": False, "properties": {"Wahl": {}}}
    dumped = answer(parser="json", field="Wahl", schema=schema).model_dump(
        mode="json", by_alias=True
    )
    assert dumped["schema"] == (
        '{"additionalProperties":false,"properties":{"Wahl":{}},"type":"object"}'
    )
    assert json.loads(dumps(dumped))["schema"] == dumped["schema"]


@pytest.mark.parametrize(
    ("settings", "problem"),
    [
        ({"parser": "json", "field": "a", "schema": {"format": "x"}}, "keywords among"),
        ({"parser": "text", "schema": {}}, "schema just with the parser json"),
        ({"parser": "tags", "labels": ("Ja",)}, "no labels with the parser tags"),
        ({"parser": "regex", "pattern": "(a+)+"}, "repeats no group"),
        ({"refusals": ("(a|b)*",)}, "repeats no group"),
        ({"labels": ("Ja", "ja"), "normalise": ("casefold",)}, "stay apart when normalised"),
        ({"labels": ("Ja", "!"), "normalise": ("punctuation",)}, "stay apart when normalised"),
    ],
)
def test_an_experiment_with_such_an_answer_is_not_loaded(settings, problem):
    with pytest.raises(ValidationError, match=problem):
        answer(**settings)
