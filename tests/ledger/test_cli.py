"""The command line as a user meets it: real processes, real exit codes."""

import csv
import io
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

import warm
from ledger.building import attempt, plan, publish_attempt, whole
from reprollm.ledger.commit import commit
from reprollm.records.shard import publish

HOSTILE = "\x1b[2J\x1b]0;title\x07 \u202eevil\u2066 [red]x[/red] \x9b31m\u2028 =cmd()"


def reprollm(*arguments: object) -> subprocess.CompletedProcess[str]:
    words = ("reprollm", "ledger", *map(str, arguments))
    return warm.run(*words, folder=Path.cwd(), environment=os.environ)


@pytest.fixture(scope="module")
def ledger(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("cli") / "ledger"
    made = plan(2, experiment="demo")
    made.seal(folder)
    publish(folder, f"run-{made.run[:16]}/00000000-00000002", attempt(made, 0, 2, answers=HOSTILE))
    commit(folder)
    return folder


def test_commit_verify_and_show_work_one_after_the_other(tmp_path: Path) -> None:
    whole(tmp_path)
    receipt = tmp_path / "receipts" / "commit.json"
    done = reprollm("commit", tmp_path, "--receipt", receipt)
    assert done.returncode == 0, done.stderr
    value = json.loads(receipt.read_text())
    assert value["size"] == 20
    assert value["root"] in done.stdout
    again = reprollm("commit", tmp_path, receipt)
    assert (again.returncode, again.stdout) == (0, done.stdout)
    verified = reprollm("verify", tmp_path)
    assert verified.returncode == 0, verified.stderr
    assert "the ledger holds" in verified.stdout
    shown = reprollm("show", tmp_path)
    assert shown.returncode == 0, shown.stderr
    checkpoint = (tmp_path / "log" / "000000000020.checkpoint").read_text()
    assert checkpoint in shown.stdout


def test_a_changed_record_ends_in_exit_code_4_and_its_name(tmp_path: Path) -> None:
    whole(tmp_path)
    commit(tmp_path)
    shard = next(tmp_path.glob("shards/run-*/**/*.jsonl"))
    shard.chmod(0o644)
    shard.write_bytes(shard.read_bytes().replace(b"node1", b"node2"))
    found = reprollm("verify", tmp_path)
    assert found.returncode == 4
    assert "LeafMismatch" in found.stderr
    assert str(shard) in found.stderr
    assert "Traceback" not in found.stderr
    assert "does NOT hold" in found.stdout
    report = json.loads(reprollm("verify", tmp_path, "--json").stdout)
    assert report["holds"] is False
    assert report["problems"][0]["defect"] == "LeafMismatch"


def test_an_incomplete_run_fails_unless_allowed(tmp_path: Path) -> None:
    made = plan(3)
    made.publish(tmp_path)
    publish_attempt(tmp_path, made, 0, 2, how=None)
    commit(tmp_path)
    found = reprollm("verify", tmp_path)
    assert found.returncode == 4
    assert "PlanIncomplete" in found.stderr
    allowed = reprollm("verify", tmp_path, "--allow-incomplete")
    assert allowed.returncode == 0
    assert "found none for 1" in allowed.stdout.replace("\n", " ")


def test_a_missing_ledger_is_one_sentence_and_exit_code_3(tmp_path: Path) -> None:
    for step in (["commit"], ["verify"], ["show"]):
        found = reprollm(*step, tmp_path / "absent")
        assert found.returncode == 3
        assert found.stderr.startswith("reprollm: expected ")
        assert found.stderr.count("\n") == 1


def test_a_query_comes_as_table_csv_or_json(ledger: Path) -> None:
    sql = "SELECT item, output_tokens, output, output_ids FROM answers ORDER BY item"
    rows = list(
        csv.DictReader(io.StringIO(reprollm("query", ledger, sql, "--format", "csv").stdout))
    )
    assert [row["item"] for row in rows] == ["item-0", "item-1"]
    values = json.loads(reprollm("query", ledger, sql, "--format", "json").stdout)
    assert [value["output"] for value in values] == [f"{HOSTILE} 0", f"{HOSTILE} 1"]
    assert rows[0]["output_ids"] == values[0]["output_ids"]
    assert "item-0" in reprollm("query", ledger, sql).stdout


def test_an_empty_answer_is_valid_json_and_csv(ledger: Path) -> None:
    sql = "SELECT item FROM answers WHERE false"
    assert json.loads(reprollm("query", ledger, sql, "--format", "json").stdout) == []
    assert reprollm("query", ledger, sql, "--format", "csv").stdout == "item\n"


@pytest.mark.parametrize(
    "arguments",
    [
        ["query", "SELECT output FROM answers"],
        ["query", 'SELECT output AS "\x1b[31m" FROM answers'],
        ["query", "SELECT output FROM answers", "--format", "json"],
        ["show", "6"],
        ["show"],
        ["verify"],
    ],
)
def test_hostile_texts_reach_no_terminal(ledger: Path, arguments: list[str]) -> None:
    found = reprollm(arguments[0], ledger, *arguments[1:])
    assert found.returncode == 0, found.stderr
    for character in "\x1b\x07\x9b\u202e\u2066\u2028":
        assert character not in found.stdout


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT",
        "SELECT * FROM nothing",
        "SELECT * FROM read_text('/etc/hostname')",
        "COPY log TO 'out.csv'",
        "SET enable_external_access = true",
        "DROP TABLE log",
    ],
)
def test_a_bad_query_is_refused_without_a_traceback(ledger: Path, sql: str) -> None:
    found = reprollm("query", ledger, sql)
    assert found.returncode == 3
    assert found.stderr.startswith("reprollm: DuckDB refuses the query")
    assert "Traceback" not in found.stderr


def test_a_record_is_shown_with_its_opened_texts(ledger: Path) -> None:
    found = reprollm("show", ledger, "1").stdout
    assert "prompt: ſprach 0 →" in found
    assert "prompt_ids: 1 70 71 72" in found


def test_help_texts_hold_an_example() -> None:
    for step in ("commit", "verify", "query", "show"):
        assert f"Example: reprollm ledger {step}" in reprollm(step, "--help").stdout


def test_verifying_loads_neither_torch_nor_pyarrow(tmp_path: Path) -> None:
    whole(tmp_path)
    commit(tmp_path)
    code = (
        "import sys\n"
        "from pathlib import Path\n"
        "import reprollm.cli.ledger\n"
        "assert not {'duckdb', 'rich', 'pyarrow'} & sys.modules.keys()\n"
        "from reprollm.ledger.verify import verify\n"
        f"assert verify(Path({str(tmp_path)!r})).holds\n"
        "print(sorted({'torch', 'pyarrow', 'numpy', 'pandera', 'pydantic'} & sys.modules.keys()))"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout == "[]\n"
