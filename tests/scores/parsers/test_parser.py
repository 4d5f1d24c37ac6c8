import pytest

from reprollm.errors import InvalidInput
from reprollm.scores.parsers import VERSIONS, Parsed, parse, parser
from reprollm.scores.parsers.parser import LONGEST_OUTPUT

LABELS = {"parser": "labels", "labels": ["Ja", "Nein"]}
NUMBER = {"parser": "regex", "pattern": r"(?i)answer:\s*(?P<answer>\d+)?"}


@pytest.mark.parametrize(
    ("settings", "output", "status"),
    [
        (None, " \n\t", "empty"),
        (LABELS, "", "empty"),
        ({"refusals": ["(?i)as an ai"]}, "As an AI I cannot", "refused"),
        ({**LABELS, "refusals": ["Ja"]}, "Ja", "refused"),
        ({"refusals": [r"\s"]}, " ", "empty"),
        (LABELS, "vielleicht", "unparsed"),
        ({"normalise": ["punctuation"]}, "…!?", "unparsed"),
        (NUMBER, "Answer: many", "unparsed"),
        (NUMBER, "Answer: 12", "answered"),
        (None, "anything", "answered"),
    ],
)
def test_every_output_has_one_status_and_the_first_that_holds_counts(settings, output, status):
    assert parse(settings, output).status == status


@pytest.mark.parametrize(
    ("pattern", "output", "value"),
    [
        (r"answer: (?P<x>\w+) or (?P<answer>\w+)", "answer: a or b", "b"),
        (r"(\d+)-(\d+)", "in 1813-15", "1813"),
        (r"\d+", "in 1813-15", "1813"),
    ],
)
def test_a_pattern_gives_its_group_answer_or_its_first_group_or_all_of_the_match(
    pattern, output, value
):
    assert parse({"parser": "regex", "pattern": pattern}, output) == Parsed("answered", value)


@pytest.mark.parametrize(
    ("steps", "output", "value"),
    [
        (["nfc"], "u\u0308ber", "über"),
        (["nfkc"], "ſo ﬁn", "so fin"),
        (["casefold"], "Straße", "strasse"),
        (["whitespace"], "  a \n b ", "a b"),
        (["punctuation"], "„Ja“, sagte er.", "Ja sagte er"),
        (["punctuation", "whitespace"], "a - b", "a b"),
        (["whitespace", "punctuation"], "a - b", "a  b"),
    ],
)
def test_steps_of_normalisation_are_done_in_their_order(steps, output, value):
    assert parse({"normalise": steps}, output).value == value
    held = parser({"normalise": steps}).texts("x", output, output)
    assert (held.reference, held.source) == (value, value)


def test_what_a_pattern_finds_is_held_against_the_labels():
    settings = {"parser": "regex", "pattern": r"Antwort: (\S+)", "labels": ["Ja", "Nein"]}
    assert parse(settings, "Antwort: Nein.").value == "Nein"
    assert parse(settings, "Antwort: Jein").status == "unparsed"


def test_scores_of_texts_take_the_whole_output_where_there_is_no_answer():
    found = parser(NUMBER).texts("no idea", "12")
    assert (found.output, found.parsed.status) == ("no idea", "unparsed")


def test_a_long_output_is_as_good_as_its_beginning():
    answer = '{"a": "ja"}'
    fits = "x" * (LONGEST_OUTPUT - len(answer)) + answer
    assert parse({"parser": "json", "field": "a"}, fits).value == "ja"
    assert parse({"parser": "json", "field": "a"}, "x" + fits).status == "unparsed"
    assert len(parse(None, "x" + fits).value) == LONGEST_OUTPUT + 1


def test_a_schema_stands_in_a_plan_as_text():
    settings = {"parser": "json", "field": "a", "schema": '{"required":["a","b"]}'}
    assert parse(settings, '{"a": "ja"}').status == "unparsed"
    assert parse(settings, '{"a": "ja", "b": 1}').value == "ja"


@pytest.mark.parametrize(
    "settings",
    [
        {"parser": "oracle"},
        {"parser": "regex", "pattern": "(a+)+"},
        {"parser": "regex"},
        {"refusals": ["("]},
        {"normalise": ["upper"]},
        {"parser": "labels", "labels": ["Ja", "ja"], "normalise": ["casefold"]},
        {"parser": "labels", "labels": ["Ja", "…"], "normalise": ["punctuation"]},
        {"parser": "json", "field": "a", "schema": '{"format": "date"}'},
        {"parser": "json", "field": "a", "schema": "{"},
        {"parser": ["text"]},
        {"labels": 3},
    ],
)
def test_a_section_that_no_experiment_can_declare_is_refused_in_one_sentence(settings):
    with pytest.raises(InvalidInput, match="expected the section answer of an experiment, found"):
        parser(settings)


def test_every_parser_names_its_version():
    assert parser(None).version == "text/1"
    assert parser(LABELS).version == "labels/1"
    assert all(version == f"{name}/1" for name, version in VERSIONS.items())
