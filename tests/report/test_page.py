"""The page as a document: what it says, that it is well formed, harmless and the same each time."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import replace
from html.parser import HTMLParser

import made_report
import pytest

from reprollm.report.contamination import NOTHING
from reprollm.report.content import Content
from reprollm.report.gathering import items_of
from reprollm.report.language import Language
from reprollm.report.page import SECTIONS, page
from reprollm.report.rows import Row

HOSTILE = "<script>alert(1)</script>\u202etxt.exe\x1b[31m</style><img src=x onerror=alert(1)>"
VOID = frozenset("meta link img br hr input rect line".split())
ITEMS = 12


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
        if not {"script", "style"} & set(self.open):
            self.words.append(data)

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.words).split())

    def all(self, name: str) -> list[str]:
        return [str(found[name]) for _, found in self.elements if name in found]


@pytest.fixture(scope="module")
def content() -> Content:
    return made_report.content(ITEMS)


def rendered(content: Content, language: Language = "en", rows: Sequence[Row] | None = None) -> str:
    found = list(made_report.rows(ITEMS)) if rows is None else rows
    return "".join(
        page(content, items_of(content, lambda: iter(found), made_report.SCORES), language)
    )


def test_it_says_what_was_asked_what_came_out_and_how_sure_it_is(content: Content) -> None:
    text = Outline(rendered(content)).text

    assert "12 requests about 3 items. All of them were fixed in the log" in text
    assert (
        "kurrent-1b : 1,100,000,000 parameters; licence Apache-2.0 (permissive); not quantized"
        in text
    )
    assert (
        "plain/greedy : 0.0410, with 95 % confidence between 0.0369 and 0.0451; 3 answers." in text
    )
    assert "Of 3 claims that the experiment states, 2 hold." in " ".join(text.split())
    assert "gave another answer" in text
    assert "evidence that the model was trained on these items" in text


def test_a_failing_claim_stands_first_with_what_it_was_held_against(content: Content) -> None:
    text = Outline(rendered(content)).text

    fails, holds = text.index("✗ fails"), text.index("✓ holds")
    assert fails < holds
    assert "claimed: at most 0.030" in text[fails:holds]
    assert "the number is record 4711 of the log" in text[fails:holds]


def test_warnings_of_the_scores_are_said_in_words(content: Content) -> None:
    text = Outline(rendered(content)).text

    assert "repetitions: 3, different ones: 1" in text
    assert "answers were cut off at their limit of tokens" in text


def test_a_ledger_without_checks_is_never_called_clean(content: Content) -> None:
    unchecked = tuple(replace(each, findings=NOTHING) for each in content.runs)
    text = Outline(rendered(replace(content, runs=unchecked))).text

    assert "nothing is known about whether the model saw these items" in text
    assert "uncontaminated" not in text


def test_kinds_of_claim_stand_in_tables_of_their_own(content: Content) -> None:
    text = Outline(rendered(content)).text
    part = text[text.index("Designed") if "Designed" in text else 0 :]

    order = [part.index(word) for word in ("Tests by designed", "Facts about texts")]
    assert order == sorted(order)


def test_links_within_the_page_lead_somewhere(content: Content) -> None:
    outline = Outline(rendered(content))
    ids = outline.all("id")

    assert len(ids) == len(set(ids))
    assert {f"#{name}" for name in SECTIONS} <= set(outline.all("href"))
    assert {link.removeprefix("#") for link in outline.all("href")} <= set(ids)
    assert set(outline.all("aria-labelledby")) - {"item-title"} <= set(ids)


def test_it_loads_nothing_and_lets_in_nothing_but_its_own(content: Content) -> None:
    source = rendered(content)
    outline = Outline(source)

    assert not [name for _, found in outline.elements for name in found if name in ("src", "data")]
    assert all(link.startswith("#") for link in outline.all("href"))
    assert not outline.all("style") and not re.findall(r"@import|url\(|https?:", source)
    [policy] = [found["content"] for _, found in outline.elements if "http-equiv" in found]
    assert re.fullmatch(
        r"default-src 'none'; script-src 'sha256-[\w+/=]{44}'; style-src 'sha256-[\w+/=]{44}'; "
        r"base-uri 'none'; form-action 'none'",
        str(policy),
    )


def test_hostile_texts_are_shown_as_text(content: Content) -> None:
    estimates = (replace(content.estimates[0], cell=HOSTILE, group=HOSTILE, level="stratum"),)
    model = replace(content.models[0], name=HOSTILE, card=((HOSTILE, HOSTILE),))
    claim = replace(content.claims[0], name=HOSTILE, evidence={"says": HOSTILE})
    hostile = replace(
        content,
        estimates=(replace(content.estimates[0], cell=HOSTILE), *estimates),
        models=(model,),
        claims=(claim,),
    )
    rows = [replace(row, item=HOSTILE, output=HOSTILE) for row in made_report.rows(ITEMS)]

    source = rendered(hostile, rows=rows)
    outline = Outline(source)

    names = {tag for tag, _ in outline.elements}
    assert names.isdisjoint({"img", "iframe", "object"})
    assert not any(name.startswith("on") for _, found in outline.elements for name in found)
    assert "\u202e" not in source and "\x1b" not in source
    assert "<script>alert(1)</script>\\u202etxt.exe" in outline.text


def test_withheld_texts_are_nowhere(content: Content) -> None:
    secret = "Was niemand lesen darf"
    row = next(made_report.rows(ITEMS))
    withheld = replace(
        row, status="withheld", prompt=None, source=None, reference=None, output=None
    )

    source = rendered(content, rows=[withheld])

    assert secret not in source
    assert str(row.source) not in source
    assert "[-1,-2,-2,-2,-2," in source


@pytest.mark.parametrize("language", ["en", "de"])
def test_equal_content_gives_equal_bytes(content: Content, language: Language) -> None:
    assert rendered(content, language) == rendered(made_report.content(ITEMS), language)


def test_numbers_are_written_as_the_language_writes_them(content: Content) -> None:
    german = Outline(rendered(content, "de"))

    assert german.elements[0] == ("html", {"lang": "de"})
    assert "plain/greedy : 0,0410, mit 95 % Vertrauen" in german.text
    assert "einer Dateien" not in german.text


def test_the_data_in_the_page_give_back_every_row(content: Content) -> None:
    source = rendered(content)
    about = json.loads(re.search(r'id="about">(.*?)</script>', source)[1])  # type: ignore[index]
    blocks = [json.loads(found) for found in re.findall(r'class="texts">(.*?)</script>', source)]

    found = []
    for block in blocks:
        for frame, _, text, reference, output, *_ in block["rows"]:
            before, after = about["frames"][frame]
            prompt = before + block["texts"][text] + after
            found.append((prompt, block["texts"][reference], output))
    wanted = list(made_report.rows(ITEMS))
    assert [(prompt, reference) for prompt, reference, _ in found] == [
        (row.prompt, row.reference) for row in wanted
    ]
    assert about["count"] == ITEMS
