import pytest

from reprollm.scores.parsers import parse
from reprollm.scores.parsers.labels import Labels, bare

SETTINGS = {"parser": "labels", "labels": ["Ja", "Nein", "C#", "nicht klar"]}


@pytest.mark.parametrize(
    ("output", "label"),
    [
        ("Ja", "Ja"),
        ("  Ja.\n", "Ja"),
        ("**Ja**", "Ja"),
        ("„Nein!“", "Nein"),
        ("`nicht klar`", "nicht klar"),
        ("\nJa\n\nDenn der Schäfer spricht.", "Ja"),
        ("Nein.\nJa", "Nein"),
        ("C#", "C#"),
        ("ja", None),
        ("Ja, weil er spricht", None),
        ("Antwort: Ja", None),
        ("nicht  klar", None),
        ("C", None),
        ("JaNein", None),
        ("...", None),
    ],
)
def test_an_output_is_a_label_alone_or_on_its_first_line_with_punctuation_around(output, label):
    found = parse(SETTINGS, output)
    assert (found.value or None) == label
    assert found.status == ("answered" if label else "unparsed")


def test_a_label_is_found_in_its_normal_form_and_stands_as_declared():
    settings = {**SETTINGS, "normalise": ["casefold", "whitespace"]}
    assert parse(settings, "NICHT\n klar.").value == "nicht klar"
    assert parse(settings, "ja").value == "Ja"


def test_a_label_that_keeps_its_punctuation_comes_before_one_without():
    labels = Labels.of(["a", "a."], ())
    assert (labels.find("a."), labels.find("a!")) == ("a.", "a")


def test_only_the_ends_are_bared():
    assert bare(" *a-b* ") == "a-b"
    assert bare("…") == ""
