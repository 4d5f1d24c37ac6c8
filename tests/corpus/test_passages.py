from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from reprollm.corpus.parts import Part
from reprollm.corpus.passages import Passage, passages


def test_short_documents_are_passages() -> None:
    parts = [Part(1, "eins", True), Part(2, "", True), Part(3, "drei", True)]
    assert list(passages(parts, 10, 2)) == [
        Passage(1, 0, "eins", True),
        Passage(2, 0, "", True),
        Passage(3, 0, "drei", True),
    ]


def test_a_long_document_is_cut_after_white_space() -> None:
    parts = [Part(0, "eins zwei ", False), Part(0, "drei vier", True)]
    assert list(passages(parts, 12, 2)) == [
        Passage(0, 0, "eins zwei ", False),
        Passage(0, 8, "i drei vier", False),
    ]


def test_a_document_that_breaks_off_is_read_as_far_as_it_goes() -> None:
    assert list(passages([Part(4, "bis hier", False)], 100, 10)) == [
        Passage(4, 0, "bis hier", True)
    ]
    broken = [Part(4, "bis hier", False), Part(5, "weiter", True)]
    assert [found.document for found in passages(broken, 100, 10)] == [4, 5]


@given(
    st.lists(st.text(alphabet="ab \n", max_size=90), min_size=1, max_size=6),
    st.integers(0, 12),
    st.integers(25, 40),
)
def test_every_stretch_of_the_overlaps_length_stands_in_one_passage(
    texts: list[str], overlap: int, size: int
) -> None:
    parts = [Part(0, text, at == len(texts) - 1) for at, text in enumerate(texts)]
    document = "".join(texts)
    found = list(passages(parts, size, overlap))
    assert all(document[p.offset : p.offset + len(p.text)] == p.text for p in found)
    assert all(len(p.text) <= size for p in found)
    assert found[0].offset == 0
    assert found[-1].offset + len(found[-1].text) == len(document)
    for start in range(len(document) - overlap + 1):
        assert any(p.offset <= start and start + overlap <= p.offset + len(p.text) for p in found)
