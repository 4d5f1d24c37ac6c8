"""axe finds nothing: light, dark, on a phone, in both languages, with all that can be seen."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import made_report
import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

Open = Callable[..., Page]
RULES = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]}


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("accessible") / "report.html"
    made_report.write(path, 8, replaced={3: {"output": "a\u202eb", "reference": "ab\u0308"}})
    return path


@pytest.mark.parametrize(
    ("scheme", "language", "width"), [("light", "en", 1100), ("dark", "de", 360)]
)
def test_axe_finds_nothing(
    open_page: Open, report: Path, scheme: str, language: str, width: int
) -> None:
    page = open_page(report, color_scheme=scheme, viewport={"width": width, "height": 800})
    page.click(f"[data-language={language}]")
    page.evaluate("document.getElementById('first').hidden = false;")
    page.evaluate("document.querySelectorAll('details').forEach((each) => { each.open = true; })")
    page.locator("#list tbody a").nth(3).click()
    page.wait_for_selector("#item:not([hidden])")

    found = Axe().run(page, options=RULES).response["violations"]

    assert [
        (each["id"], [node["html"][:120] for node in each["nodes"]][:3]) for each in found
    ] == []
