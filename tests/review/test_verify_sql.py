"""`verify.sql` checks log, openings and scores in plain DuckDB, and believes no database file."""

from __future__ import annotations

import os
import random
import subprocess
import sys
from importlib.resources import files
from pathlib import Path

import duckdb
import pytest
from rapidfuzz.distance import Levenshtein

from reprollm.ledger.projection import FILE
from scores.earlier.ledgers import scored

SCRIPT = Path(str(files("reprollm.review").joinpath("verify.sql")))
COMMAND_LINE = str(Path(sys.executable).with_name("duckdb"))
# Runs the script as the command line does, but for its dot commands.
RUNNER = """\
import duckdb, sys
print(duckdb.__version__)
text = "".join(l for l in open(sys.argv[1], encoding="utf-8") if not l.startswith("."))
connection = duckdb.connect()
for statement in connection.extract_statements(text):
    found = connection.execute(statement)
print(found.fetchall())
"""
LTS = os.environ.get("DUCKDB_LTS")
ENGINES = ["command line", "module", *(["long-term release"] if LTS else [])]


@pytest.fixture
def bundle(tmp_path: Path) -> Path:
    """A folder with a scored ledger, as an unpacked bundle has it."""
    scored(tmp_path / "ledger")
    for path in tmp_path.rglob("*"):
        path.chmod(0o755 if path.is_dir() else 0o644)
    return tmp_path


def run(engine: str, folder: Path, *options: str) -> subprocess.CompletedProcess[str]:
    if engine == "command line":
        command = [COMMAND_LINE, *options, "-c", f".read {SCRIPT}"]
    else:
        command = [sys.executable, "-c", RUNNER, str(SCRIPT)]
    variables = {**os.environ, **({"PYTHONPATH": LTS} if engine.startswith("long") and LTS else {})}
    return subprocess.run(
        command, cwd=folder, env=variables, capture_output=True, text=True, check=False
    )


@pytest.mark.parametrize("engine", ENGINES)
def test_a_good_ledger_holds(engine: str, bundle: Path) -> None:
    done = run(engine, bundle)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "all that was checked holds; not checked: 0 of 9 rows" in done.stdout


@pytest.mark.parametrize("engine", ENGINES)
def test_a_changed_record_shows_in_names_and_root(engine: str, bundle: Path) -> None:
    shard = next((bundle / "ledger" / "shards").glob("score-*/*.jsonl"))
    shard.write_bytes(shard.read_bytes().replace(b'"n":5', b'"n":6'))
    done = run(engine, bundle)
    assert done.returncode != 0
    assert "do NOT hold" in done.stderr
    for check in ("shards whose bytes hash", "root of the hash tree", "exact_match"):
        assert check in done.stderr


def test_a_changed_opening_is_found(bundle: Path) -> None:
    path = next((bundle / "ledger" / "openings").glob("plan-*/*.jsonl"))
    path.write_bytes(path.read_bytes().replace(b"und er sprach", b"und er sprak!", 1))
    done = run("command line", bundle)
    assert done.returncode != 0
    assert "texts and arrays that are opened" in done.stderr


@pytest.mark.parametrize("options", [(), ("-readonly", f"ledger/{FILE}")])
def test_a_file_full_of_lies_is_neither_believed_nor_used(
    options: tuple[str, ...], bundle: Path
) -> None:
    with duckdb.connect(str(bundle / "ledger" / FILE)) as connection:
        for lie in (
            "CREATE MACRO sha256(b) AS 'ab'",
            "CREATE MACRO levenshtein(a, b) AS 0",
            "CREATE MACRO error(t) AS 'fine'",
            "CREATE OR REPLACE VIEW scores AS SELECT 1 AS best",
            "CREATE TABLE result (number INTEGER)",
        ):
            connection.execute(lie)
    done = run("command line", bundle, *options)
    assert done.returncode == 0, done.stdout + done.stderr
    with duckdb.connect(str(bundle / "ledger" / FILE)) as connection:
        connection.execute("UPDATE opening SET \"text\" = 'und er sprach' WHERE field = 'output'")
    done = run("command line", bundle, *options)
    assert done.returncode != 0
    assert "openings that ledger.duckdb shows otherwise" in done.stderr


def test_withheld_answers_leave_scores_unchecked_and_fail_nothing(bundle: Path) -> None:
    for path in (bundle / "ledger" / "openings").glob("run-*/**/*.jsonl"):
        path.unlink()
    with duckdb.connect(str(bundle / "ledger" / FILE)) as connection:
        connection.execute(
            "DELETE FROM opening WHERE field IN ('output', 'output_ids', 'logprobs', 'margins')"
        )
    done = run("command line", bundle)
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("not checked") >= 2


def test_a_script_that_could_not_run_whole_says_so(bundle: Path) -> None:
    (bundle / "ledger" / FILE).write_bytes(b"not a database")
    assert run("command line", bundle).returncode != 0


@pytest.fixture(scope="module")
def macros() -> duckdb.DuckDBPyConnection:
    """A connection with the script's own macros."""
    text = "".join(
        line for line in SCRIPT.read_text(encoding="utf-8").splitlines(True) if line[0] != "."
    )
    connection = duckdb.connect()
    for statement in duckdb.extract_statements(text):
        if statement.query.lstrip("-\n ").find("CREATE MACRO") >= 0:
            connection.execute(statement)
    return connection


def edits(macros: duckdb.DuckDBPyConnection, pairs: list[tuple[str, str]]) -> list[int | None]:
    """Return the script's own edit distances of some pairs of texts."""
    query = """
        WITH pair AS (SELECT points(p.a) AS a, points(p.b) AS b, n FROM (
            SELECT unnest(?::STRUCT(a VARCHAR, b VARCHAR)[]) AS p, unnest(range(?)) AS n))
        SELECT edits(a, b, list_intersect(list_distinct(a), list_distinct(b))) FROM pair ORDER BY n
    """
    given = [{"a": one, "b": other} for one, other in pairs]
    return [row[0] for row in macros.execute(query, [given, len(given)]).fetchall()]


def test_error_rates_count_code_points_as_rapidfuzz_does(
    macros: duckdb.DuckDBPyConnection,
) -> None:
    draw = random.Random(7)
    alphabets = [
        "ab",
        "abcdefgh ſßäöüÄÖÜ",
        "aeiou\u0308\u0301",
        "漢字仮名交じり文",
        "😀👍🏽ab\u200d",
    ]
    pairs = [("", ""), ("", "abc"), ("kitten", "sitting"), ("~\x7f", "\x7f~"), ("\x01", "\x02")]
    for _ in range(400):
        letters = draw.choice(alphabets) + draw.choice(alphabets)
        pairs.append(tuple("".join(draw.choices(letters, k=draw.randrange(24))) for _ in "ab"))
    for (one, other), found in zip(pairs, edits(macros, pairs), strict=True):
        assert found == Levenshtein.distance(one, other), (one, other)


def test_texts_with_too_many_shared_characters_are_not_judged(
    macros: duckdb.DuckDBPyConnection,
) -> None:
    many = "".join(map(chr, range(0x4E00, 0x4E00 + 126)))
    assert edits(macros, [(many, many[::-1]), (many, many), (many[:125], "x")]) == [None, 0, 125]


def test_white_space_is_stripped_as_python_strips_it(macros: duckdb.DuckDBPyConnection) -> None:
    codes = [code for code in (*range(1, 0x3100), 0xFEFF, 0x1F600)]
    texts = [f"{chr(code)}a b{chr(code)}" for code in codes]
    query = "SELECT stripped(t) FROM (SELECT unnest(?::VARCHAR[]) AS t)"
    found = [row[0] for row in macros.execute(query, [texts]).fetchall()]
    wrong = [hex(c) for c, t, f in zip(codes, texts, found, strict=True) if f != t.strip()]
    assert wrong == []
