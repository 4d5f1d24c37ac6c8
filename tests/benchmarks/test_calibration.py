"""The calibration of the contamination checks: its texts, its criteria, its pages."""

import xml.etree.ElementTree as ET
from collections import Counter
from dataclasses import replace
from pathlib import Path
from random import Random

import pytest
from calibration import frozen
from calibration.archive import PATTERNS, archive, half_the_names, other_patterns
from calibration.designed import Sealed
from calibration.guarded import SHIFTED, Case
from calibration.membership import SCORES, Row, compare
from calibration.null import Null, Split
from calibration.one_model import EXTRACTION, Report
from calibration.page import write
from calibration.planted import draw
from calibration.power import Power
from calibration.tables import lines
from calibration.verdicts import summary, verdicts
from calibration.vocabulary import build_tokenizer, packed, token_ids

LEAKED = Report(
    seed=1,
    leak=True,
    rows=tuple(
        Row(method, count, 0.97, 0.9, 1.0, 0.5, 0.5, 0.001, 50, 200)
        for method in (*SCORES, EXTRACTION)
        for count in frozen.COUNTS
    ),
    verbatim=dict.fromkeys(frozen.COUNTS, 0.0),
    sealed=(Sealed("sealed_twins", 4, 50, 0.01), Sealed("sealed_order", 16, 96, 0.05)),
    power=(Power(4, 10, (190, 150), 200),),
    splits=tuple(Split(score, 5, 100, 100, 0.5) for score in SCORES for _ in range(20)),
    nulls=(Null("sealed_twins", 0.04, (0.1, 0.3, 0.5, 0.7, 0.9)),),
    guarded=(Case(SHIFTED, 1e-5, 0.7, 0.9, 0.005, True),),
    short_texts_hold=True,
    training=1.0,
    measuring=1.0,
)


def test_variants_of_an_item_differ_in_their_slots_alone() -> None:
    fixed = {word for pattern in PATTERNS for word in pattern.split() if word[0] != "{"}
    for turn in range(20):
        texts = archive().variants(Random(turn), 5)
        skeletons = {tuple(w if w in fixed else "" for w in text.split()) for text in texts}
        assert len(set(texts)) == 5
        assert len(skeletons) == 1


def test_a_shifted_set_knows_no_other_words() -> None:
    words = set(archive().words())
    for source in (other_patterns(), half_the_names()):
        assert {word for turn in range(50) for word in source.item(Random(turn)).split()} <= words


def test_every_published_text_is_planted_as_often_as_said_and_nothing_sealed_is() -> None:
    world = draw(3, leak=True)
    documents = Counter(world.documents)
    for count, groups in world.groups.items():
        for group in groups:
            expected = [count if at == group.chosen else 0 for at in range(len(group.variants))]
            assert [documents[text] for text in group.variants] == expected
    for count, drawn in world.canaries.items():
        assert [documents[text] for text in drawn] == [count] + [0] * frozen.HOLDBACKS
    assert not any(documents[text] for text in world.reference)


def test_without_a_leak_the_training_text_is_background_alone() -> None:
    assert len(draw(3, leak=False).documents) == frozen.BACKGROUND


def test_the_tokenizer_that_is_saved_gives_the_ids_that_were_trained_on() -> None:
    tokenizer = build_tokenizer(128)
    rows = [archive().row(Random(turn)) for turn in range(20)]
    for text in (*rows, "\n".join(rows), "0 f 3", ""):
        assert tokenizer(text)["input_ids"] == token_ids(text)


def test_documents_are_cut_into_rows_of_one_length() -> None:
    documents = [archive().item(Random(turn)) for turn in range(50)]
    rows = packed(documents, 64)
    assert {len(row) for row in rows} == {64}
    assert (
        sum(map(len, rows)) <= sum(len(token_ids(text)) for text in documents) < 64 + 64 * len(rows)
    )


def test_scores_that_tell_nothing_have_an_area_of_one_half() -> None:
    row = compare("loss", 0, [1.0, 2.0, 3.0], [1.0, 2.0, 3.0])
    assert row.area == 0.5
    assert row.low < 0.5 < row.high


def test_a_report_at_the_bounds_meets_every_criterion() -> None:
    assert all(verdict.holds for verdict in verdicts([LEAKED]))


def _rows(method: str, area: float) -> tuple[Row, ...]:
    return tuple(
        replace(row, area=area) if (row.method, row.count) == (method, 16) else row
        for row in LEAKED.rows
    )


@pytest.mark.parametrize(
    ("changed", "named"),
    [
        (replace(LEAKED, rows=_rows("min_k_20", 0.949)), "min_k_20"),
        (replace(LEAKED, rows=_rows("loss", 0.899)), "loss at 16x"),
        (
            replace(LEAKED, sealed=(Sealed("sealed_twins", 4, 50, 0.011), *LEAKED.sealed[1:])),
            "twin",
        ),
        (
            replace(LEAKED, sealed=(*LEAKED.sealed[:1], Sealed("sealed_order", 16, 96, 0.06))),
            "order",
        ),
        (replace(LEAKED, guarded=(replace(LEAKED.guarded[0], blocked=False),)), "guard"),
        (replace(LEAKED, short_texts_hold=False), "one token"),
    ],
)
def test_a_criterion_that_is_missed_in_one_seed_is_missed(changed: Report, named: str) -> None:
    found = verdicts([LEAKED, changed])
    assert [named in verdict.what for verdict in found if not verdict.holds] == [True]
    assert named in summary([LEAKED, changed], found, 1.0)


@pytest.mark.parametrize("hits", [0, 20])
def test_too_few_false_positives_miss_as_too_many_do(hits: int) -> None:
    off = tuple(replace(s, hits=hits) if s.score == "zlib" else s for s in LEAKED.splits)
    missed = [verdict for verdict in verdicts([replace(LEAKED, splits=off)]) if not verdict.holds]
    assert [verdict.what.split()[4] for verdict in missed] == ["zlib"]


def test_the_page_and_the_picture_say_what_the_terminal_says(tmp_path: Path) -> None:
    found = verdicts([LEAKED])
    write(tmp_path, [LEAKED], found)
    page = (tmp_path / "calibration.md").read_text(encoding="utf-8")
    for line in lines([LEAKED], found):
        for cell in line.strip().split("  "):
            assert cell.strip() in page
    drawing = ET.fromstring((tmp_path / "calibration.svg").read_text(encoding="utf-8"))
    lines_drawn = drawing.findall("{http://www.w3.org/2000/svg}polyline")
    assert len(lines_drawn) == len(SCORES) + 1
