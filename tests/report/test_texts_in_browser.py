"""Texts in the report: shown as text whatever they contain, and compared as readers see them."""

from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path

import made_report
import pytest
from playwright.sync_api import Browser, Page

Open = Callable[..., Page]
SCRIPTS = (
    "<script>alert(1)</script><img src=x onerror=alert(2)><svg onload=alert(3)>"
    "</script><script>alert(4)</script><!--<script>\u2028<iframe srcdoc='<script>alert(5)'>"
    "<link rel=stylesheet href=http://192.0.2.1/a.css><base href=//192.0.2.1>"
    "<a href=javascript:alert(6)>x</a>{{ 7*7 }}${alert(8)}]]>"
)
ACTING = "a\x00b\x1b[31mc\u202etxt.exe\u202c\u2066\u200b\ufeff\x9b2J\ue000\U000e0041\ud800d\r"
WRITTEN = (
    "a\\x00b\\x1b[31mc\\u202etxt.exe\\u202c\\u2066\\u200b\\ufeff\\x9b2J\\ue000\\U000e0041\\ud800d"
)
MARKS = ("\u0308", "\u0301", "\u0323")
LETTERS = "aou ſß\U0001f469\u200d\U0001f680e"


def texts(at: int) -> dict[str, str]:
    """Two texts that differ in letters, marks, order and length, the same for each `at`."""
    drawn = random.Random(at)

    def letter() -> str:
        marks = drawn.sample(MARKS, drawn.choice((0, 0, 0, 1, 2)))
        return drawn.choice(LETTERS) + "".join(marks)

    first = [letter() for _ in range(drawn.randrange(25))]
    second = [each for each in first if drawn.random() < 0.8]
    for _ in range(drawn.randrange(4)):
        second.insert(drawn.randrange(len(second) + 1), letter())
    return {"reference": "".join(first), "output": "".join(second)}


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("texts") / "report.html"
    hostile = dict.fromkeys(("prompt", "source", "output"), SCRIPTS)
    hostile |= {"reference": ACTING, "item": SCRIPTS, "stratum": ACTING, "message": SCRIPTS}
    replaced = {0: hostile, **{at: texts(at) for at in range(20, 40)}}
    replaced[1] = {"reference": "Ko\u0308ln am Rhein", "output": "K\u00f6ln am Main"}
    replaced[2] = {"reference": "a" * 3000, "output": "b" * 3000}
    made_report.write(path, 40, replaced=replaced)
    return path


def opened(page: Page, at: int) -> None:
    page.locator("#list tbody a").nth(at).click()
    page.wait_for_selector("#item:not([hidden])")


def test_nothing_in_a_text_runs_or_is_fetched(open_page: Open, report: Path) -> None:
    page = open_page(report)
    fetched: list[str] = []
    page.on("request", lambda request: fetched.append(request.url))
    page.reload()
    page.wait_for_selector("html[data-answered]")

    opened(page, 0)

    assert page.locator("#item dl.texts pre").first.inner_text() == SCRIPTS.replace(
        "\u2028", "\\u2028"
    )
    assert page.locator("img, iframe, link, base, object, embed").count() == 0
    assert page.locator("script:not([type='application/json'])").count() == 1
    assert page.locator("[onerror], [onload], [src], a[href^='javascript']").count() == 0
    assert fetched == [report.as_uri()]


def test_the_policy_lets_in_the_page_s_own_script_alone(browser: Browser, report: Path) -> None:
    page = browser.new_page()
    refused: list[str] = []
    page.on("console", lambda said: refused.append(said.text))
    page.goto(report.as_uri())

    ran = page.evaluate(
        "(() => { const made = document.createElement('script'); made.textContent = 'window.ran=1';"
        " document.body.append(made); return window.ran; })()"
    )

    assert ran is None
    assert "Content Security Policy" in refused[0]
    page.close()


def test_characters_that_act_are_written_out_and_set_apart(open_page: Open, report: Path) -> None:
    page = open_page(report)
    opened(page, 0)

    reference = page.locator("#item dl.texts pre").nth(1)

    assert reference.inner_text() == WRITTEN + "\\x0d"
    assert reference.locator(".acting").count() == 12
    assert reference.locator(".acting").nth(2).inner_text() == "\\u202e"
    source = report.read_text(encoding="utf-8")
    assert not {"\u202e", "\x1b", "\x00", "\u200b"} & set(source)
    assert "<script>alert(1)" not in source


def test_a_difference_gives_back_both_texts(open_page: Open, report: Path) -> None:
    page = open_page(report)
    found = {}
    for at in range(20, 40):
        if texts(at)["reference"] == texts(at)["output"]:
            continue
        opened(page, at)
        found[at] = page.evaluate(
            "(() => { const take = (gone) => {"
            " const copy = document.querySelector('.diff').cloneNode(true);"
            " copy.querySelectorAll(gone + ', .unseen').forEach((each) => each.remove());"
            " return copy.textContent; };"
            " return { reference: take('ins'), output: take('del') }; })()"
        )

    joiner = "\u200d"
    wanted = {
        at: {name: text.replace(joiner, "\\u200d") for name, text in texts(at).items()}
        for at in found
    }
    assert len(found) > 10
    assert found == wanted


def test_a_letter_with_its_marks_is_one_character(open_page: Open, report: Path) -> None:
    page = open_page(report)
    opened(page, 1)

    removed = page.locator(".diff del bdi").all_inner_texts()
    added = page.locator(".diff ins bdi").all_inner_texts()

    assert removed[0] == "o\u0308" and added[0] == "\u00f6"
    assert "U+006F U+0308 – U+00F6" in page.inner_text("#item")
    assert page.locator(".diff del").first.get_attribute("title") == "U+006F U+0308"


def test_texts_that_lie_far_apart_are_not_aligned(open_page: Open, report: Path) -> None:
    page = open_page(report)

    opened(page, 2)

    assert "differ too much to be aligned" in page.inner_text("#item")
