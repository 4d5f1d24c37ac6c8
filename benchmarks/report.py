"""The report of many items, in Chromium: its size, and how long a reader waits.

    python benchmarks/report.py [--json] [ITEMS ...]

A page of made-up items is written by the page's own code and opened from a file in headless
Chromium. Measured are the time to its first paint, until all items can be filtered, of a filter, of
a search through every text, of a change of language, and the longest task that kept the page from
answering its reader.
"""

from __future__ import annotations

import argparse
import json
import shutil
import tempfile
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

import made_report
from playwright.sync_api import Browser, Page, sync_playwright

SIZES = (1_000, 100_000)
_WATCH = """
window.longest = 0;
new PerformanceObserver((list) => {
  for (const task of list.getEntries()) window.longest = Math.max(window.longest, task.duration);
}).observe({ type: "longtask", buffered: true });
"""
_PAINT = "performance.getEntriesByName('first-contentful-paint')[0].startTime"


@dataclass(frozen=True)
class Measured:
    """One page; seconds, but for the longest task while reading and while asking (milliseconds)."""

    items: int
    megabytes: float
    write_seconds: float
    paint_seconds: float
    ready_seconds: float
    filter_seconds: float
    search_seconds: float
    language_seconds: float
    longest_reading_ms: float
    longest_asking_ms: float


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("sizes", nargs="*", type=int, default=list(SIZES))
    parser.add_argument("--json", action="store_true", help="print JSON lines")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"))
        for size in arguments.sizes:
            found = measure(browser, Path(folder) / "report.html", size)
            print(json.dumps(asdict(found)) if arguments.json else sentence(found), flush=True)
        browser.close()


def sentence(found: Measured) -> str:
    """Return the measurement in a line for people."""
    return (
        f"{found.items:,} items, {found.megabytes:.1f} MB, written in {found.write_seconds:.1f} s: "
        f"first paint {found.paint_seconds:.2f} s, ready {found.ready_seconds:.2f} s, "
        f"filter {found.filter_seconds:.2f} s, search {found.search_seconds:.2f} s, language "
        f"{found.language_seconds:.2f} s, longest task "
        f"{found.longest_reading_ms:.0f} ms while reading, {found.longest_asking_ms:.0f} ms after"
    )


def measure(browser: Browser, path: Path, size: int) -> Measured:
    """Write, open and question a page of `size` items."""
    began = time.perf_counter()
    made_report.write(path, size)
    written = time.perf_counter() - began
    page = browser.new_page()
    page.add_init_script(_WATCH)
    began = time.perf_counter()
    page.goto(path.as_uri(), wait_until="commit")
    page.wait_for_selector("html[data-answered='1']", timeout=120_000)
    ready = time.perf_counter() - began
    reading = _longest(page)
    filtering = _timed(page, 2, lambda: page.select_option("#f-stratum", label="umlaut"))
    _timed(page, 3, lambda: page.click("button[type=reset]"))
    searching = _timed(page, 4, lambda: page.fill("#f-text", "nicht lesen"))
    began = time.perf_counter()
    page.click("[data-language=de]")
    page.wait_for_selector("html[lang=de]")
    speaking = time.perf_counter() - began
    found = Measured(
        items=size,
        megabytes=path.stat().st_size / 1e6,
        write_seconds=written,
        paint_seconds=page.evaluate(_PAINT) / 1000,
        ready_seconds=ready,
        filter_seconds=filtering,
        search_seconds=searching,
        language_seconds=speaking,
        longest_reading_ms=reading,
        longest_asking_ms=_longest(page),
    )
    page.close()
    return found


def _timed(page: Page, answer: int, act: Callable[[], object]) -> float:
    """Return the seconds until the page gives its answer of that number."""
    began = time.perf_counter()
    act()
    page.wait_for_selector(f"html[data-answered='{answer}']", timeout=120_000)
    return time.perf_counter() - began


def _longest(page: Page) -> float:
    """Return the longest task since the last call, in milliseconds; 0 where none took 50."""
    longest: float = page.evaluate("[window.longest, (window.longest = 0)][0]")
    return longest


if __name__ == "__main__":
    main()
