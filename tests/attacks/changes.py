"""One change each: what an attacker does to one artefact of an unpacked bundle."""

from __future__ import annotations

import base64
import hashlib
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb

from attacks.forging import Forgery, Record
from attacks.world import World
from reprollm.canon import digest, dumps
from reprollm.records.commitment import commit
from reprollm.records.merkle import leaf_hash, root
from reprollm.signing import note
from reprollm.signing.note_key import new_signing_key

Change = Callable[[Forgery, World], None]


# Records -----------------------------------------------------------------------------------------


def record_byte(forged: Forgery, world: World) -> None:
    forged.flip_after(forged.shard("generation"), b'"result":"', 5)


def record_text(forged: Forgery, world: World) -> None:
    forged.edit("end", lambda record: record.update(how="interrupted"))


def line_with_a_space(forged: Forgery, world: World) -> None:
    path = forged.shard("end")
    lines = forged.lines(path)
    lines[-1] = lines[-1].replace(b'":', b'": ', 1)
    forged.write_lines(path, lines)


def field_too_many(forged: Forgery, world: World) -> None:
    forged.edit("end", lambda record: record.update(remark="all is well"))


def leaves_swapped(forged: Forgery, world: World) -> None:
    path = forged.shard("estimate")
    lines = forged.lines(path)
    forged.write_lines(path, [lines[1], lines[0], *lines[2:]])


def record_twice(forged: Forgery, world: World) -> None:
    path = forged.shard("estimate")
    lines = forged.lines(path)
    forged.write_lines(path, [lines[0], *lines])


def record_dropped(forged: Forgery, world: World) -> None:
    path = forged.shard("estimate")
    forged.write_lines(path, forged.lines(path)[:-1])


def record_inserted(forged: Forgery, world: World) -> None:
    path = forged.shard("estimate")
    note_record = {
        "schema": "reprollm/note/1",
        "kind": "note",
        "text": "nothing to see",
        "created": "2026-01-01T00:00:00.000Z",
    }
    forged.write_lines(path, [*forged.lines(path), dumps(note_record)])


def answer_dropped(forged: Forgery, world: World) -> None:
    path = forged.shard("generation")
    lines = forged.lines(path)
    place = next(n for n, line in enumerate(lines) if b'"kind":"generation"' in line)
    leaf = leaf_hash(lines[place]).hex().encode()
    forged.write_lines(path, lines[:place] + lines[place + 1 :])
    beside = path.replace("/shards/", "/openings/")
    kept = [line for line in forged.lines(beside) if leaf not in line]
    forged.write_lines(beside, kept)


def answers_swapped(forged: Forgery, world: World) -> None:
    """Two answers change places, each with its openings; every hash can be made anew."""
    path = forged.shard("generation")
    beside = path.replace("/shards/", "/openings/")
    lines, opened = forged.lines(path), forged.lines(beside)
    places = [n for n, line in enumerate(lines) if b'"kind":"generation"' in line][:2]
    first, second = places
    lines[first], lines[second] = lines[second], lines[first]
    opened[0], opened[1] = opened[1], opened[0]
    forged.write_lines(path, lines)
    forged.write_lines(beside, opened)


def answer_of_no_attempt(forged: Forgery, world: World) -> None:
    forged.edit("generation", lambda record: record.update(attempt="ab" * 16))


def answer_taken_from_nobody(forged: Forgery, world: World) -> None:
    forged.edit("generation", lambda record: record["batch"].update(reused="ab" * 16))


def answer_taken_from_itself(forged: Forgery, world: World) -> None:
    forged.edit("generation", lambda record: record["batch"].update(reused=record["attempt"]))


def answer_to_no_request(forged: Forgery, world: World) -> None:
    def change(record: Record) -> None:
        record["request"] = "ab" * 32
        ids = _opened(forged, "generation", "output_ids")
        record["result"] = digest(
            "reprollm/result/v1", record["request"].encode(), ids, record["finish"].encode()
        )

    forged.edit("generation", change)


def result_id(forged: Forgery, world: World) -> None:
    forged.edit("generation", lambda record: record.update(result="ab" * 32))


def finish(forged: Forgery, world: World) -> None:
    forged.edit(
        "generation",
        lambda record: record.update(finish="stop" if record["finish"] == "length" else "length"),
    )


def environment(forged: Forgery, world: World) -> None:
    forged.edit("environment", lambda record: record["facts"].update(system={"kernel": "another"}))


def snapshot(forged: Forgery, world: World) -> None:
    forged.edit("snapshot", lambda record: record["files"].pop())


def start_of_no_checkpoint(forged: Forgery, world: World) -> None:
    def change(record: Record) -> None:
        record["checkpoint"] = {"size": 10**6, "root": "ab" * 32}

    forged.edit("start", change)


def answer_text(forged: Forgery, world: World) -> None:
    """A better answer: text and commitment made anew, its token ids left."""
    reference = _opened(forged, "request", "reference").decode()
    _open_anew(forged, "generation", "output", reference)


# Shards, segments, checkpoints -------------------------------------------------------------------


def shard_truncated(forged: Forgery, world: World) -> None:
    path = forged.shard("estimate")
    forged.write(path, forged.read(path)[:-40])


def shard_missing(forged: Forgery, world: World) -> None:
    forged.remove(forged.shard("estimate"))


def shards_swapped(forged: Forgery, world: World) -> None:
    _edit_segment(forged, 1, lambda value: value["shards"].reverse())


def shard_added(forged: Forgery, world: World) -> None:
    forged.write(f"ledger/shards/run-ffff/{'0' * 64}.jsonl", b"{}\n")


def segment_root(forged: Forgery, world: World) -> None:
    _edit_segment(forged, 1, lambda value: value.update(root="ab" * 32))


def segment_frontier(forged: Forgery, world: World) -> None:
    _edit_segment(forged, 1, lambda value: value["frontier"].reverse())


def segment_missing(forged: Forgery, world: World) -> None:
    forged.remove("ledger/log/00000001.segment.json")


def checkpoint_size(forged: Forgery, world: World) -> None:
    path = _last_checkpoint(forged)
    lines = forged.read(path).split(b"\n")
    forged.write(path, b"\n".join([lines[0], b"%d" % (int(lines[1]) - 1), *lines[2:]]))


def checkpoint_root(forged: Forgery, world: World) -> None:
    path = _last_checkpoint(forged)
    lines = forged.read(path).split(b"\n")
    forged.write(path, b"\n".join([*lines[:2], base64.b64encode(bytes(32)), b""]))


def checkpoint_origin(forged: Forgery, world: World) -> None:
    path = _last_checkpoint(forged)
    forged.replace(path, b"reprollm/", b"reprollm2/")


def first_checkpoint_root(forged: Forgery, world: World) -> None:
    path = forged.one("ledger/log/*.checkpoint")
    lines = forged.read(path).split(b"\n")
    forged.write(path, b"\n".join([*lines[:2], base64.b64encode(bytes(32)), b""]))


def checkpoint_missing(forged: Forgery, world: World) -> None:
    forged.remove(forged.one("ledger/log/*.checkpoint"))


def rolled_back(forged: Forgery, world: World) -> None:
    """The log as it was before the scores: true, but not the last state."""
    forged.remove(_last_checkpoint(forged))
    forged.remove(sorted(_paths(forged, "ledger/log/*.segment.json"))[-1])
    forged.remove(forged.shard("estimate"))
    for path in _paths(forged, "ledger/signatures/000000000047*"):
        forged.remove(path)


# Openings ----------------------------------------------------------------------------------------


def salt(forged: Forgery, world: World) -> None:
    forged.flip_after(forged.one("ledger/openings/run-*/**/*.jsonl"), b'"salt":"', 3)


def opened_text(forged: Forgery, world: World) -> None:
    forged.flip_after(forged.one("ledger/openings/plan-*/*.jsonl"), b'"text":"', 1)


def opened_ids(forged: Forgery, world: World) -> None:
    forged.flip_after(forged.one("ledger/openings/run-*/**/*.jsonl"), b'"base64":"', 1)


def opening_dropped(forged: Forgery, world: World) -> None:
    path = forged.one("ledger/openings/run-*/**/*.jsonl")
    forged.write_lines(path, forged.lines(path)[1:])


def openings_swapped(forged: Forgery, world: World) -> None:
    path = forged.one("ledger/openings/run-*/**/*.jsonl")
    lines = forged.lines(path)
    forged.write_lines(path, [lines[1], lines[0], *lines[2:]])


def opening_twice(forged: Forgery, world: World) -> None:
    path = forged.one("ledger/openings/run-*/**/*.jsonl")
    lines = forged.lines(path)
    forged.write_lines(path, [lines[0], *lines])


def openings_missing(forged: Forgery, world: World) -> None:
    forged.remove(forged.one("ledger/openings/run-*/**/*.jsonl"))


# Keys, signatures, time stamps -------------------------------------------------------------------


def key_byte(forged: Forgery, world: World) -> None:
    forged.flip_after(forged.one("ledger/keys/*.vkey"), b"+", 12)


def ssh_key_byte(forged: Forgery, world: World) -> None:
    forged.flip_after(forged.one("ledger/keys/*.pub"), b"AAAA", 40)


def key_of_another(forged: Forgery, world: World) -> None:
    """The author's name, another's key: under its own id it lies where the author's lay."""
    forged.remove(forged.one("ledger/keys/*.vkey"))
    key = new_signing_key(world.key.name).verifier()
    forged.write(f"ledger/keys/{key.key_id.hex()}.vkey", key.text().encode() + b"\n")


def key_missing(forged: Forgery, world: World) -> None:
    forged.remove(forged.one("ledger/keys/*.pub"))


def note_signature(forged: Forgery, world: World) -> None:
    path = sorted(_paths(forged, "ledger/signatures/*.note"))[-1]
    _flip_base64(forged, path, 40)


def note_of_another_checkpoint(forged: Forgery, world: World) -> None:
    first, last = sorted(_paths(forged, "ledger/signatures/*.note"))
    forged.write(last, forged.read(first))


def note_by_an_unknown_key(forged: Forgery, world: World) -> None:
    path = sorted(_paths(forged, "ledger/signatures/*.note"))[-1]
    body = forged.read(path).decode().partition("\n\n")[0] + "\n"
    forged.write(path, note.sign(body, new_signing_key(world.key.name)).content().encode())


def ssh_signature(forged: Forgery, world: World) -> None:
    _flip_line(forged, forged.one("ledger/signatures/*.sshsig"), -3)


def ssh_signature_of_the_bundle(forged: Forgery, world: World) -> None:
    forged.write(forged.one("ledger/signatures/*.sshsig"), forged.read("bundle.sshsig"))


def bundle_note_signature(forged: Forgery, world: World) -> None:
    _flip_base64(forged, "bundle.note", 40)


def bundle_note_version(forged: Forgery, world: World) -> None:
    forged.replace("bundle.note", b"bundle/v1", b"bundle/v2")


def bundle_note_origin(forged: Forgery, world: World) -> None:
    forged.replace("bundle.note", b"reprollm/attacked", b"reprollm/defended")


def bundle_note_size(forged: Forgery, world: World) -> None:
    forged.replace("bundle.note", b"\n47 ", b"\n48 ")


def bundle_note_root(forged: Forgery, world: World) -> None:
    lines = forged.read("bundle.note").split(b"\n")
    lines[2] = b"47 " + base64.b64encode(bytes(32))
    forged.write("bundle.note", b"\n".join(lines))


def bundle_note_sums(forged: Forgery, world: World) -> None:
    lines = forged.read("bundle.note").split(b"\n")
    lines[3] = b"ab" * 32
    forged.write("bundle.note", b"\n".join(lines))


def bundle_note_missing(forged: Forgery, world: World) -> None:
    forged.remove("bundle.note")


def bundle_ssh_signature(forged: Forgery, world: World) -> None:
    _flip_line(forged, "bundle.sshsig", -3)


def bundle_ssh_signature_of_the_log(forged: Forgery, world: World) -> None:
    forged.write("bundle.sshsig", forged.read(forged.one("ledger/signatures/*.sshsig")))


def signed_by_the_attacker(forged: Forgery, world: World) -> None:
    """All signatures gone, everything signed by a key of one's own with the author's name."""
    forged.unsign_bundle()
    forged.unsign_log()
    key = new_signing_key(world.key.name)
    verifier = key.verifier()
    forged.write(f"ledger/keys/{verifier.key_id.hex()}.vkey", verifier.text().encode() + b"\n")
    last = forged.read(_last_checkpoint(forged)).decode()
    size = int(last.split("\n")[1])
    signed = note.sign(last, key).content().encode()
    forged.write(f"ledger/signatures/{size:012d}.{verifier.key_id.hex()}.note", signed)
    forged.list_files()
    forged.write(
        "bundle.note", note.sign(forged.read("bundle.note").decode(), key).content().encode()
    )


def stamp_imprint(forged: Forgery, world: World) -> None:
    path = forged.one("ledger/signatures/*.tsr")
    imprint = hashlib.sha256(forged.read(_last_checkpoint(forged))).digest()
    at = forged.read(path).index(imprint)
    forged.flip(path, at + 7)


def stamp_signature(forged: Forgery, world: World) -> None:
    path = forged.one("ledger/signatures/*.tsr")
    forged.flip(path, len(forged.read(path)) - 5)


def stamp_time(forged: Forgery, world: World) -> None:
    """An earlier hour in the stamp's own words; the authority's signature is not over it."""
    path = forged.one("ledger/signatures/*.tsr")
    content = forged.read(path)
    at = content.index(b"Z", content.index(b"\x18\x0f"))
    forged.write(path, content[: at - 14] + b"2020" + content[at - 10 :])


def stamp_chain_byte(forged: Forgery, world: World) -> None:
    forged.flip_after(forged.one("ledger/keys/*.pem"), b"-----BEGIN CERTIFICATE-----\n", 30)


# Plans -------------------------------------------------------------------------------------------


def plan_cell(forged: Forgery, world: World) -> None:
    forged.edit("request", lambda record: record.update(item="another"), 1)


def plan_cell_with_its_root(forged: Forgery, world: World) -> None:
    """Other settings for one request; the plan's root over its requests made anew."""
    forged.edit("request", lambda record: record["settings"].update(temperature="2"), 1)
    _plan_anew(forged)


def plan_core(forged: Forgery, world: World) -> None:
    forged.edit("plan", lambda record: record["core"].update(scores=["exact_match"]))


def plan_root(forged: Forgery, world: World) -> None:
    forged.edit("plan", lambda record: record.update(requests_root="ab" * 32))


def plan_request_dropped(forged: Forgery, world: World) -> None:
    path = forged.shard("request")
    lines = forged.lines(path)
    leaf = leaf_hash(lines[-1]).hex().encode()
    forged.write_lines(path, lines[:-1])
    beside = path.replace("/shards/", "/openings/")
    forged.write_lines(beside, [line for line in forged.lines(beside) if leaf not in line])


def run_file(forged: Forgery, world: World) -> None:
    forged.flip_after(forged.one("ledger/plans/*/runs/*.json"), b'"nonce":"', 3)


# ledger.duckdb -----------------------------------------------------------------------------------


def view_definition(forged: Forgery, world: World) -> None:
    _in_database(
        forged,
        "CREATE OR REPLACE VIEW estimates AS SELECT \"position\", canon->>'$.score' AS score, "
        "'0.000001' AS \"value\" FROM log WHERE kind = 'estimate'",
    )


def view_too_many(forged: Forgery, world: World) -> None:
    _in_database(forged, "CREATE VIEW best AS SELECT 1 AS rank")


def lying_macro(forged: Forgery, world: World) -> None:
    _in_database(forged, "CREATE OR REPLACE MACRO float32_min(b) AS 42.0")


def macros_that_shadow_functions(forged: Forgery, world: World) -> None:
    """Macros named like what a checker in SQL would call."""
    _in_database(
        forged,
        "CREATE MACRO levenshtein(a, b) AS 0",
        "CREATE MACRO sha256(b) AS 'ab'",
        "CREATE MACRO error(t) AS 'fine'",
        "CREATE OR REPLACE MACRO framed(p) AS p",
        "CREATE OR REPLACE MACRO edits(a, b) AS 0",
    )


def database_row(forged: Forgery, world: World) -> None:
    _in_database(
        forged,
        'UPDATE log SET canon = replace(canon, \'"value":"0.\', \'"value":"1.\') '
        "WHERE kind = 'estimate'",
    )


def database_opening(forged: Forgery, world: World) -> None:
    _in_database(forged, "UPDATE opening SET \"text\" = 'und er sprach' WHERE field = 'output'")


def database_row_too_many(forged: Forgery, world: World) -> None:
    _in_database(forged, "INSERT INTO log SELECT max(\"position\") + 1, '{}' FROM log")


def lying_column(forged: Forgery, world: World) -> None:
    """A table with other rules for its columns, over the same texts."""
    _in_database(
        forged,
        'CREATE TABLE kept AS SELECT "position", canon FROM log',
        "DROP TABLE log CASCADE",
        'CREATE TABLE log ("position" UBIGINT, canon VARCHAR, '
        "leaf VARCHAR GENERATED ALWAYS AS ('ab') VIRTUAL, "
        + ", ".join(
            f"\"{name}\" VARCHAR GENERATED ALWAYS AS (canon->>'$.{name}') VIRTUAL"
            for name in "kind schema plan run attempt request result item stratum sampling seed "
            "finish index repetition environment".split()
        )
        + ")",
        'INSERT INTO log SELECT "position", canon FROM kept',
        "DROP TABLE kept",
    )


def no_database(forged: Forgery, world: World) -> None:
    forged.write("ledger/ledger.duckdb", b"not a database\n" * 500)


def database_missing(forged: Forgery, world: World) -> None:
    forged.remove("ledger/ledger.duckdb")


# Scores ------------------------------------------------------------------------------------------


def score_value(forged: Forgery, world: World) -> None:
    forged.edit("estimate", lambda record: record.update(value="0.010000"))


def score_table(forged: Forgery, world: World) -> None:
    forged.edit("estimate", lambda record: record.update(table_sha256="ab" * 32))


def score_count(forged: Forgery, world: World) -> None:
    forged.edit("estimate", lambda record: record.update(n=record["n"] + 1))


def score_of_another_run(forged: Forgery, world: World) -> None:
    forged.edit("estimate", lambda record: record.update(run="ab" * 32))


def score_of_the_bad_stratum_dropped(forged: Forgery, world: World) -> None:
    path = forged.shard("estimate")
    forged.write_lines(path, [line for line in forged.lines(path) if b'"group":"b"' not in line])


# Other files -------------------------------------------------------------------------------------


def extra_file(forged: Forgery, world: World) -> None:
    forged.write("ledger/plans/README.txt", b"trust me\n")


def verifier_changed(forged: Forgery, world: World) -> None:
    forged.replace("verify.py", b"return 10 + min", b"return 0 * min")


def verifier_of_another_bundle(forged: Forgery, world: World) -> None:
    forged.write("verify.py", b"print('VERDICT: nothing that was checked is wrong.')\n")


def sql_verifier_changed(forged: Forgery, world: World) -> None:
    forged.replace("verify.sql", b"holds = false", b"holds = NULL")


def sums_line_dropped(forged: Forgery, world: World) -> None:
    forged.write("SHA256SUMS", b"\n".join(forged.read("SHA256SUMS").split(b"\n")[1:]))


def sums_missing(forged: Forgery, world: World) -> None:
    forged.remove("SHA256SUMS")


def readme(forged: Forgery, world: World) -> None:
    forged.write("README.md", b"# All is well\n")


def crate(forged: Forgery, world: World) -> None:
    value = json.loads(forged.read("ro-crate-metadata.json"))
    value["@graph"][-1]["name"] = "another"
    forged.write("ro-crate-metadata.json", json.dumps(value).encode())


def crate_missing(forged: Forgery, world: World) -> None:
    forged.remove("ro-crate-metadata.json")


def data_file(forged: Forgery, world: World) -> None:
    forged.replace("experiment/data/items.csv", b"und er sprach 3", b"und er sprach 9")


def data_file_missing(forged: Forgery, world: World) -> None:
    forged.remove("experiment/data/items.csv")


def experiment_file(forged: Forgery, world: World) -> None:
    forged.replace("experiment/experiment.yaml", b"temperature: 0.8", b"temperature: 0.1")


def template(forged: Forgery, world: World) -> None:
    forged.write("experiment/prompts/ask.jinja", b"Please: {{ source }}\n")


def model_lock(forged: Forgery, world: World) -> None:
    path = forged.one("experiment/models/*.lock.json")
    value = json.loads(forged.read(path))
    value["files"][0]["sha256"] = "ab" * 32
    forged.write(path, json.dumps(value).encode())


def table(forged: Forgery, world: World) -> None:
    forged.flip("tables/scores.parquet", 100)


# Withholding -------------------------------------------------------------------------------------


def redaction_reason(forged: Forgery, world: World) -> None:
    _edit_redaction(forged, lambda value: value.update(reason="the law"))


def redaction_fields(forged: Forgery, world: World) -> None:
    _edit_redaction(forged, lambda value: value["withheld"].pop())


def redaction_count(forged: Forgery, world: World) -> None:
    _edit_redaction(forged, lambda value: value.update(values=value["values"] - 1))


def redaction_missing(forged: Forgery, world: World) -> None:
    forged.remove("redaction.json")


def withheld_salt(forged: Forgery, world: World) -> None:
    path = forged.one("ledger/openings/plan-*/*.jsonl")
    forged.flip_after(path, b'{"field":"reference","salt":"', 3)


# Folders -----------------------------------------------------------------------------------------


def symlink(forged: Forgery, world: World) -> None:
    (forged.root / "README.md").unlink()
    (forged.root / "README.md").symlink_to("/etc/hostname")


def linked_folder(forged: Forgery, world: World) -> None:
    (forged.root / "ledger" / "more").symlink_to(forged.root)


def pipe(forged: Forgery, world: World) -> None:
    os.mkfifo(forged.root / "ledger" / "pipe")


def log_folder_missing(forged: Forgery, world: World) -> None:
    for path in _paths(forged, "ledger/log/*"):
        forged.remove(path)
    (forged.root / "ledger" / "log").rmdir()


# How it is done ----------------------------------------------------------------------------------


def _paths(forged: Forgery, pattern: str) -> list[str]:
    return [path.relative_to(forged.root).as_posix() for path in forged.root.glob(pattern)]


def _last_checkpoint(forged: Forgery) -> str:
    return sorted(_paths(forged, "ledger/log/*.checkpoint"))[-1]


def _edit_segment(forged: Forgery, number: int, change: Callable[[Record], Any]) -> None:
    path = f"ledger/log/{number:08d}.segment.json"
    value = json.loads(forged.read(path))
    change(value)
    forged.write(path, dumps(value) + b"\n")


def _edit_redaction(forged: Forgery, change: Callable[[Record], Any]) -> None:
    value = json.loads(forged.read("redaction.json"))
    change(value)
    forged.write("redaction.json", dumps(value) + b"\n")


def _flip_base64(forged: Forgery, path: str, at: int) -> None:
    """Change one character of the signature in a note's last line into another of base64."""
    content = forged.read(path)
    place = content.rindex(b" ") + at
    other = b"A" if content[place : place + 1] != b"A" else b"B"
    forged.write(path, content[:place] + other + content[place + 1 :])


def _flip_line(forged: Forgery, path: str, number: int) -> None:
    """Change one character in one line of an armored signature."""
    lines = forged.read(path).split(b"\n")
    line = lines[number]
    lines[number] = line[:9] + (b"A" if line[9:10] != b"A" else b"B") + line[10:]
    forged.write(path, b"\n".join(lines))


def _opening_lines(forged: Forgery, kind: str) -> tuple[str, list[bytes]]:
    beside = forged.shard(kind).replace("/shards/", "/openings/")
    return beside, forged.lines(beside)


def _opened(forged: Forgery, kind: str, field: str) -> bytes:
    """Return the value that the first record of a kind opens in a field."""
    _, lines = _opening_lines(forged, kind)
    entry = next(o for o in json.loads(lines[0])["openings"] if o["field"] == field)
    return base64.b64decode(entry["base64"]) if "base64" in entry else entry["text"].encode()


def _open_anew(forged: Forgery, kind: str, field: str, text: str) -> None:
    """Put another text behind the first commitment of a kind, and the commitment to it."""
    beside, lines = _opening_lines(forged, kind)
    value = json.loads(lines[0])
    entry = next(o for o in value["openings"] if o["field"] == field)
    entry["text"] = text
    lines[0] = dumps(value)
    forged.write_lines(beside, lines)
    fresh = commit(field, bytes.fromhex(entry["salt"]), text.encode())
    forged.edit(kind, lambda record: record.update({field: fresh}))


def _plan_anew(forged: Forgery) -> None:
    """Let the plan record name the root over its changed requests."""
    path = forged.shard("request")
    leaves = [leaf_hash(line) for line in forged.lines(path) if b'"kind":"request"' in line]
    forged.edit("plan", lambda record: record.update(requests_root=root(leaves).hex()))


def _in_database(forged: Forgery, *statements: str) -> None:
    path = str(Path(forged.root) / "ledger" / "ledger.duckdb")
    with duckdb.connect(path, config={"storage_compatibility_version": "v1.4.0"}) as connection:
        for statement in statements:
            connection.execute(statement)
