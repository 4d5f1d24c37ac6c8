"""Openings files from which texts were taken out, as verification reads them."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from reprollm.canon import dumps, loads_object
from reprollm.ledger.commit import commit
from reprollm.ledger.verify import verify
from reprollm.records.shard import read_openings
from withholding.overlapping import answered

Line = dict[str, Any]


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    ledger = tmp_path_factory.mktemp("openings") / "ledger"
    answered(ledger)
    return ledger


@pytest.fixture
def ledger(whole: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(whole, tmp_path / "ledger"))


def change(ledger: Path, group: str, to: Callable[[list[Line]], list[Line]]) -> Path:
    """Rewrite the openings file of the shard in `group`, and the projection after it."""
    [path] = ledger.glob(f"openings/{group}-*/**/*.jsonl")
    lines = to([loads_object(line) for line in path.read_bytes().splitlines()])
    path.chmod(0o644)
    path.write_bytes(b"".join(dumps(line) + b"\n" for line in lines))
    (ledger / "ledger.duckdb").unlink()
    return path


def salt_only(entry: dict[str, str]) -> dict[str, str]:
    return {"field": entry["field"], "salt": entry["salt"]}


def without_texts(lines: list[Line]) -> list[Line]:
    """Keep the salt of each line's first entry, drop the second, leave the others."""
    return [
        {**line, "openings": [salt_only(line["openings"][0]), *line["openings"][2:]]}
        for line in lines
    ]


def test_given_salts_and_secret_ones_are_counted_apart(ledger: Path) -> None:
    change(ledger, "run", without_texts)
    commit(ledger)
    report = verify(ledger)
    assert report.problems == ()
    withheld = [notice for notice in report.notices if "withheld" in notice]
    assert withheld == [
        "6 of 47 texts and arrays withheld (salt given: whoever has the text can confirm it)",
        "6 of 47 texts and arrays withheld (salt secret): their commitments stand, their openings "
        "are not here",
    ]


def test_what_is_withheld_is_no_row_of_the_projection(ledger: Path) -> None:
    import duckdb

    path = change(ledger, "run", without_texts)
    commit(ledger)
    with duckdb.connect(str(ledger / "ledger.duckdb"), read_only=True) as connection:
        query = "SELECT field, count(*) FROM opening GROUP BY field ORDER BY field"
        counts = dict(connection.execute(query).fetchall())
        outputs = connection.execute("SELECT DISTINCT output FROM answers").fetchall()
    assert counts == {
        "logprobs": 6, "margins": 6, "prompt": 6, "prompt_ids": 6, "reference": 5, "source": 6,
    }  # fmt: skip
    assert outputs == [(None,)]
    assert {field for found in read_openings(path).values() for field in found} == {
        "logprobs",
        "margins",
    }


def moved(lines: list[Line]) -> list[Line]:
    """Give a salt to the one request that has no reference."""
    [poor] = [line for line in lines if len(line["openings"]) == 3]
    entry = {"field": "reference", "salt": "ab" * 32}
    return [{**line, "openings": [*line["openings"], entry]} if line is poor else line
            for line in lines]  # fmt: skip


def first_line(entries: Callable[[list[Line]], list[Line]]) -> Callable[[list[Line]], list[Line]]:
    return lambda lines: [{**lines[0], "openings": entries(lines[0]["openings"])}, *lines[1:]]


WRONG: dict[str, Callable[[list[Line]], list[Line]]] = {
    "a salt for a text that there never was": moved,
    "a salt for an unknown field": first_line(
        lambda entries: [*entries, {"field": "thought", "salt": "ab" * 32}]
    ),
    "a salt beside the same field's text": first_line(
        lambda entries: [salt_only(entries[0]), *entries]
    ),
    "a salt twice": first_line(lambda entries: [salt_only(entries[0])] * 2),
    "a short salt": first_line(lambda entries: [{"field": "prompt", "salt": "ab" * 31}]),
    "a salt in capitals": first_line(lambda entries: [{"field": "prompt", "salt": "AB" * 32}]),
    "a text that is null": first_line(lambda entries: [{**salt_only(entries[0]), "text": None}]),
    "no entry": first_line(lambda entries: []),
    "the salts of a record that is not there": lambda lines: [
        *lines,
        {"leaf": "ab" * 32, "openings": [{"field": "prompt", "salt": "ab" * 32}]},
    ],
}


@pytest.mark.parametrize("to", WRONG.values(), ids=WRONG)
def test_any_other_spelling_of_what_is_withheld_is_found(
    to: Callable[[list[Line]], list[Line]], ledger: Path
) -> None:
    change(ledger, "plan", to)
    report = verify(ledger)
    assert {problem.defect for problem in report.problems} == {"CommitmentMismatch"}
