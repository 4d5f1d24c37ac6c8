from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reprollm.corpus.folding import Folding, robust

PLAIN = (
    "Ärzte öffneten überall große Häuser während Äbte älterer Orden über ihre Güter und Äcker "
    "verhandelten mit dem König"
)
VARIANTS = {
    "capitals": PLAIN.upper(),
    "decomposed": unicodedata.normalize("NFD", PLAIN),
    "quotation marks": PLAIN.replace("Orden", "„Orden“"),
    "dashes": PLAIN.replace("Orden", "– Orden —"),
    "long s": PLAIN.replace("s", "ſ"),
    "soft hyphen": PLAIN.replace("verhandelten", "verhan\u00addelten"),
    "ligature and hard space": PLAIN.replace(" öffneten", "\u00a0öﬀneten"),
    "full width": PLAIN.replace("mit", "ｍｉｔ"),  # noqa: RUF001
}
EVERYTHING = Folding(u_v=True, i_j=True, umlauts=True, hyphens=True)


@pytest.mark.parametrize("variant", VARIANTS.values(), ids=VARIANTS)
def test_a_variant_of_typography_has_the_same_tokens(variant: str) -> None:
    assert robust().words(variant) == robust().words(PLAIN)
    assert len(robust().words(PLAIN)) == 18


def test_punctuation_separates_and_does_not_glue() -> None:
    assert robust().words("Haus-Tür, «und»Hof…Ende") == ["haus", "tur", "und", "hof", "ende"]


def test_a_dash_that_stands_alone_is_no_token() -> None:
    assert robust().words("eins – zwei - drei") == robust().words("eins zwei drei")


def test_scripts_without_spaces_have_one_token_a_letter() -> None:
    assert robust().words("天地玄黄 und") == ["天", "地", "玄", "黄", "und"]


def test_hangul_is_the_same_composed_and_decomposed() -> None:
    word = "한국어"
    assert robust().words(word) == robust().words(unicodedata.normalize("NFD", word))
    assert len(robust().words(word)) == 1


def test_letters_of_medieval_fonts_in_the_private_use_area_are_kept() -> None:
    assert robust().words("vn\ue5dc") == ["vn\ue5dc"]


@pytest.mark.parametrize(
    ("folding", "one", "other"),
    [
        (Folding(u_v=True), "Vnd uber", "und vber"),
        (Folding(i_j=True), "Jhm iar", "ihm jar"),
        (Folding(umlauts=True), "Müller schön Ärger", "Mueller schoen Aerger"),
        (Folding(umlauts=True), "Mu\u0308ller", "Mueller"),
        (Folding(umlauts=True), "Mu\u0364ller", "Müller"),
        (Folding(hyphens=True), "die Schul-\n  bank", "die Schulbank"),
        (Folding(hyphens=True), "die Schul⸗\r\nbank", "die Schulbank"),
        (Folding(hyphens=True), "die Schul\u00ad\nbank", "die Schulbank"),
    ],
)
def test_an_option_equates_two_spellings(folding: Folding, one: str, other: str) -> None:
    assert robust(folding).words(one) == robust(folding).words(other)
    assert robust().words(one) != robust().words(other) or "\u0364" in one


def test_a_hyphen_before_a_capital_is_not_joined() -> None:
    assert robust(EVERYTHING).words("Nieder-\nOst") == ["nieder", "ost"]


def test_other_marks_than_the_umlauts_are_stripped_with_the_option_too() -> None:
    composed, decomposed = "Noël", "Noe\u0308l"
    assert robust(EVERYTHING).words(composed) == robust(EVERYTHING).words(decomposed) == ["noel"]


def test_every_option_is_a_recorded_parameter() -> None:
    recorded = robust(EVERYTHING).parameters()
    assert recorded == {
        "tokens": "robust",
        "unicode": unicodedata.unidata_version,
        "u_v": "yes",
        "i_j": "yes",
        "umlauts": "yes",
        "hyphens": "yes",
    }


@given(st.text(max_size=60))
def test_each_token_has_a_span_that_holds_it(text: str) -> None:
    for tokenization in (robust(), robust(EVERYTHING)):
        words, spans = tokenization.words(text), tokenization.spans(text)
        assert len(words) == len(spans)
        for word, (start, end) in zip(words, spans, strict=True):
            assert word in tokenization.words(text[start:end]) or len(words) > 1


@given(st.text(st.characters(exclude_categories=("Cs",)), max_size=60))
def test_rewriting_keeps_the_length_in_bytes(text: str) -> None:
    assert len(robust(EVERYTHING).utf8(text)) == len(text.encode())


@given(st.text(st.characters(exclude_categories=("Cs", "Cn")), max_size=40))
def test_composition_does_not_matter(text: str) -> None:
    composed = unicodedata.normalize("NFC", text)
    decomposed = unicodedata.normalize("NFD", text)
    assert robust().words(composed) == robust().words(decomposed)
