"""Pictures of the report for the documentation: light, dark, on a phone, an item, a failing claim.

    python benchmarks/pictures.py [FOLDER]

Made in headless Chromium from a page of made-up items; FOLDER is docs/pictures without one.
"""

from __future__ import annotations

import shutil
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import made_report
from playwright.sync_api import Browser, Page, sync_playwright

ITEMS = 2_000
FOLDER = Path(__file__).parents[1] / "docs" / "pictures"
_SIZES = {"wide": (1000, 860), "narrow": (820, 860), "phone": (360, 740)}


@dataclass(frozen=True)
class Picture:
    """One picture: how the page is opened, what is done in it, and which part is shown."""

    name: str
    act: Callable[[Page], object]
    scheme: str = "light"
    part: str = ""
    size: str = "wide"


def main() -> None:
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else FOLDER
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as scratch, sync_playwright() as playwright:
        path = Path(scratch) / "report.html"
        made_report.write(path, ITEMS)
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"))
        for picture in PICTURES:
            print(taken(browser, path, folder, picture), flush=True)
        browser.close()


def taken(browser: Browser, report: Path, folder: Path, picture: Picture) -> str:
    """Take one picture; return its file and size."""
    width, height = _SIZES[picture.size]
    context = browser.new_context(
        viewport={"width": width, "height": height},
        color_scheme=picture.scheme,  # type: ignore[arg-type]
        reduced_motion="reduce",
    )
    page = context.new_page()
    page.goto(report.as_uri())
    page.wait_for_selector("html[data-answered]")
    picture.act(page)
    target = folder / f"report-{picture.name}.png"
    if picture.part:
        page.locator(picture.part).first.screenshot(path=target)
    else:
        page.screenshot(path=target)
    context.close()
    return f"{target}, {target.stat().st_size:,} bytes"


def _search(page: Page) -> None:
    page.select_option("#f-stratum", label="umlaut")
    page.fill("#f-text", "mühlen")
    page.wait_for_selector("html[data-answered='3']")
    page.locator("#items").scroll_into_view_if_needed()
    page.evaluate("document.getElementById('items').scrollIntoView()")


def _german(page: Page) -> None:
    page.click("[data-language=de]")
    page.wait_for_selector("html[lang=de]")


def _item(page: Page) -> None:
    page.select_option("#f-right", label="not as the reference")
    page.wait_for_selector("html[data-answered='2']")
    page.locator("#list tbody a").nth(1).click()
    page.wait_for_selector("#item:not([hidden])")


def _claims(page: Page) -> None:
    page.evaluate("document.getElementById('results').scrollIntoView()")


PICTURES = (
    Picture("light", lambda page: None),
    Picture("dark", _search, scheme="dark"),
    Picture("phone", _german, size="phone"),
    Picture("item", _item, part="#item", size="narrow"),
    Picture("claim", _claims),
)


if __name__ == "__main__":
    main()
