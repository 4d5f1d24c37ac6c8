import json
import struct
from pathlib import Path

import duckdb
import numpy as np
import pytest

from ledger.building import attempt, plan, publish_attempt, whole
from reprollm.errors import InvalidInput, ProjectionMismatch, StorageFailed
from reprollm.ledger import schema
from reprollm.ledger.commit import commit
from reprollm.ledger.projection import FILE, opened
from reprollm.records.kinds import KINDS
from reprollm.records.merkle import leaf_hash
from reprollm.records.shard import publish, read_lines


@pytest.fixture(scope="module")
def ledger(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("ledger")
    made = plan(4)
    made.publish(folder)
    publish_attempt(folder, made, 0, 4, failing=[3])
    publish_attempt(folder, made, 0, 1, name="b", how=None, second=30)
    publish_attempt(folder, made, 1, 2, name="b", how="killed", answers="x", second=40)
    commit(folder)
    return folder


def view_of(kind: str) -> str:
    return kind if kind in ("imported", "exposed") else f"{kind}s"


def ask(ledger: Path, sql: str) -> list[tuple[object, ...]]:
    with opened(ledger) as connection:
        return list(connection.execute(sql).fetchall())


def test_every_field_of_every_kind_is_a_column_of_its_view() -> None:
    with duckdb.connect(":memory:") as connection:
        schema.define(connection)
        for kind, fields in KINDS.items():
            rows = connection.execute(f"DESCRIBE {view_of(kind)}").fetchall()
            shown = {str(row[0]).removesuffix("_commitment") for row in rows}
            assert shown == {*fields, "position", "leaf"}


def test_every_queried_column_is_computed_from_the_canonical_text(ledger: Path) -> None:
    rows = ask(ledger, 'SELECT position, canon, leaf, kind, request, "index" FROM log')
    for _, canon, leaf, kind, request, index in rows:
        record = json.loads(str(canon))
        assert leaf == leaf_hash(str(canon).encode()).hex()
        expected = (record["kind"], record.get("request"), record.get("index"))
        assert (kind, request, index) == expected
    with duckdb.connect(str(ledger / FILE)) as connection:
        physical = connection.execute("SELECT DISTINCT column_name FROM pragma_storage_info('log')")
        assert {name for (name,) in physical.fetchall()} == {"position", "canon"}


def test_the_log_is_shown_in_order_with_nothing_added(ledger: Path) -> None:
    shards = ask(ledger, 'SELECT "group", sha256 FROM shard ORDER BY "first"')
    lines = [
        line
        for group, sha256 in shards
        for line in read_lines(ledger / "shards" / str(group) / f"{sha256}.jsonl")
    ]
    rows = ask(ledger, "SELECT position, canon FROM log ORDER BY position")
    assert rows == [(place, line.decode()) for place, line in enumerate(lines)]


def test_a_query_sees_each_kind_in_a_view_of_its_own(ledger: Path) -> None:
    for kind in KINDS:
        [(count,)] = ask(ledger, f"SELECT count(*) FROM {view_of(kind)}")
        assert [(count,)] == ask(ledger, f"SELECT count(*) FROM log WHERE kind = '{kind}'")


def test_attempts_without_an_end_are_abandoned(ledger: Path) -> None:
    rows = ask(ledger, "SELECT how, ended IS NULL FROM attempts ORDER BY position")
    assert rows == [("complete", False), ("abandoned", True), ("killed", False)]


def test_answers_join_request_and_final_generation_with_their_texts(ledger: Path) -> None:
    rows = ask(
        ledger,
        "SELECT item, stratum, prompt, source, reference, output, finish, output_tokens, "
        'logprob_sum, margin, margin_step FROM answers ORDER BY "index"',
    )
    assert [row[0] for row in rows] == ["item-0", "item-1", "item-2"]
    assert rows[1] == (
        "item-1", "umlaut", "ſprach 1 →", "vnd er ſprach", "und er sprach",
        "sprach 1", "stop", 7, -3.5, 0.25, 1,
    )  # fmt: skip


def test_replicates_and_findings_show_later_answers(ledger: Path) -> None:
    assert ask(ledger, "SELECT equal FROM replicates ORDER BY position") == [(True,), (False,)]
    assert ask(ledger, "SELECT finding FROM findings") == [("nondeterminism",)]


def test_runs_say_how_far_they_are(ledger: Path) -> None:
    assert ask(ledger, "SELECT experiment, planned, answered, attempts FROM runs") == [
        ("normalisation", 4, 3, 3)
    ]


def test_checkpoints_are_shown_as_published(ledger: Path) -> None:
    rows = ask(ledger, "SELECT size, note FROM checkpoints")
    files = sorted((ledger / "log").glob("*.checkpoint"))
    assert rows == [(int(path.stem), path.read_text()) for path in files]


def test_two_items_with_the_same_prompt_share_one_answer(tmp_path: Path) -> None:
    """A request's identity does not name its item: both items must appear among the answers."""
    made = plan(2)
    head, first, second, snapshot = made.sealed
    twin = type(second)({**first.record, "index": 1, "item": "twin"}, first.openings)
    publish(tmp_path, f"plan-{made.plan[:16]}", [head, first, twin, snapshot])
    publish(tmp_path, f"run-{made.run[:16]}/00000000-00000001", attempt(made, 0, 1))
    commit(tmp_path)
    rows = ask(tmp_path, 'SELECT item, output FROM answers ORDER BY "index"')
    assert rows == [("item-0", "sprach 0"), ("twin", "sprach 0")]


def test_the_file_is_in_the_lts_storage_format(ledger: Path) -> None:
    with opened(ledger) as connection:
        tags = connection.execute(
            "SELECT tags FROM duckdb_databases() WHERE database_name = 'ledger'"
        ).fetchone()
    assert tags is not None
    assert tags[0]["storage_version"].startswith("v1.4.0")


def test_a_reader_can_reach_nothing_but_the_ledger(ledger: Path, tmp_path: Path) -> None:
    (tmp_path / "secret.csv").write_text("a\n1\n")
    attempts = [
        f"SELECT * FROM '{tmp_path}/secret.csv'",
        f"SELECT * FROM read_text('{tmp_path}/secret.csv')",
        f"COPY log TO '{tmp_path}/out.csv'",
        f"ATTACH '{tmp_path}/other.duckdb'",
        "SET enable_external_access = true",
        "INSTALL httpfs",
        "DELETE FROM log",
        "CREATE TABLE more (a INTEGER)",
    ]
    for statement in attempts:
        with opened(ledger) as connection, pytest.raises(duckdb.Error):
            connection.execute(statement)
    assert [path.name for path in tmp_path.iterdir()] == ["secret.csv"]


@pytest.mark.parametrize(
    "value", [0.0, -0.0, 1.0, -0.5, 3.14159, 1e-45, -1e-40, 3.4e38, np.inf, -np.inf, np.nan]
)
def test_log_probabilities_are_decoded_to_the_last_bit(value: float) -> None:
    number = np.float32(value)
    with duckdb.connect(":memory:") as connection:
        schema.define(connection)
        row = connection.execute(
            "SELECT float32_at(?::BLOB, 1), uint32_at(?::BLOB, 0), float32_sum(?::BLOB)",
            [struct.pack("<f", 1.0) + number.tobytes(), struct.pack("<I", 2**32 - 1), b""],
        ).fetchone()
    assert row is not None
    assert np.float64(row[0]).tobytes()[:6] == np.float64(number).tobytes()[:6] or np.isnan(value)
    assert np.isnan(row[0]) == np.isnan(value)
    assert row[1] == 2**32 - 1


def test_building_again_gives_the_same_rows(tmp_path: Path) -> None:
    whole(tmp_path)
    commit(tmp_path)
    query = "SELECT * FROM log ORDER BY position"
    before = ask(tmp_path, query)
    (tmp_path / FILE).unlink()
    commit(tmp_path)
    assert ask(tmp_path, query) == before


def test_batches_do_not_show_in_the_rows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from reprollm.ledger import projection
    from reprollm.ledger.verify import verify

    monkeypatch.setattr(projection, "_BATCH_RECORDS", 3)
    whole(tmp_path)
    commit(tmp_path)
    assert verify(tmp_path).holds


def test_no_projection_and_a_broken_one_are_told_apart(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="reprollm ledger commit"), opened(tmp_path):
        pass
    (tmp_path / FILE).write_bytes(b"no database")
    with pytest.raises(ProjectionMismatch, match="cannot be opened"), opened(tmp_path):
        pass


def test_what_is_no_ledger_s_folder_is_named_as_such(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("file").write_bytes(b"")
    Path("ledger/letters").mkdir(parents=True)
    Path("ledger/letters", FILE).write_bytes(b"")
    for name, sentence in (
        ("nowhere", "expected a ledger folder at nowhere, found none$"),
        ("file", "expected a ledger folder at file, found a file$"),
        ("letters", "found none; do you mean ledger/letters\\?$"),
        ("ledger", "found no such file; run: reprollm ledger commit ledger$"),
    ):
        with pytest.raises(InvalidInput, match=sentence), opened(Path(name)):
            pass


def test_a_query_that_needs_too_much_memory_is_no_damage(ledger: Path) -> None:
    with pytest.raises(StorageFailed, match="the ledger is as it was"), opened(ledger) as found:
        found.execute("SELECT list(i) FROM range(60000000) t(i)").fetchall()
