"""A real run with planted words, published without its texts, and every byte of it searched."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import duckdb
import pyarrow.parquet as pq
import pytest

from publish.finished import contents, unpack
from reprollm.bundles.statement import Signers
from reprollm.canon import dumps, loads_object
from reprollm.errors import InvalidInput, ProjectionMismatch
from reprollm.experiment.load import load
from reprollm.ledger.verify import verify
from reprollm.publish.bundle import publish
from reprollm.publish.order import Order
from reprollm.records.commitment import Opening, Withheld, commit
from reprollm.records.sealed import parse_openings_line
from reprollm.records.shard import read_lines
from reprollm.signing import note, store
from reprollm.signing.note_key import SigningKey, new_signing_key
from reprollm.signing.prove import find, make
from reprollm.withholding.withhold import Withholding, parse_withholding, withheld_ledger
from withholding.planted import (
    EXPERIMENT_FILES,
    REPORT,
    Search,
    readable,
    run_planted,
    values,
    write_planted,
)

TEXTS = ("prompt", "source", "reference", "output")
ARRAYS = ("prompt_ids", "output_ids", "logprobs", "margins")
EVERYTHING = ("prompt,reference:salt-public", "output:salt-secret")
REASON = "the texts are under copyright"


@pytest.fixture(scope="module")
def key() -> SigningKey:
    return new_signing_key("tester")


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory, key: SigningKey) -> Path:
    """A folder with `experiment/` and its committed, scored and signed `ledger/`."""
    folder = tmp_path_factory.mktemp("planted")
    ledger = run_planted(write_planted(folder / "experiment"), folder / "ledger")
    sign(ledger, key)
    return folder


def sign(ledger: Path, key: SigningKey) -> None:
    from reprollm.ledger.segments import read_checkpoints

    last = read_checkpoints(ledger)[-1]
    store.add_note(ledger, last, note.sign(last.body(), key), key.verifier())


def order(workspace: Path, output: Path, key: SigningKey, *demands: str) -> Order:
    described = load(workspace / "experiment" / "experiment.yaml")
    withholding = parse_withholding(demands or EVERYTHING, REASON)
    return Order(workspace / "ledger", described, output, Signers(note=key), withholding)


@pytest.fixture(scope="module")
def bundle(workspace: Path, tmp_path_factory: pytest.TempPathFactory, key: SigningKey) -> Path:
    """The bundle in which all texts are withheld."""
    path = tmp_path_factory.mktemp("bundle") / "bundle.zip"
    publish(order(workspace, path, key))
    return path


@pytest.fixture(scope="module")
def unpacked(bundle: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return unpack(bundle, tmp_path_factory.mktemp("unpacked") / "bundle")


@pytest.fixture(scope="module")
def search(workspace: Path) -> Search:
    held = values(workspace / "ledger", (*TEXTS, *ARRAYS))
    texts = [value.decode() for field in TEXTS for value in held[field]]
    return Search(texts, [value for field in ARRAYS for value in held[field]])


def found(search: Search, files: Iterator[Path]) -> dict[str, set[str]]:
    hits = {}
    for path in files:
        for name, content in readable(path):
            if forms := search.found_in(content):
                hits[name] = forms
    return hits


def files(folder: Path) -> Iterator[Path]:
    return (path for path in sorted(folder.rglob("*")) if path.is_file())


def test_the_search_finds_what_is_planted_where_nothing_is_withheld(
    workspace: Path, search: Search
) -> None:
    hits = found(search, files(workspace / "ledger"))
    assert hits["ledger.duckdb: opening"] >= {"text", "ids"}
    assert hits["requests.parquet: prompt_ids"] == {"numbers"}
    assert {"text", "base64"} in hits.values()


def test_no_withheld_byte_is_anywhere_in_the_bundle(
    bundle: Path, unpacked: Path, search: Search
) -> None:
    assert found(search, files(unpacked)) == {}
    assert search.found_in("\n".join(contents(bundle)).encode()) == set()


def test_no_planted_word_of_the_experiment_s_files_is_in_the_bundle(
    workspace: Path, unpacked: Path
) -> None:
    """Template, few-shot examples and system text, whatever of them the prompts show."""
    said = [(workspace / "experiment" / name).read_text() for name in (*EXPERIMENT_FILES, REPORT)]
    planted = {word for text in said for word in text.split() if len(word) == 9 and word.isalpha()}
    planted -= {"reference"}
    whole = b"\n".join(content for path in files(unpacked) for _, content in readable(path))
    assert len(planted) > 30
    assert [word for word in planted if word.encode() in whole] == []


def test_files_that_prompts_are_made_of_are_left_out_and_named(
    workspace: Path, bundle: Path
) -> None:
    members = contents(bundle)
    statement = loads_object(members["redaction.json"].removesuffix(b"\n"))
    assert statement["left_out"] == [
        {
            "path": f"experiment/{name}",
            "sha256": hashlib.sha256((workspace / "experiment" / name).read_bytes()).hexdigest(),
        }
        for name in EXPERIMENT_FILES
    ]
    left_out = [REPORT, *(f"experiment/{name}" for name in EXPERIMENT_FILES)]
    assert members.keys().isdisjoint(left_out)
    assert "experiment/models/tiny.lock.json" in members
    for path in left_out:
        assert path in members["README.md"].decode()


def test_root_signatures_and_proofs_are_unchanged(
    workspace: Path, unpacked: Path, key: SigningKey
) -> None:
    from reprollm.ledger.segments import read_checkpoints
    from reprollm.signing.log import read_log

    source, ledger = workspace / "ledger", unpacked / "ledger"
    assert read_checkpoints(ledger) == read_checkpoints(source)
    for pattern in ("shards/**/*.jsonl", "log/*", "signatures/*", "keys/*"):
        before = {p.relative_to(source): p.read_bytes() for p in source.glob(pattern)}
        after = {p.relative_to(ledger): p.read_bytes() for p in ledger.glob(pattern)}
        assert before and before == after
    proofs = [
        make(folder, log, find(folder, log, "12")).text()
        for folder in (source, ledger)
        for log in [read_log(folder)]
    ]
    assert proofs[0] == proofs[1]


def test_the_rest_verifies_and_says_how_much_is_withheld(unpacked: Path) -> None:
    report = verify(unpacked / "ledger")
    assert report.problems == ()
    assert [notice for notice in report.notices if "withheld" in notice] == [
        "32 of 64 texts and arrays withheld (salt given: whoever has the text can confirm it)",
        "32 of 64 texts and arrays withheld (salt secret): their commitments stand, their "
        "openings are not here",
    ]


def openings(ledger: Path) -> dict[tuple[str, str], Opening | Withheld]:
    return {
        (leaf, item.field): item
        for path in ledger.glob("openings/**/*.jsonl")
        for line in read_lines(path)
        for leaf, items in [parse_openings_line(line)]
        for item in items
    }


def test_with_a_public_salt_the_right_text_confirms_and_no_other(
    workspace: Path, unpacked: Path
) -> None:
    whole, left = openings(workspace / "ledger"), openings(unpacked / "ledger")
    records = {
        record["request"]: record
        for path in unpacked.glob("ledger/shards/plan-*/*.jsonl")
        for record in map(loads_object, read_lines(path))
        if record["kind"] == "request"
    }
    commitments = {record[f] for record in records.values() for f in ("prompt", "reference")}
    public = [(key, item) for key, item in left.items() if item.field in ("prompt", "reference")]
    assert len(public) == 2 * len(records)
    for place, item in public:
        assert isinstance(item, Withheld)
        text = whole[place]
        assert isinstance(text, Opening)
        assert commit(item.field, item.salt, text.value) in commitments
        assert commit(item.field, item.salt, text.value + b" ") not in commitments


def test_a_secret_salt_is_nowhere(workspace: Path, unpacked: Path) -> None:
    whole, left = openings(workspace / "ledger"), openings(unpacked / "ledger")
    secret = [item.salt for (_, field), item in whole.items() if field in ("output", *ARRAYS[1:])]
    assert not {field for _, field in left} & {"output", *ARRAYS[1:]}
    everything = b"\n".join(content for path in files(unpacked) for _, content in readable(path))
    assert len(secret) == 32
    for salt in secret:
        assert salt not in everything and salt.hex().encode() not in everything


def test_the_tables_tell_no_length_of_a_withheld_text(unpacked: Path) -> None:
    tables = {path.stem: pq.read_table(path) for path in unpacked.glob("tables/*.parquet")}
    assert tables["answers"].num_rows == 8
    assert tables["item_scores"].num_rows == 0
    hidden = {"output_tokens", "numerator", "denominator", "logprob_sum", "margin_step", "margin"}
    for table in tables.values():
        for name in hidden & set(table.column_names):
            assert table[name].null_count == table.num_rows
    with duckdb.connect(str(unpacked / "ledger/ledger.duckdb"), read_only=True) as connection:
        assert connection.execute("SELECT count(*) FROM opening").fetchall() == [(0,)]
        query = "SELECT count(output_tokens), count(logprob_sum), count(margin_step) FROM answers"
        assert connection.execute(query).fetchall() == [(0, 0, 0)]


def test_the_statement_is_signed_with_its_reason(bundle: Path, workspace: Path) -> None:
    members = contents(bundle)
    statement = loads_object(members["redaction.json"].removesuffix(b"\n"))
    assert statement["reason"] == REASON
    assert statement["values"] == 64
    assert statement["overlaps"] == []
    assert {entry["field"]: entry["salt"] for entry in statement["withheld"]} == {
        **dict.fromkeys(("prompt", "prompt_ids", "source", "reference"), "public"),
        **dict.fromkeys(("output", "output_ids", "logprobs", "margins"), "secret"),
    }
    sums = members["SHA256SUMS"]
    digest = hashlib.sha256(members["redaction.json"]).hexdigest()
    assert f"{digest}  redaction.json\n".encode() in sums
    assert hashlib.sha256(sums).hexdigest().encode() in members["bundle.note"]
    assert (workspace / "ledger" / "redactions" / f"{digest}.json").is_file()


def test_withholding_needs_a_key(workspace: Path, tmp_path: Path, key: SigningKey) -> None:
    unsigned = replace(order(workspace, tmp_path / "bundle.zip", key), signers=Signers())
    with pytest.raises(InvalidInput, match="expected a key"):
        publish(unsigned)
    assert not (tmp_path / "bundle.zip").exists()


def test_publishing_again_gives_the_same_bytes_and_the_same_warnings(
    workspace: Path, bundle: Path, tmp_path: Path, key: SigningKey
) -> None:
    published = publish(order(workspace, tmp_path / "again.zip", key))
    assert (tmp_path / "again.zip").read_bytes() == bundle.read_bytes()
    assert published.warnings[0].startswith("4 withheld answers have at most 8 tokens")


def test_the_reader_is_told_what_the_records_still_tell(bundle: Path) -> None:
    readme = " ".join(contents(bundle)["README.md"].decode().split())
    for told in ("hashes without salt", "8 of 8 answers ended because", "a single answer"):
        assert told in readme


@pytest.fixture
def ledger(workspace: Path, tmp_path: Path) -> Path:
    """A copy of the ledger, to be changed."""
    copy = Path(shutil.copytree(workspace / "ledger", tmp_path / "ledger"))
    for name in ("redactions", "projections"):
        shutil.rmtree(copy / name, ignore_errors=True)
    return copy


@pytest.fixture
def withholding() -> Withholding:
    return parse_withholding(EVERYTHING, REASON)


def database(folder: Path) -> bytes:
    return (folder / "ledger.duckdb").read_bytes()


def kept(ledger: Path, suffix: str) -> Path:
    [path] = (ledger / "projections").glob(f"*{suffix}")
    path.chmod(0o644)
    return path


def test_a_projection_that_was_changed_since_is_refused(
    ledger: Path, withholding: Withholding, tmp_path: Path
) -> None:
    withheld_ledger(ledger, withholding, tmp_path / "one")
    path = kept(ledger, ".duckdb")
    path.write_bytes(path.read_bytes()[:-1] + b"\xff")
    with pytest.raises(ProjectionMismatch, match=r"as an earlier publication wrote it"):
        withheld_ledger(ledger, withholding, tmp_path / "two")
    path.unlink()
    with pytest.raises(ProjectionMismatch, match=r"no such file"):
        withheld_ledger(ledger, withholding, tmp_path / "three")


def test_a_projection_whose_making_was_cut_short_is_made_anew(
    ledger: Path, withholding: Withholding, tmp_path: Path
) -> None:
    withheld_ledger(ledger, withholding, tmp_path / "one")
    kept(ledger, ".sha256").unlink()
    kept(ledger, ".duckdb").write_bytes(b"half")
    withheld_ledger(ledger, withholding, tmp_path / "two")
    assert verify(tmp_path / "two").holds
    assert kept(ledger, ".duckdb").read_bytes() == database(tmp_path / "two")


def test_a_projection_with_other_views_is_replaced(
    ledger: Path, withholding: Withholding, tmp_path: Path
) -> None:
    withheld_ledger(ledger, withholding, tmp_path / "one")
    path, record = kept(ledger, ".duckdb"), kept(ledger, ".sha256")
    with duckdb.connect(str(path)) as connection:
        connection.execute("DROP VIEW replicates")
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    record.write_text(f"{digest}  {path.name}\n")
    withheld_ledger(ledger, withholding, tmp_path / "two")
    assert verify(tmp_path / "two").holds


def test_a_statement_that_was_changed_since_is_refused(
    ledger: Path, withholding: Withholding, tmp_path: Path
) -> None:
    withheld_ledger(ledger, withholding, tmp_path / "one")
    [path] = (ledger / "redactions").glob("*.json")
    path.chmod(0o644)
    statement = loads_object(path.read_bytes()[:-1])
    path.write_bytes(dumps({**statement, "reason": "none"}) + b"\n")
    with pytest.raises(InvalidInput, match=r"expected .* to hold the bytes"):
        withheld_ledger(ledger, withholding, tmp_path / "two")


def test_another_reason_is_another_statement_and_the_first_stays(
    ledger: Path, withholding: Withholding, tmp_path: Path
) -> None:
    one = withheld_ledger(ledger, withholding, tmp_path / "one")
    two = withheld_ledger(ledger, replace(withholding, reason="privacy"), tmp_path / "two")
    again = withheld_ledger(ledger, withholding, tmp_path / "three")
    assert one.line == again.line != two.line
    assert len(list((ledger / "redactions").iterdir())) == 2
    assert database(tmp_path / "one") == database(tmp_path / "three")


def test_a_folder_that_holds_something_is_refused(
    ledger: Path, withholding: Withholding, tmp_path: Path
) -> None:
    with pytest.raises(InvalidInput, match="expected an empty folder"):
        withheld_ledger(ledger, withholding, ledger)


def test_only_the_asked_fields_are_withheld(ledger: Path, tmp_path: Path) -> None:
    withheld_ledger(ledger, parse_withholding(["output:salt-public"], "x"), tmp_path / "one")
    left = openings(tmp_path / "one")
    opened = {field for (_, field), item in left.items() if isinstance(item, Opening)}
    assert opened == {"prompt", "prompt_ids", "source", "reference"}
    assert len(list((tmp_path / "one").glob("plans/*/requests.parquet"))) == 1


def test_a_withheld_ledger_can_be_withheld_further(ledger: Path, tmp_path: Path) -> None:
    first = parse_withholding(["output:salt-public"], "x")
    withheld_ledger(ledger, first, tmp_path / "one")
    second = parse_withholding(["output,prompt:salt-secret", "reference:salt-public"], "x")
    redaction = withheld_ledger(tmp_path / "one", second, tmp_path / "two")
    left = openings(tmp_path / "two")
    assert {field for _, field in left} == {"reference"}
    assert redaction.statement["values"] == 64
    assert verify(tmp_path / "two").holds
