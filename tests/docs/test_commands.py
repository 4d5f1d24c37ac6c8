"""Every command of README and docs is run as it stands, or listed with the reason why not."""

from __future__ import annotations

from pathlib import Path

import pytest

from docs.blocks import Step, blocks, is_typed, pages, steps, text_of
from docs.calling import check
from docs.listed import BEFORE, CODES, UNRUN, Unrun
from docs.sandbox import Sandbox, make_sandbox

TUTORIAL = "docs/tutorial.md"


def listing(page: str, step: Step) -> Unrun | None:
    """Return the line of the list that names a command, if any."""
    named = [each for each in UNRUN if each.page == page and step.text.startswith(each.begins)]
    return named[0] if named and not step.file else None


def code(page: str, step: Step) -> int:
    named = [
        code for (of, begins), code in CODES.items() if of == page and step.text.startswith(begins)
    ]
    return next(iter(named), 0)


def to_type(page: str) -> list[Step]:
    """Return what is typed of a page: neither what is listed nor what the tutorial typed already.

    The tutorial is where all other pages begin.
    """
    typed = [] if page == TUTORIAL else [step.text for step in steps(TUTORIAL)]
    return [step for step in steps(page) if not listing(page, step) and step.text not in typed]


def run(page: str, sandbox: Sandbox) -> None:
    """Type a page's commands and let the test say which of them went wrong."""
    wanted = [(step, code(page, step)) for step in to_type(page)]
    typed = sandbox.type(wanted, BEFORE.get(page, ""))
    assert typed.code == 0, f"{page}: {typed.said[-6000:]}"


@pytest.fixture(scope="module")
def letters(tmp_path_factory: pytest.TempPathFactory) -> Sandbox:
    """The machine of a reader who went through the tutorial."""
    made = make_sandbox(tmp_path_factory.mktemp("docs") / "letters")
    run(TUTORIAL, made)
    return made


@pytest.mark.parametrize("page", [page for page in pages() if page != TUTORIAL and to_type(page)])
def test_the_commands_of_a_page_do_what_it_says(
    page: str, letters: Sandbox, tmp_path: Path
) -> None:
    run(page, letters.copy(tmp_path / "reader"))


def test_the_tutorial_ends_in_a_verified_ledger(letters: Sandbox) -> None:
    assert (letters.work / "ledger" / "letters" / "report.html").exists()


@pytest.mark.parametrize("page", pages())
def test_commands_that_are_not_run_would_be_understood(page: str) -> None:
    for step in steps(page):
        if listing(page, step):
            check(step.text)


def test_the_list_names_only_commands_that_stand_in_the_pages() -> None:
    stale = [
        each
        for each in UNRUN
        if not any(step.text.startswith(each.begins) for step in steps(each.page) if not step.file)
    ]
    assert stale == []


def test_a_block_is_a_command_block_by_the_programs_that_it_calls() -> None:
    assert is_typed("reprollm verify letters.zip\n")
    assert is_typed("REPROLLM_MODELS=models reprollm plan letters\n")
    assert not is_typed("reprollm verify.py: normalisation\n")
    assert not is_typed("name: letters\n")


def test_blocks_are_found_fenced_and_indented_in_lists_too() -> None:
    page = (
        "a\n\n    make demo\n\n1. b\n\n        python3 x.py \\\n            -o y\n\n"
        "    and so on\n\n```sh\nls\n```\n"
    )
    assert [block.text for block in blocks(page)] == [
        "make demo\n",
        "python3 x.py \\\n    -o y\n",
        "and so on\n",
        "ls\n",
    ]


def test_every_page_has_a_title() -> None:
    assert [page for page in pages() if not text_of(page).startswith("# ")] == []
