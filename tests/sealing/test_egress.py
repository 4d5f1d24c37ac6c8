"""What is sealed or private does not leave the machine, however it is spelled."""

from __future__ import annotations

import unicodedata

import pytest

from reprollm.sealing.egress import EgressDenied, Forbidden, refuse_egress, sealed_watch, watch
from reprollm.sealing.wish import Further, Wish
from sealing.building import ROWS, VERSIONS, publishing, sealed

OTHER = "Kein Weg führte hinüber"
ADDRESS = "https://api.example.org"
MADE = sealed()
CELLS = [cell for row in MADE.table.rows for cell in row.values()]
WATCH = sealed_watch(MADE.seal, MADE.secrets, CELLS, items=["e"])
TWINS = MADE.seal.twins.items if MADE.seal.twins else ()
OWN = {row["id"]: row["source"] for row in ROWS}
SEALED = [
    text
    for group in TWINS
    for variant, text in enumerate(
        [OWN[group.subject], *(each["source"] for each in VERSIONS[group.subject])]
    )
    if variant != group.published
]


def refused(*texts: str, item: str = "a") -> str:
    with pytest.raises(EgressDenied) as denied:
        refuse_egress(WATCH, [(item, texts)], ADDRESS)
    assert ADDRESS in str(denied.value) and "nothing was sent" in str(denied.value)
    return str(denied.value)


def test_the_published_file_may_be_sent() -> None:
    requests = [(row["id"], [f"Übersetze: {row['source']}"]) for row in MADE.table.rows]
    refuse_egress(WATCH, [each for each in requests if each[0] != "e"], ADDRESS)


@pytest.mark.parametrize("text", SEALED)
def test_a_sealed_variant_is_refused(text: str) -> None:
    assert "sealed variant" in refused(f"Übersetze: {text} Danke.")


SPELLINGS = {
    "capitals": str.upper,
    "decomposed": lambda text: unicodedata.normalize("NFD", text),
    "other spaces": lambda text: text.replace(" ", "\u00a0\n "),
    "other punctuation": lambda text: text.replace(".", " !").replace(",", " –"),
    "full width": lambda text: text.replace("e", "\uff45"),
    "in quotes": lambda text: f"»{text}«",
}


@pytest.mark.parametrize("spelled", SPELLINGS.values(), ids=SPELLINGS.keys())
@pytest.mark.parametrize("text", SEALED)
def test_so_it_is_in_another_spelling(text: str, spelled: object) -> None:
    assert callable(spelled)
    refused(str(spelled(text)))


def test_one_text_among_many_is_enough() -> None:
    assert "item 'b'" in refused("ohne", "alles", SEALED[0], item="b")


def test_canaries_are_refused_the_published_ones_too() -> None:
    assert MADE.secrets.canaries
    for _, texts in MADE.secrets.canaries.sets:
        for each in texts:
            assert "canary" in refused(f"Daten, {each.text}")


def test_a_private_item_is_refused_whatever_is_asked_about_it() -> None:
    assert "an item that is private" in refused("harmlos", item="e")


def test_a_variant_that_differs_in_punctuation_alone_is_told_by_its_characters() -> None:
    guard = watch([Forbidden("sealed", "a", "Ja, gewiß!")], ["Er ſagt: ja gewiß."])
    refuse_egress(guard, [("a", ["Er ſagt: ja gewiß."])], ADDRESS)
    with pytest.raises(EgressDenied):
        refuse_egress(guard, [("a", ["Er rief: Ja, gewiß!"])], ADDRESS)


def test_what_is_public_cannot_be_denied_and_is_counted() -> None:
    guard = watch([Forbidden("sealed", "a", "über den Fluß")], ["Er ging über den Fluß."])
    assert guard.blind == 1
    refuse_egress(guard, [("a", ["Er ging über den Fluß."])], ADDRESS)


def test_a_part_of_a_word_is_no_match() -> None:
    guard = watch([Forbidden("sealed", "a", "Rat")])
    refuse_egress(guard, [("a", ["Der Vorrat der Räte"])], ADDRESS)
    with pytest.raises(EgressDenied):
        refuse_egress(guard, [("a", ["Der RAT."])], ADDRESS)


def test_a_label_beside_a_text_forbids_no_prompt() -> None:
    further = Further(("source", "reference"), {"c": [{"source": OTHER, "reference": "7"}]})
    made = publishing(0, Wish(further))
    guard = sealed_watch(made.seal, made.secrets, [])
    refuse_egress(guard, [("c", ["Auf einer Skala von 1 bis 7?"])], ADDRESS)
    with pytest.raises(EgressDenied):
        refuse_egress(guard, [("c", [f"Auf einer Skala: {OTHER}"])], ADDRESS)


def test_where_a_variant_is_a_label_alone_it_is_forbidden() -> None:
    made = publishing(0, Wish(Further(("reference",), {"c": [{"reference": "siebzig"}]})))
    guard = sealed_watch(made.seal, made.secrets, [])
    with pytest.raises(EgressDenied):
        refuse_egress(guard, [("c", ["Sind es Siebzig?"])], ADDRESS)


def test_a_variant_without_words_is_told_by_its_characters() -> None:
    guard = watch([Forbidden("sealed", "a", "★☆")])
    with pytest.raises(EgressDenied):
        refuse_egress(guard, [("a", ["x ★☆ y"])], ADDRESS)


def test_a_hostile_item_id_stays_in_one_short_sentence() -> None:
    sentence = refused(SEALED[0], item="x\n\x1b[31m" * 50)
    assert "\n" not in sentence and "\x1b" not in sentence and len(sentence) < 500
