"""The report in headless Chromium: finding, opening, reading, printing; by mouse and keyboard."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import made_report
import pytest
from playwright.sync_api import Page

Open = Callable[..., Page]
ITEMS = 400


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("report") / "report.html"
    made_report.write(path, ITEMS)
    return path


def asked(page: Page, act: Callable[[], object]) -> None:
    """Do what asks another question, and wait for its answer."""
    before = int(page.get_attribute("html", "data-answered") or 0)
    act()
    page.wait_for_selector(f"html[data-answered='{before + 1}']")


def choose(page: Page, field: str, label: str) -> None:
    asked(page, lambda: page.select_option(f"#f-{field}", label=label))


def number(page: Page) -> int:
    return int(page.inner_text("#count").split(" of ")[0].replace(",", ""))


def expected(**wanted: object) -> int:
    return sum(
        all(getattr(row, name) == value for name, value in wanted.items())
        for row in made_report.rows(ITEMS)
    )


def test_a_filter_leaves_just_the_rows_that_it_names(open_page: Open, report: Path) -> None:
    page = open_page(report)
    for field, label, wanted in (
        ("stratum", "umlaut", {"stratum": "umlaut"}),
        ("split", "test", {"split": "test"}),
        ("run", "kurrent-7b", {"run": 1}),
        ("cell", "expert/greedy", {"cell": "expert/greedy"}),
        ("status", "unparsed", {"status": "unparsed"}),
        ("status", "refused", {"status": "refused"}),
        ("status", "cut off", {"runaway": True}),
        ("right", "not as the reference", {"right": False}),
        ("again", "again different", {"again": 2}),
        ("document", "brief-00003", {"document": "brief-00003"}),
    ):
        choose(page, field, label)
        assert number(page) == expected(**wanted) > 0, label
        choose(page, field, "any")


def test_filters_and_words_hold_together(open_page: Open, report: Path) -> None:
    page = open_page(report)

    choose(page, "stratum", "abbreviation")
    asked(page, lambda: page.fill("#f-text", "leider nicht LESEN"))

    rows = [row for row in made_report.rows(ITEMS) if row.status == "refused"]
    assert number(page) == sum(row.stratum == "abbreviation" for row in rows) > 0
    assert page.locator("#list tbody tr").count() == number(page)
    asked(page, lambda: page.click("button[type=reset]"))
    assert number(page) == ITEMS


def test_a_check_filters_by_what_it_says_of_each_model(open_page: Open, report: Path) -> None:
    page = open_page(report)
    found = [each.findings.items for each in made_report.content(ITEMS).runs]
    listed = [
        sum(
            "min_k_20" in (said := of[row.item]) and said["min_k_20"].said("verdict") == "listed"
            for row in made_report.rows(ITEMS)
            if row.run == run
        )
        for run, of in enumerate(found)
    ]

    choose(page, "verdict", "min k 20: listed")

    assert number(page) == sum(listed)
    assert listed[0] != listed[1]


def test_a_position_in_the_log_is_found_after_its_first_digits(
    open_page: Open, report: Path
) -> None:
    page = open_page(report)
    position = str(list(made_report.rows(ITEMS))[-3].position)

    for typed in (position[:2], position):
        asked(page, lambda said=typed: page.fill("#f-text", said))
    shown = page.locator("#list tbody tr").all_inner_texts()
    asked(page, lambda: page.fill("#f-text", ""))
    asked(page, lambda: page.fill("#f-text", position))

    assert page.locator("#list tbody tr").all_inner_texts() == shown != []


def test_more_letters_and_fewer_find_what_a_new_search_finds(open_page: Open, report: Path) -> None:
    page = open_page(report)

    def hits(words: str) -> int:
        asked(page, lambda: page.fill("#f-text", words))
        return number(page)

    few = hits("leider")
    assert hits("leider nicht") == few > 0
    assert hits("leider nicht lesen und") == 0
    assert hits("leider") == few
    choose(page, "stratum", "abbreviation")
    asked(page, lambda: page.fill("#f-text", "leider"))
    narrow = number(page)
    choose(page, "stratum", "any")
    assert number(page) == few > narrow


def test_a_search_finds_letters_however_they_are_composed(open_page: Open, report: Path) -> None:
    page = open_page(report)

    asked(page, lambda: page.fill("#f-text", "der alten mühlen"))

    held = "der alten m\u00fchlen"
    texts = [(row.output or "", row.reference or "") for row in made_report.rows(ITEMS)]
    assert number(page) == sum(held in reference.lower() for _, reference in texts) > 0


def test_a_search_finds_words_of_the_prompt_and_ids(open_page: Open, report: Path) -> None:
    page = open_page(report)
    row = list(made_report.rows(ITEMS))[7]
    last = " ".join((row.source or "").split()[-3:])

    for words, hits in (
        ("heutiger recht", ITEMS),
        (
            "rechtschreibung: vnnd der herr",
            sum("\nvnnd" in (each.prompt or "") for each in made_report.rows(ITEMS)),
        ),
        (f"{last} antwort:", 4),
        (row.request, 1),
        (str(row.leaf), 1),
    ):
        asked(page, lambda said=words: page.fill("#f-text", said))
        assert number(page) == hits > 0, words


def test_the_worst_come_first_where_that_is_asked(open_page: Open, report: Path) -> None:
    page = open_page(report)

    choose(page, "order", "character error rate, highest first")

    shown = page.locator("#list tbody tr td:nth-child(5)").all_inner_texts()
    values = [float(text) for text in shown if text]
    worst = max(row.scores["character_error_rate"] or 0 for row in made_report.rows(ITEMS))
    assert values == sorted(values, reverse=True)
    assert values[0] == round(worst, 6)


def test_a_link_opens_its_item_with_its_place_in_the_ledger(open_page: Open, report: Path) -> None:
    row = list(made_report.rows(ITEMS))[ITEMS // 2 + 3]
    fragment = f"#item={row.item}&model=kurrent-7b&cell={row.cell.replace('/', '%2F')}"
    page = open_page(report, f"{fragment}&seed=0&repetition=0")

    page.wait_for_selector("#item:not([hidden])")

    text = page.inner_text("#item")
    assert page.inner_text("#item-title") == f"Item {row.item}"
    assert row.leaf is not None and row.leaf in text
    assert row.request in text
    assert f"reprollm proof make ledger/letters {row.position} " in text
    assert page.locator("#item dl.texts pre").first.inner_text() == row.output


def test_the_address_of_an_opened_item_opens_it_again(open_page: Open, report: Path) -> None:
    page = open_page(report)
    page.locator("#list tbody a").nth(17).click()
    title = page.inner_text("#item-title")
    fragment = "#" + page.url.split("#", 1)[1]
    leaf = page.locator("#item .record code").nth(3).inner_text()

    again = open_page(report, fragment)

    again.wait_for_selector("#item:not([hidden])")
    assert again.inner_text("#item-title") == title
    assert again.locator("#item .record code").nth(3).inner_text() == leaf


def test_a_link_to_no_item_says_so(open_page: Open, report: Path) -> None:
    page = open_page(report, "#item=nobody")

    page.wait_for_selector("#count [data-t='item.unknown']")
    assert page.is_hidden("#item")


def test_withheld_failed_and_empty_answers_are_shown_as_such(open_page: Open, report: Path) -> None:
    page = open_page(report)
    for status, words in (
        ("withheld", "Withheld: the text is committed to in the log"),
        ("failed", "out of memory: 3 of 4 requests of its batch"),
        ("empty", "(empty)"),
    ):
        choose(page, "status", status)
        page.locator("#list tbody a").first.click()
        assert words in page.inner_text("#item")
        page.keyboard.press("Escape")


def test_everything_works_from_the_keyboard(open_page: Open, report: Path) -> None:
    page = open_page(report)

    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    page.focus("#f-text")
    asked(page, lambda: page.keyboard.type("brief-00002-03"))
    for _ in range(30):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.closest('#list tbody') !== null"):
            break
    page.keyboard.press("Enter")
    page.wait_for_selector("#item:not([hidden])")
    assert page.evaluate("document.activeElement.id") == "item-title"
    page.keyboard.press("Escape")
    assert page.is_hidden("#item")
    assert page.evaluate("document.activeElement.dataset.row") is not None


def test_focus_leaves_the_page_at_its_end(open_page: Open, tmp_path: Path) -> None:
    """No element keeps the focus: tabbing on meets each place once and then none."""
    made_report.write(tmp_path / "small.html", 8)
    page = open_page(tmp_path / "small.html")
    seen = []
    for _ in range(100):
        page.keyboard.press("Tab")
        here = page.evaluate(
            "(() => { const at = document.activeElement; if (at === document.body) return null;"
            " at.dataset.met = Number(at.dataset.met || 0) + 1; return at.dataset.met; })()"
        )
        if here is None:
            break
        seen.append(here)
    assert here is None
    assert set(seen) == {"1"}


def test_pages_of_the_list_follow_one_another(open_page: Open, report: Path) -> None:
    page = open_page(report)
    first = page.locator("#list tbody tr").first.inner_text()

    page.click("#list .pager button:has-text('Next page')")

    assert "51 to 100 of 400" in page.inner_text("#list caption")
    assert page.evaluate("document.activeElement.tagName") == "CAPTION"
    assert page.locator("#list tbody tr").first.inner_text() != first


def test_the_number_of_hits_is_announced(open_page: Open, report: Path) -> None:
    page = open_page(report)

    assert page.get_attribute("#count", "aria-live") == "polite"
    asked(page, lambda: page.fill("#f-text", "so etwas steht nirgends"))
    assert page.inner_text("#count") == f"0 of {ITEMS} requests"
    assert page.inner_text("#list") == "No request matches."


def test_a_reader_can_switch_to_german_and_back(open_page: Open, report: Path) -> None:
    page = open_page(report)
    english = page.inner_text("main")

    page.click("[data-language=de]")
    page.wait_for_selector("html[lang=de]")

    assert page.inner_text("#summary-title") == "Zusammenfassung"
    assert "0,0410" in page.inner_text("#summary")
    assert "0.0410" not in page.inner_text("#summary")
    assert page.inner_text("#count") == "400 von 400 Anfragen"
    assert page.locator("[data-t]:visible").all_inner_texts().count("not quantized") == 0
    page.click("[data-language=en]")
    page.wait_for_selector("html[lang=en]")
    assert page.inner_text("main") == english


def test_it_opens_in_the_language_that_was_asked_for(open_page: Open, tmp_path: Path) -> None:
    made_report.write(tmp_path / "bericht.html", 40, "de")

    page = open_page(tmp_path / "bericht.html")

    assert page.get_attribute("html", "lang") == "de"
    assert page.inner_text("#results-title") == "Ergebnisse"
    written = page.inner_text("#summary")
    page.click("[data-language=en]")
    page.wait_for_selector("html[lang=en]")
    page.click("[data-language=de]")
    page.wait_for_selector("html[lang=de]")
    assert page.inner_text("#summary") == written


@pytest.mark.parametrize("language", ["en", "de"])
def test_a_phone_needs_no_scrolling_sideways(open_page: Open, report: Path, language: str) -> None:
    page = open_page(report, "#item=brief-00002-03", viewport={"width": 360, "height": 740})
    page.wait_for_selector("#item:not([hidden])")
    page.click(f"[data-language={language}]")
    page.wait_for_selector(f"html[lang={language}]")
    page.evaluate("document.querySelectorAll('details').forEach((each) => { each.open = true; })")

    wide = page.evaluate("[document.documentElement.scrollWidth, window.innerWidth]")

    assert wide == [360, 360]


def test_on_paper_the_controls_are_gone_and_the_numbers_stay(open_page: Open, report: Path) -> None:
    page = open_page(report, "#item=brief-00002-03", color_scheme="dark")
    page.wait_for_selector("#item:not([hidden])")

    page.emulate_media(media="print")

    assert page.is_hidden("#filter") and page.is_hidden("nav")
    assert page.is_visible("#summary") and page.is_visible("#item")
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    assert page.pdf()[:5] == b"%PDF-"


def test_without_scripts_the_page_says_what_is_missing(open_page: Open, report: Path) -> None:
    page = open_page(report, java_script_enabled=False)

    assert "Scripts are off here, so only the first 20 are shown" in page.inner_text("#items")
    assert page.is_hidden("#filter") and page.is_hidden(".languages")
    assert page.locator("#first details").count() == 20
    assert "brief-00000-00" in page.inner_text("#first")
    assert page.locator("table.plot svg").count() > 0


def test_a_hundred_thousand_items_are_filtered_and_searched(
    open_page: Open, tmp_path: Path
) -> None:
    made_report.write(tmp_path / "large.html", 100_000)
    page = open_page(tmp_path / "large.html")

    assert number(page) == 100_000
    choose(page, "stratum", "umlaut")
    assert number(page) == 25_000
    asked(page, lambda: page.fill("#f-text", "leider nicht lesen"))
    assert 0 < number(page) < 1_000
    asked(page, lambda: page.click("button[type=reset]"))
    choose(page, "order", "character error rate, highest first")
    assert number(page) == 100_000
    worst = [
        float(each) for each in page.locator("#list tbody td.number:nth-child(5)").all_inner_texts()
    ]
    assert worst == sorted(worst, reverse=True)
    rates = [row.scores["character_error_rate"] or 0 for row in made_report.rows(100_000)]
    assert worst[0] == round(max(rates), 6)
    last = "#item=brief-01249-19&model=kurrent-7b&cell=expert%2Fgreedy"
    page.evaluate("(place) => { location.hash = place; }", last)
    page.wait_for_selector("#item:not([hidden])")
    assert page.inner_text("#item-title") == "Item brief-01249-19"
