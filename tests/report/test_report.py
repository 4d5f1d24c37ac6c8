from __future__ import annotations

from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import pytest
from click.testing import CliRunner

from reprollm.cli.report import command
from reprollm.errors import InvalidInput
from reprollm.records.evidence import evidence
from reprollm.report.contamination import Finding, sort
from reprollm.report.content import Content, Score, read
from reprollm.report.page import page
from reprollm.report.shown import shown

PUBLISHED = Path(__file__).resolve().parents[2] / "experiments" / "normalisation" / "published"
HOSTILE = "<script>alert(1)</script>\u202etxt.exe\x1b[31m</style><img src=x onerror=alert(1)>"
VOID = frozenset("meta link img br hr input rect line".split())


class Outline(HTMLParser):
    """Elements, attributes and text of a page; refuses elements that are closed out of order."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.words: list[str] = []
        self.open: list[str] = []
        self.feed(text)
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag not in VOID:
            assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.words.append(data)

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.words).split())


@pytest.fixture(scope="module")
def content() -> Content:
    return read(PUBLISHED)


def finding(method: str, subject: str, claim: str, **fields: object) -> Finding:
    said = evidence(claim, method, "1", mode="records", parameters={}, n=3, **fields)  # type: ignore[arg-type]
    return Finding("e" * 64, method, subject, said)


def test_it_names_the_model_by_its_hash_and_shows_its_card(content: Content) -> None:
    text = Outline(page(content)).text

    assert content.models[0].snapshot in text
    assert "licence Apache-2.0" in text
    assert "training cutoff unknown" in text


def test_it_shows_the_score_that_the_ledger_holds(content: Content) -> None:
    recorded = {score.value for score in content.scores if score.stratum is None}

    text = Outline(page(content)).text

    assert recorded
    assert all(str(value) in text for value in recorded)


def test_a_ledger_without_checks_is_never_called_clean(content: Content) -> None:
    text = Outline(page(replace(content, findings=sort([], [])))).text

    assert "nothing is known about whether the model saw these items" in text
    assert "uncontaminated" not in text


def test_kinds_of_claim_stand_in_tables_of_their_own(content: Content) -> None:
    found = sort(
        [
            finding("scan", "*", "fact", verdict="2 of 3 items stand in it"),
            finding("sealed_twins", "*", "test", verdict="evidence", statistic=4.0, p=0.0137),
            finding("loss", "*", "screening", verdict="uninterpretable", p=0.0002),
        ],
        ["a", "b"],
    )

    text = Outline(page(replace(content, findings=found))).text

    order = [
        text.index(word) for word in ("Facts about texts", "Tests by designed", "Scores that hint")
    ]
    assert order == sorted(order)
    assert text.index("uninterpretable") > order[2] > text.index("0.0137") > order[1]


def test_what_is_said_of_items_is_drawn_and_listed(content: Content) -> None:
    found = sort(
        [finding("min_k_20", name, "screening", verdict="flagged", p=p) for name, p in
         (("b", 0.01), ("a", 0.5))],
        ["a", "b", "c"],
    )  # fmt: skip

    outline = Outline(page(replace(content, findings=found)))

    drawn = [attributes["aria-label"] for tag, attributes in outline.elements if tag == "svg"]
    assert any("2 p-values of min_k_20: 1 below 0.05" in str(label) for label in drawn)
    assert "a p 0.5; flagged b p 0.01; flagged" in outline.text


def test_hostile_texts_are_shown_as_text(content: Content) -> None:
    found = sort([finding("scan", HOSTILE, "fact", verdict=HOSTILE)], ["a"])
    score = Score("exact_match", HOSTILE, HOSTILE, "mean_of_ratios", "0.5", 1, 0, 0)
    model = replace(content.models[0], name=HOSTILE, card=((HOSTILE, HOSTILE),))
    hostile = replace(content, findings=found, scores=(score, score), models=(model,))

    source = page(hostile)
    outline = Outline(source)

    names = {tag for tag, _ in outline.elements}
    assert names.isdisjoint({"script", "img", "iframe", "object"})
    assert not any(name.startswith("on") for _, found in outline.elements for name in found)
    assert "\u202e" not in source and "\x1b" not in source
    assert "<script>alert(1)</script>\\u202etxt.exe" in outline.text


def test_it_loads_nothing(content: Content) -> None:
    outline = Outline(page(content))

    assert not [name for _, found in outline.elements for name in found if name in ("src", "data")]
    assert all(str(found.get("href", "#")).startswith("#") for tag, found in outline.elements)
    policy = [found["content"] for tag, found in outline.elements if "http-equiv" in found]
    assert policy == ["default-src 'none'; style-src 'unsafe-inline'"]


def test_equal_ledgers_give_equal_bytes(content: Content) -> None:
    assert page(content) == page(read(PUBLISHED))


def test_the_command_writes_one_file(tmp_path: Path) -> None:
    target = tmp_path / "report.html"

    done = CliRunner().invoke(command, [str(PUBLISHED), "-o", str(target)])

    assert done.exit_code == 0, done.output
    assert [path.name for path in tmp_path.iterdir()] == ["report.html"]
    assert target.read_text(encoding="utf-8").startswith("<!doctype html>")


def test_a_folder_that_is_no_ledger_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput):
        read(tmp_path)


def test_characters_that_act_are_written_out() -> None:
    assert shown("a\u202eb\u200b\x07") == "a\\u202eb\\u200b\\x07"
    assert shown("Länge ſ\n", 4) == "Län…"
