"""Drawing and committing: what is published, what is kept, and what is refused."""

from __future__ import annotations

import hashlib
import unicodedata
from collections import Counter
from pathlib import Path

import pytest

from reprollm.errors import DataInvalid, InvalidInput
from reprollm.experiment.data import read_data
from reprollm.sealing.check import data_defects, drawn_defects, hash_defects, opening_defects
from reprollm.sealing.make import make
from reprollm.sealing.table import Format, Table
from reprollm.sealing.wish import CANARY_COLUMN, Further, Wish
from sealing.building import COLUMNS, CREATED, FORM, ROWS, VERSIONS, WISH, sealed, stream, table


def refusal(wish: Wish, rows: Table | None = None) -> str:
    with pytest.raises(InvalidInput) as refused:
        make(rows or table(), FORM, wish, "briefe", CREATED, stream("1"))
    assert "\n" not in str(refused.value)
    return str(refused.value)


def test_a_sealed_data_set_holds() -> None:
    made = sealed()
    assert list(hash_defects(made.seal, made.made.data)) == []
    assert list(data_defects(made.seal, made.table)) == []
    assert list(opening_defects(made.seal, made.secrets)) == []
    assert list(drawn_defects(made.seal, made.secrets, made.table)) == []


def test_an_experiment_reads_the_published_file_with_every_item_once(tmp_path: Path) -> None:
    made = sealed()
    path = tmp_path / "briefe.csv"
    path.write_bytes(made.made.data)
    data = read_data(path, "id", COLUMNS, "utf-8", ",")
    assert sorted(row.id for row in data.rows) == ["a", "b", "c", "d", "e", "f"]
    assert data.columns == (*COLUMNS, CANARY_COLUMN)
    assert data.sha256 == made.seal.data.sha256
    own = {row["id"]: row["source"] for row in ROWS}
    for row in data.rows:
        known = [own[row.id], *(each["source"] for each in VERSIONS.get(row.id, ()))]
        assert row.cells["source"] in known


def test_cells_stay_as_they_are_in_whatever_form_unicode_has_them() -> None:
    word = "Mañner über Brücken"
    forms = [unicodedata.normalize(form, word) for form in ("NFC", "NFD")]
    rows = tuple(
        {"id": str(number), "source": text, "reference": ""} for number, text in enumerate(forms)
    )
    made = make(Table(COLUMNS, rows), FORM, Wish(canaries=1, holdbacks=1), "x", CREATED)
    for text in forms:
        assert text.encode() in made.data


def test_nothing_of_a_sealed_text_or_a_seed_is_in_the_seal() -> None:
    made = sealed()
    assert made.secrets.twins and made.secrets.canaries and made.secrets.order
    public = made.made.seal.decode()
    texts = [text for _, each in made.secrets.twins.items for v in each for _, text in v.cells]
    texts += [each.text for _, variants in made.secrets.canaries.sets for each in variants]
    seeds = (made.secrets.twins.seed, made.secrets.order, made.secrets.canaries.seed)
    texts += [seed.value.hex() for seed in seeds] + [seed.salt.hex() for seed in seeds]
    assert all(text not in public for text in texts)


def test_equal_texts_have_unlike_commitments_in_two_seals() -> None:
    first, second = sealed(random=stream("1")), sealed(random=stream("2"))
    assert first.seal.twins and second.seal.twins
    commitments = [c for made in (first, second) for g in made.seal.twins.items for c in g.variants]
    assert len(set(commitments)) == len(commitments)


def test_randomness_is_the_operating_systems_and_new_each_time() -> None:
    made = [make(table(), FORM, WISH, "briefe", CREATED) for _ in range(2)]
    assert made[0].seal != made[1].seal
    assert made[0].secrets != made[1].secrets


def test_each_version_is_published_about_as_often_as_the_others() -> None:
    wish = Wish(Further(("source",), {"d": VERSIONS["d"]}))
    counts: Counter[int] = Counter()
    for number in range(400):
        made = sealed(wish, stream(f"draw {number}"))
        assert made.seal.twins
        counts[made.seal.twins.items[0].published] += 1
    assert sum((counts[each] - 100) ** 2 / 100 for each in range(4)) < 16.3  # chi-square, 0.999


def test_items_without_variants_are_published_as_they_are() -> None:
    made = sealed(Wish(Further(("source",), {"c": VERSIONS["c"]})))
    published = {row["id"]: row for row in made.table.rows}
    assert all(published[row["id"]] == row for row in ROWS if row["id"] != "c")
    assert [row["id"] for row in made.table.rows] == [row["id"] for row in ROWS]
    assert made.seal.order is None and made.seal.canaries is None


def test_variants_may_differ_in_several_columns() -> None:
    further = Further(("source", "reference"), {"a": [{"source": "Greis", "reference": "eins"}]})
    found = {
        (row["source"], row["reference"])
        for number in range(20)
        for row in sealed(Wish(further), stream(str(number))).table.rows
        if row["id"] == "a"
    }
    assert found == {(ROWS[0]["source"], "1"), ("Greis", "eins")}


@pytest.mark.parametrize("text", ["", "  ", "\n"])
def test_an_empty_variant_is_refused(text: str) -> None:
    sentence = refusal(Wish(Further(("source",), {"c": [{"source": text}]})))
    assert "item 'c'" in sentence and "none in variant 1" in sentence


@pytest.mark.parametrize(
    "text",
    [
        "Über den Fluß führte kein Weg",
        unicodedata.normalize("NFD", "Über den Fluß führte kein Weg"),
        " Über den  Fluß führte\nkein Weg ",
    ],
)
def test_a_variant_that_a_cleaned_text_could_not_tell_apart_is_refused(text: str) -> None:
    sentence = refusal(Wish(Further(("source",), {"c": [{"source": text}]})))
    assert "item 'c'" in sentence and "found 0 and 1 alike" in sentence


def test_what_cannot_be_sealed_is_refused() -> None:
    assert "found nothing; ask for variants" in refusal(Wish())
    assert "at least one item" in refusal(Wish(Further(("source",), {})))
    assert "at most one canary a row" in refusal(Wish(canaries=7, holdbacks=1))
    assert "at least 1 canary to hold back" in refusal(Wish(canaries=1))
    assert "at least 2 rows" in refusal(Wish(order=True), Table(COLUMNS, ROWS[:1]))
    taken = Table((*COLUMNS, CANARY_COLUMN), tuple({**row, CANARY_COLUMN: "x"} for row in ROWS))
    assert "no column 'canary'" in refusal(WISH, taken)


def test_a_text_that_the_encoding_cannot_write_is_refused() -> None:
    with pytest.raises(DataInvalid, match="cp1252 can write, found 'ſ'"):
        sealed(form=Format(encoding="cp1252"))


@pytest.mark.parametrize(
    "form", [Format(delimiter=";"), Format(delimiter="\t"), Format(encoding="utf-16")]
)
def test_the_published_file_is_spelled_like_the_data(form: Format) -> None:
    made = sealed(form=form)
    assert made.seal.data.form == form
    assert made.seal.data.sha256 == hashlib.sha256(made.made.data).hexdigest()
    assert {row["id"] for row in made.table.rows} == {row["id"] for row in ROWS}
    assert list(drawn_defects(made.seal, made.secrets, made.table)) == []
