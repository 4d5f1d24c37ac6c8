import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest

from ledger.building import whole
from reprollm.ledger import definitions, projected, projection, schema
from reprollm.ledger.commit import commit
from reprollm.ledger.projection import FILE, opened
from reprollm.ledger.read import final_answers
from reprollm.ledger.verify import verify

LATER = "reprollm/projection/6"
PACKAGE = Path(schema.__file__).parents[1]


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("published")
    whole(folder, 2)
    commit(folder)
    return folder


@pytest.fixture
def ledger(published: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(published, tmp_path / "ledger"))


@pytest.fixture
def later(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A release to come: its views show a column more, today's statements lie in a file."""
    frozen = tmp_path / "definitions"
    frozen.mkdir()
    (frozen / "5.sql").write_text(schema.ddl(), encoding="utf-8")
    joined = schema._JOINED.replace("SELECT size, origin", "SELECT 5 AS release, size, origin")
    monkeypatch.setattr(schema, "_JOINED", joined)
    monkeypatch.setattr(schema, "_TABLES", schema._TABLES.replace(schema.VERSION, LATER))
    monkeypatch.setattr(definitions, "_FROZEN", frozen)
    for module in (schema, definitions, projection, projected):
        monkeypatch.setattr(module, "VERSION", LATER)
    definitions.expected.cache_clear()
    yield
    definitions.expected.cache_clear()


def change(ledger: Path, statement: str) -> None:
    with duckdb.connect(ledger / FILE) as connection:
        connection.execute(statement)


def sentence(ledger: Path) -> str:
    [problem] = verify(ledger).problems
    assert problem.defect == "ProjectionMismatch"
    return problem.sentence


def test_the_file_names_the_version_of_its_definitions(ledger: Path) -> None:
    with opened(ledger) as connection:
        assert projection.version_of(connection) == "reprollm/projection/5"


@pytest.mark.usefixtures("later")
def test_a_file_of_an_earlier_release_verifies_and_is_not_rebuilt(ledger: Path) -> None:
    before = (ledger / FILE).read_bytes()
    assert verify(ledger).holds
    assert (ledger / FILE).read_bytes() == before


@pytest.mark.usefixtures("later")
def test_a_file_of_an_earlier_release_is_read_through_the_views_of_today(ledger: Path) -> None:
    assert [answer.output for answer in final_answers(ledger)] == ["sprach 0", "sprach 1"]
    with opened(ledger) as connection:
        rows = connection.execute("SELECT release, size FROM checkpoints").fetchall()
    assert rows == [(5, int(path.stem)) for path in sorted((ledger / "log").glob("*.checkpoint"))]


@pytest.mark.usefixtures("later")
def test_a_lying_view_in_a_file_of_an_earlier_release_is_found(ledger: Path) -> None:
    change(ledger, "CREATE OR REPLACE VIEW checkpoints AS SELECT 1 AS size")
    assert "defines other tables, columns, views or macros" in sentence(ledger)


@pytest.mark.usefixtures("later")
def test_a_commit_rebuilds_the_file_with_the_definitions_of_today(ledger: Path) -> None:
    commit(ledger)
    with opened(ledger) as connection:
        assert projection.version_of(connection) == LATER
    assert verify(ledger).holds


def test_views_of_another_version_than_the_file_names_are_found(ledger: Path) -> None:
    change(
        ledger, "CREATE OR REPLACE VIEW checkpoints AS SELECT 5 AS release, size FROM checkpoint"
    )
    assert "view checkpoints" in sentence(ledger)


@pytest.mark.parametrize(
    ("statement", "words"),
    [
        ("UPDATE about SET schema = 'reprollm/projection/9'", "names 'reprollm/projection/9'"),
        ("UPDATE about SET schema = 'another/thing'", "names 'another/thing'"),
        ("DELETE FROM about", "names none"),
        ("INSERT INTO about VALUES ('reprollm/projection/2')", "names none"),
        ("DROP TABLE about", "names none"),
    ],
)
def test_a_version_that_nobody_released_is_told_in_a_sentence(
    ledger: Path, statement: str, words: str
) -> None:
    change(ledger, statement)
    told = sentence(ledger)
    assert words in told
    assert "take a newer reprollm" in told


def test_a_file_without_the_tables_of_a_projection_is_refused(ledger: Path) -> None:
    (ledger / FILE).unlink()
    change(ledger, "CREATE TABLE something (a INTEGER)")
    assert "lacks the tables of a projection" in sentence(ledger)


def test_definitions_are_written_in_what_every_duckdb_release_writes_out_alike() -> None:
    """List literals and comprehensions come back as `main.…` from some releases, blobs as X'…'."""
    with duckdb.connect(":memory:") as connection:
        schema.define(connection)
        found = schema.signature(connection, "memory")
    assert not [cell for item in found for cell in item if "main." in cell or "::BLOB" in cell]


def test_json_is_read_in_brackets_wherever_it_is_compared() -> None:
    """To DuckDB 1.4 the arrow binds looser than `=` and `AND`, to 2.0 tighter."""
    loose = re.compile(r"(?<!\()\b[\w.]+->>?'[^']*'\s*(=|!=|<|>|IS\b|IN\b|LIKE\b|\|\|)")
    sources = [*PACKAGE.rglob("*.py"), *PACKAGE.rglob("*.sql")]
    found = [
        f"{path.name}: {match[0]}"
        for path in sources
        for match in loose.finditer(path.read_text(encoding="utf-8"))
    ]
    assert found == []
