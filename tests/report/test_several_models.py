"""Two models, two prompts, sealed data: one run of all stages, and what is shown of each model."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from playwright.sync_api import Page

from ledger.both import defects
from report.several import CELLS, LEDGER, MODELS, NAME, REQUESTS, run_all
from reprollm.cli import reprollm as commands
from reprollm.ledger.query import query
from reprollm.report.concluded import pairs
from reprollm.report.content import Content, read
from workspaces import CHECKOUT

Open = Callable[..., Page]


def invoke(*arguments: str) -> Result:
    """Run a command that must end well, and return what it said."""
    result = CliRunner().invoke(commands, arguments)
    assert result.exit_code == 0, f"{arguments}: {result.output} {result.exception!r}"
    return result


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A workspace in which every stage was run."""
    made = tmp_path_factory.mktemp("several")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(made)
        patch.setenv("XDG_CACHE_HOME", str(made / "cache"))
        run_all(made, invoke)
    return made


@pytest.fixture(autouse=True)
def here(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(folder)
    monkeypatch.setenv("XDG_CACHE_HOME", str(folder / "cache"))
    monkeypatch.setenv("COLUMNS", "80")


@pytest.fixture(scope="module")
def content(folder: Path) -> Content:
    return read(folder / LEDGER)


@pytest.fixture(scope="module")
def again(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The ledger of a rerun of one of the models."""
    made = tmp_path_factory.mktemp("rerun") / "again"
    lock = folder / "experiments" / NAME / "models" / "large.lock.json"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CACHE_HOME", str(folder / "cache"))
        ledger = str(folder / LEDGER)
        invoke("rerun", ledger, "-o", str(made), "--model", "large", "--lock", str(lock))
    return made


def test_both_verifiers_find_it_whole(folder: Path) -> None:
    assert defects(folder / LEDGER) == ([], [])


def test_the_page_of_the_verifier_alone_says_which_model_is_meant(folder: Path) -> None:
    script = CHECKOUT / "src" / "reprollm" / "review" / "verify.py"
    command = [sys.executable, "-I", str(script), str(folder / LEDGER)]
    page = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    facts, table = page.partition("\nL0")[0], page.partition("Scores over all answers")[2]
    for model in MODELS:
        assert f"\nModel      {model}: " in facts
        assert re.search(rf"^    {model} +exact_match ", table, re.M)
        assert f"determinism of {model}: " in page
        assert f"sealed_twins of {model}: " in page
    assert len(re.findall(r"^Run ", facts, re.M)) == len(MODELS)


def test_each_model_has_the_findings_of_its_own_examination(content: Content) -> None:
    assert tuple(content.findings) == MODELS
    for found in content.findings.values():
        methods = [one.method for one in found.whole["test"]]
        assert methods == ["sealed_twins", "sealed_order", "canaries"]
        assert len(found.items) == 24
    first, second = (each.whole["screening"] for each in content.findings.values())
    assert [one.said("p") for one in first] != [one.said("p") for one in second]


def test_arms_stand_in_the_order_in_which_they_are_declared(content: Content) -> None:
    arms = list(dict.fromkeys((one.run, one.cell) for one in content.estimates))

    assert arms == [(each.run.run, cell) for each in content.runs for cell in CELLS]
    grid = invoke("table", NAME, "--format", "markdown").output
    rows = re.findall(r"^\| (small|large) \| (\w+) \| (\w+)", grid, re.MULTILINE)
    assert rows == [(model, *cell.split("/")) for model in MODELS for cell in CELLS]


@pytest.mark.parametrize("form", ["latex", "markdown", "csv", "html"])
def test_tables_name_both_models_and_count_what_they_warn_of(form: str) -> None:
    text = invoke("table", NAME, "--format", form).output

    assert "small" in text and "large" in text
    if form != "csv":
        assert re.search(r"\d+ of 288 answers ran out of tokens", text)
        assert "In 4 of 8 arms repetitions have identical answers" in text


def test_the_declared_comparison_of_the_models_is_summed_up(content: Content) -> None:
    found = {pair.name: pair for pair in pairs(content)}

    assert (found["models"].of, found["models"].against) == (
        "large · short/greedy",
        "small · short/greedy",
    )
    assert all(pair.n == 24 and pair.p is not None for pair in found.values())


@pytest.mark.parametrize(
    ("language", "sentences"),
    [
        ("en", ("large · short/greedy against small · short/greedy: character error rate differs",
                "small: the experiment says that a repetition keeps every bit: 48 of 48",
                "The models side by side", "CC-BY-NC-4.0 (for research only)", "--model small")),
        ("de", ("large · short/greedy gegen small · short/greedy: Zeichenfehlerrate unterscheidet",
                "large: Das Experiment sagt, eine Wiederholung erhalte jedes Bit: 48 von 48",
                "Die Modelle nebeneinander", "CC-BY-NC-4.0 (nur für Forschung)",
                "--model small")),
    ],
)  # fmt: skip
def test_a_reader_sees_what_is_said_of_which_model(
    open_page: Open, tmp_path: Path, language: str, sentences: tuple[str, ...]
) -> None:
    invoke("report", NAME, "-o", str(tmp_path / "r.html"), "--language", language)

    page = open_page(tmp_path / "r.html")

    text = page.inner_text("main")
    assert [sentence for sentence in sentences if sentence not in text] == []
    decisions = page.locator("#contamination table").first.locator("tbody tr")
    assert [row.split("\t")[1] for row in decisions.all_inner_texts()[:2]] == list(MODELS)
    facts = page.locator("#contamination table").last.locator("tbody tr").all_inner_texts()
    assert [row.split("\t")[1] for row in facts] == [{"en": "each", "de": "jedes"}[language]]
    assert page.locator("#models table").first.locator("tbody tr").count() == 2


def test_a_rerun_of_one_model_is_compared_with_that_model(again: Path) -> None:
    said = invoke("compare", NAME, str(again)).output
    assert f"all {REQUESTS // 2} requests reproduced, token by token" in said
    assert said == invoke("compare", LEDGER, str(again), "--model", "large").output


def test_two_ledgers_of_several_models_are_compared_by_the_model_that_is_named() -> None:
    unnamed = CliRunner().invoke(commands, ["compare", NAME, LEDGER])
    assert "(small, large), found none; name it with --model" in str(unnamed.exception)
    named = json.loads(invoke("compare", NAME, LEDGER, "--model", "small", "--json").output)
    assert named["reproduced"]
    for more in (("--first-run", "ab"), ("--of", "model=small", "--against", "model=large")):
        wrong = CliRunner().invoke(commands, ["compare", NAME, "--model", "small", *more])
        assert wrong.exit_code == 2


def test_the_report_says_of_how_many_a_rerun_of_one_model_speaks(again: Path) -> None:
    content = read(Path(LEDGER), again)

    asked = {content.name_of(each.run.run): len(each.alike) for each in content.runs}
    assert asked == {"small": 0, "large": REQUESTS // 2}


def test_models_of_one_ledger_are_compared_in_80_columns() -> None:
    arms = ("model=large,prompt=short,sampling=greedy", "model=small,prompt=short,sampling=greedy")
    said = invoke("compare", NAME, "--of", arms[0], "--against", arms[1]).output

    assert "  difference -0.0" in said
    assert re.search(r"^  items: better \d+, equal \d+, worse \d+$", said, re.MULTILINE)


def test_a_verification_fits_into_80_columns() -> None:
    said = invoke("ledger", "verify", NAME).output.splitlines()

    [heading] = [line for line in said if line.startswith(" run ")]
    assert heading.split() == "run trust planned answered failed missing besides".split()
    assert max(map(len, said)) <= 80
    with query(Path(LEDGER), "SELECT run FROM runs") as found:
        for (run,) in found.rows:
            assert [line.split()[:6] for line in said if line.startswith(f" {run[:8]} ")] == [
                [run[:8], "owned", "192", "192", "0", "0"]
            ]


def test_a_ledger_is_published_with_its_experiment_or_it_is_said_what_to_type(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, folder: Path
) -> None:
    bundle = tmp_path / "bundle.zip"
    invoke("publish", LEDGER, "-o", str(bundle), "--unsigned")
    checker = tmp_path / "verify.py"
    shutil.copy(CHECKOUT / "src" / "reprollm" / "review" / "verify.py", checker)
    alone = subprocess.run(
        [sys.executable, "-I", "-S", str(checker), str(bundle), "--json"],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert alone.returncode == 0, alone.stdout
    checked = " ".join(json.loads(alone.stdout)["levels"][0]["checked"])
    assert "the template of the prompt long" in checked

    monkeypatch.chdir(tmp_path)
    ledger = str(folder / LEDGER)
    refused = CliRunner().invoke(commands, ["publish", ledger, "-o", "x.zip"])
    assert f"type: reprollm publish FOLDER --ledger {ledger} -o BUNDLE" in str(refused.exception)


def test_a_ledger_goes_by_its_name_and_its_experiments_folder(tmp_path: Path) -> None:
    said = [
        invoke("ledger", "verify", name, "--json").output
        for name in (LEDGER, NAME, f"experiments/{NAME}")
    ]
    assert said[0] == said[1] == said[2]


def test_the_findings_of_each_model_are_shown_under_its_name() -> None:
    said = invoke("contamination", "show", NAME).output

    assert re.findall(r"^model (\w+)$", said, re.MULTILINE) == list(MODELS)
    assert said.count(" sealed_twins ") == len(MODELS)
    assert "before it" not in said


def test_what_is_declared_of_use_elsewhere_is_said_in_words(folder: Path, tmp_path: Path) -> None:
    shutil.copytree(folder / "experiments", tmp_path / "experiments")
    place = str(tmp_path / "experiments" / NAME)
    use = ("use", "--where", "browser", "--service", "ChatGPT", "--from", "2024-03")

    said = " ".join(invoke("exposure", "declare", place, *use).output.split())

    assert "sent to a model outside this tool; from 2024-03" in said
    assert "outside True" not in said
