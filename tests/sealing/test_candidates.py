"""The texts that the tests of twins and canaries compare."""

from __future__ import annotations

import pytest

from reprollm.errors import CommitmentMismatch
from reprollm.sealing.candidates import candidates, require_published, sealed_texts
from reprollm.sealing.wish import Further, Wish
from sealing.building import ROWS, VERSIONS, publishing, sealed

MADE = sealed()
PUBLISHED = {row["id"]: row for row in MADE.table.rows}


def test_each_item_and_canary_has_all_its_texts_and_one_published() -> None:
    found = list(candidates(MADE.seal, MADE.secrets, PUBLISHED))
    by_subject: dict[str, list[bool]] = {}
    for each in found:
        by_subject.setdefault(each.subject, []).append(each.published)
    sizes = {subject: len(published) for subject, published in by_subject.items()}
    assert sizes == {"a": 3, "c": 2, "d": 4, "canary-1": 4, "canary-2": 4}
    assert all(sum(published) == 1 for published in by_subject.values())
    assert by_subject["canary-1"] == [True, False, False, False]


def test_a_twin_is_the_published_row_with_another_text() -> None:
    own = {row["id"]: row["source"] for row in ROWS}
    for each in candidates(MADE.seal, MADE.secrets, PUBLISHED):
        if each.set == "twin":
            texts = [own[each.subject], *(v["source"] for v in VERSIONS[each.subject])]
            assert each.cells == {**PUBLISHED[each.subject], "source": texts[each.variant]}
            assert (each.cells == PUBLISHED[each.subject]) is each.published


def test_twins_come_in_the_published_order() -> None:
    subjects = [c.subject for c in candidates(MADE.seal, MADE.secrets, PUBLISHED)]
    order = [row["id"] for row in MADE.table.rows if row["id"] in VERSIONS]
    assert list(dict.fromkeys(subjects))[:3] == order


def test_what_is_sealed_is_all_but_what_was_published() -> None:
    kept = list(sealed_texts(MADE.seal, MADE.secrets))
    every = list(candidates(MADE.seal, MADE.secrets, PUBLISHED))
    assert [(s, subject, variant, commitment) for s, subject, variant, _, commitment in kept] == [
        (c.set, c.subject, c.variant, c.commitment) for c in every if not c.published
    ]
    public = MADE.made.data.decode()
    assert all(text not in public for _, _, _, texts, _ in kept for text in texts)


def test_cells_that_a_variant_shares_with_the_published_one_are_not_sealed() -> None:
    cells = {"source": "Kein Weg führte hinüber", "reference": "3"}
    made = publishing(0, Wish(Further(("source", "reference"), {"c": [cells]})))
    [(_, _, variant, texts, _)] = sealed_texts(made.seal, made.secrets)
    assert (variant, texts) == (1, ("Kein Weg führte hinüber",))


def test_another_data_file_than_the_published_one_is_refused() -> None:
    rows = {row["id"]: dict(row) for row in ROWS}
    changed = {**PUBLISHED, "a": {**PUBLISHED["a"], "source": "anders"}}
    with pytest.raises(CommitmentMismatch, match="item 'a'"):
        list(candidates(MADE.seal, MADE.secrets, changed))
    with pytest.raises(CommitmentMismatch, match="not the one that it read"):
        require_published(MADE.seal, "0" * 64)
    require_published(MADE.seal, MADE.seal.data.sha256)
    assert rows.keys() == PUBLISHED.keys()
