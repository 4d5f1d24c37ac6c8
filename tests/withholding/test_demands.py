"""What `--withhold` accepts, and what it takes with it."""

import pytest

from reprollm.errors import InvalidInput
from reprollm.withholding.withhold import parse_withholding

PROMPT = {"prompt", "prompt_ids", "source"}
OUTPUT = {"output", "output_ids", "logprobs", "margins"}


def test_a_field_takes_along_whatever_tells_its_text() -> None:
    found = parse_withholding(["prompt,reference:salt-public", "output:salt-secret"], "copyright")
    assert found.fields == PROMPT | OUTPUT | {"reference"}
    assert {field for field, salt in found.salts.items() if salt == "public"} == (
        PROMPT | {"reference"}
    )
    assert {found.salts[field] for field in OUTPUT} == {"secret"}
    assert [entry["field"] for entry in found.to_json()] == sorted(found.fields)


def test_a_source_takes_along_the_prompt_that_contains_it() -> None:
    assert parse_withholding(["source:salt-secret"], "x").fields == PROMPT


def test_the_same_demand_twice_is_one_demand() -> None:
    assert parse_withholding(["prompt:salt-public", "source:salt-public"], "x").fields == PROMPT


@pytest.mark.parametrize(
    ("fields", "scores", "requests"),
    [("reference", True, True), ("output", True, False), ("prompt", False, True)],
)
def test_item_scores_and_request_tables_are_hidden_with_what_they_tell(
    fields: str, scores: bool, requests: bool
) -> None:
    found = parse_withholding([f"{fields}:salt-public"], "x")
    assert (found.hides_item_scores, found.hides_requests) == (scores, requests)


def test_demands_that_contradict_each_other_are_refused() -> None:
    with pytest.raises(InvalidInput, match=r"both salt-public and salt-secret: 'prompt' and 'sou"):
        parse_withholding(["prompt:salt-public", "source:salt-secret"], "x")


def test_an_unknown_field_is_refused_with_those_that_are_known() -> None:
    known = "annotations, output, prompt, reference, source"
    with pytest.raises(InvalidInput, match=f"among {known}, found 'ans"):
        parse_withholding(["answer:salt-public"], "x")


@pytest.mark.parametrize(("part", "whole"), [("prompt_ids", "prompt"), ("margins", "output")])
def test_an_array_is_withheld_only_with_its_text(part: str, whole: str) -> None:
    with pytest.raises(
        InvalidInput, match=f"found '{part}'; it is withheld together with '{whole}"
    ):
        parse_withholding([f"{part}:salt-public"], "x")


@pytest.mark.parametrize("demand", ["prompt", "prompt:", "prompt:salt", ":salt-public", ""])
def test_a_demand_names_fields_and_what_becomes_of_their_salts(demand: str) -> None:
    with pytest.raises(InvalidInput, match="expected "):
        parse_withholding([demand], "x")


@pytest.mark.parametrize("reason", [None, "", "  ", "two\nlines", "x" * 2001, "\x1b[2J"])
def test_withholding_needs_a_reason_in_one_plain_line(reason: str | None) -> None:
    with pytest.raises(InvalidInput, match="reason"):
        parse_withholding(["prompt:salt-public"], reason)


def test_nothing_to_withhold_is_refused() -> None:
    with pytest.raises(InvalidInput, match="expected something to withhold"):
        parse_withholding([], "x")
