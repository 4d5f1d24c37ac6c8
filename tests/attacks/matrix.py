"""The attack matrix: what is changed, what the attacker makes anew, and by what he is caught.

Each row is one change to one artefact of a real bundle, in one strength:

| strength | the attacker has made anew |
| --- | --- |
| `naive` | nothing |
| `listed` | SHA256SUMS and the note's lines; the author's signatures stand under them |
| `unsigned` | the same, and has taken the signatures over the bundle away |
| `renamed` | also the shards' names and `ledger.duckdb` |
| `projected` | `ledger.duckdb` |
| `relogged` | the whole log with its roots and checkpoints; no signature is left |

Where he makes everything anew, only a key or checkpoint that the reader has from elsewhere catches
him (`demand`), and what was never in the log is not bound to it at all (`bound` says so).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from attacks import changes as c
from attacks.changes import Change
from attacks.forging import Forgery, listed, naive, projected, relogged, renamed, unsigned

BLIND_DATABASE = "Python's standard library cannot read a DuckDB file"
BLIND_AUTHORITY = "Python's standard library cannot check an authority's certificates"


@dataclass(frozen=True)
class Attack:
    """One row.

    Attributes:
        artefact: what is attacked, in the words of the issue's list.
        change: the change.
        after: what the attacker makes anew.
        level: the lowest level that fails; None where nothing fails (see `bound`).
        defect: what that level's failure is called.
        blind: why `verify.py` cannot see it; empty where it says what `reprollm verify` says.
        sql: whether `verify.sql` must fail; None where it looks at nothing of the kind.
        demand: `key` or `checkpoint`, where the reader brings one along.
        bound: what binds the artefact where nothing fails.
        of: `bundle`, or `withheld` for the one with withheld texts.
    """

    artefact: str
    change: Change
    after: Callable[[Forgery], None]
    level: int | None
    defect: str = ""
    blind: str = ""
    sql: bool | None = None
    demand: str = ""
    bound: str = ""
    of: str = "bundle"

    @property
    def name(self) -> str:
        demand = f"-with-{self.demand}" if self.demand else ""
        return f"{self.artefact}-{self.change.__name__}-{self.after.__name__}{demand}"


def _log(
    artefact: str, change: Change, deeper: tuple[int, str] | None, *, plain: str = "LeafMismatch"
) -> list[Attack]:
    """A changed record: by file, by signature, by the shard's name, and by what it claims."""
    rows = [
        Attack(artefact, change, naive, 0, "FileChanged", sql=True),
        Attack(artefact, change, listed, 0, "SignatureMismatch"),
        Attack(artefact, change, unsigned, 1, plain, sql=True),
    ]
    if deeper:
        return [*rows, Attack(artefact, change, relogged, *deeper)]
    return [
        *rows,
        Attack(artefact, change, relogged, 1, "SignatureMismatch", demand="key"),
        Attack(artefact, change, relogged, 1, "CheckpointMismatch", demand="checkpoint"),
    ]


def _file(artefact: str, change: Change, unlisted: tuple[int, str]) -> list[Attack]:
    """A changed file: by its digest, by the signature, and by what it says."""
    return [
        Attack(artefact, change, naive, 0, "FileChanged"),
        Attack(artefact, change, listed, 0, "SignatureMismatch"),
        Attack(artefact, change, unsigned, *unlisted),
    ]


def _database(artefact: str, change: Change, sql: bool) -> list[Attack]:
    return [
        Attack(artefact, change, naive, 0, "FileChanged", sql=sql),
        Attack(artefact, change, unsigned, 1, "ProjectionMismatch", BLIND_DATABASE, sql),
    ]


RECORDS = [
    *_log("record byte", c.record_byte, (1, "CommitmentMismatch")),
    *_log("record byte", c.record_text, None)[:4],
    Attack("record byte", c.record_text, renamed, 1, "CheckpointMismatch", sql=True),
    *_log("record form", c.line_with_a_space, (1, "LeafMismatch")),
    *_log("record form", c.field_too_many, (1, "LeafMismatch")),
    *_log("leaf order", c.leaves_swapped, None)[:4],
    Attack("leaf order", c.leaves_swapped, renamed, 1, "CheckpointMismatch", sql=True),
    *_log("duplicate", c.record_twice, (3, "ScoreMismatch")),
    *_log("drop", c.record_dropped, (3, "ScoreMismatch")),
    *_log("drop", c.answer_dropped, (2, "PlanIncomplete")),
    *_log("insert", c.record_inserted, None)[:4],
    *_log("swap", c.answers_swapped, None),
    *_log("attempt", c.answer_of_no_attempt, (2, "RecordsDisagree")),
    *_log("reuse", c.answer_taken_from_nobody, (2, "RecordsDisagree"))[2:],
    *_log("reuse", c.answer_taken_from_itself, (2, "RecordsDisagree"))[2:],
    *_log("request", c.answer_to_no_request, (2, "RecordsDisagree")),
    *_log("result id", c.result_id, (2, "LeafMismatch")),
    *_log("finish", c.finish, (2, "LeafMismatch")),
    *_log("environment", c.environment, (2, "LeafMismatch")),
    *_log("snapshot", c.snapshot, (2, "LeafMismatch")),
    *_log("commit, then run", c.start_of_no_checkpoint, (2, "RecordsDisagree")),
    *_log("answer", c.answer_text, (3, "ScoreMismatch")),
]

LOG = [
    *_log("truncated shard", c.shard_truncated, None)[:3],
    Attack("truncated shard", c.shard_missing, naive, 0, "FileMissing", sql=True),
    Attack("truncated shard", c.shard_missing, unsigned, 1, "LeafMismatch", sql=True),
    *_log("shard order", c.shards_swapped, (2, "RecordsDisagree"), plain="CheckpointMismatch"),
    Attack("extra shard", c.shard_added, naive, 0, "FileUnexpected", sql=False),
    Attack("extra shard", c.shard_added, unsigned, 0, "FileUnexpected", sql=False),
    *_file("segment", c.segment_root, (1, "CheckpointMismatch")),
    *_file("segment", c.segment_frontier, (1, "CheckpointMismatch")),
    Attack("segment", c.segment_missing, naive, 0, "FileMissing", sql=True),
    Attack("segment", c.segment_missing, unsigned, 1, "CheckpointMismatch", sql=True),
    Attack("checkpoint size", c.checkpoint_size, naive, 0, "FileChanged", sql=True),
    *_file("root", c.checkpoint_root, (1, "CheckpointMismatch")),
    *_file("root", c.first_checkpoint_root, (1, "CheckpointMismatch")),
    *_file("origin", c.checkpoint_origin, (1, "CheckpointMismatch")),
    Attack("checkpoint", c.checkpoint_missing, naive, 0, "FileMissing"),
    Attack("checkpoint", c.checkpoint_missing, unsigned, 1, "CheckpointMismatch"),
    Attack("rolled back", c.rolled_back, naive, 0, "FileMissing", sql=True),
    Attack("rolled back", c.rolled_back, listed, 0, "SignatureMismatch"),
    Attack("rolled back", c.rolled_back, projected, 1, "CheckpointMismatch", demand="last"),
]

OPENINGS = [
    *_log("salt", c.salt, None, plain="CommitmentMismatch")[:3],
    *_log("opening", c.opened_text, (1, "CommitmentMismatch"), plain="CommitmentMismatch"),
    *_log("opening", c.opened_ids, (1, "CommitmentMismatch"), plain="CommitmentMismatch"),
    *_log("opening", c.opening_twice, (1, "CommitmentMismatch"), plain="CommitmentMismatch"),
    Attack("opening", c.openings_swapped, naive, 0, "FileChanged", sql=False),
    Attack("opening", c.openings_swapped, unsigned, 1, "CommitmentMismatch"),
    Attack("opening", c.opening_dropped, naive, 0, "FileChanged"),
    Attack("opening", c.opening_dropped, projected, 0, "FileMissing", sql=False),
    Attack("opening", c.openings_missing, naive, 0, "FileMissing"),
    Attack("opening", c.openings_missing, projected, 0, "FileMissing", sql=False),
]

SIGNATURES = [
    *_file("key", c.key_byte, (1, "SignatureMismatch")),
    *_file("key", c.ssh_key_byte, (1, "SignatureMismatch")),
    Attack("key", c.key_of_another, naive, 0, "FileUnexpected"),
    Attack("key", c.key_of_another, unsigned, 1, "SignatureMismatch"),
    Attack("key", c.key_missing, naive, 0, "FileMissing"),
    Attack("key", c.key_missing, unsigned, 1, "SignatureMismatch"),
    Attack(
        "key", c.signed_by_the_attacker, naive, 1, "SignatureMismatch", demand="key",
        sql=False,
    ),
    *_file("signature", c.note_signature, (1, "SignatureMismatch")),
    *_file("signature", c.note_of_another_checkpoint, (1, "SignatureMismatch")),
    *_file("signature", c.note_by_an_unknown_key, (1, "SignatureMismatch")),
    *_file("signature", c.ssh_signature, (1, "SignatureMismatch")),
    *_file("signature", c.ssh_signature_of_the_bundle, (1, "SignatureMismatch")),
    Attack("signature", c.bundle_note_signature, naive, 0, "SignatureMismatch"),
    Attack("signature", c.bundle_ssh_signature, naive, 0, "SignatureMismatch"),
    Attack("signature", c.bundle_ssh_signature_of_the_log, naive, 0, "SignatureMismatch"),
    Attack("bundle note", c.bundle_note_version, naive, 0, "FileChanged"),
    Attack("bundle note", c.bundle_note_origin, naive, 0, "SignatureMismatch"),
    Attack("bundle note", c.bundle_note_size, naive, 0, "SignatureMismatch"),
    Attack("bundle note", c.bundle_note_root, naive, 0, "SignatureMismatch"),
    Attack("bundle note", c.bundle_note_sums, naive, 0, "FileChanged"),
    Attack("bundle note", c.bundle_note_missing, naive, 0, "FileMissing"),
    *_file("time stamp", c.stamp_imprint, (1, "TimeStampMismatch")),
    *_file("time stamp", c.stamp_chain_byte, (1, "TimeStampMismatch")),
    Attack("time stamp", c.stamp_signature, naive, 0, "FileChanged"),
    Attack("time stamp", c.stamp_signature, unsigned, 1, "TimeStampMismatch", BLIND_AUTHORITY),
    Attack("time stamp", c.stamp_time, naive, 0, "FileChanged"),
    Attack("time stamp", c.stamp_time, unsigned, 1, "TimeStampMismatch", BLIND_AUTHORITY),
]  # fmt: skip

PLANS = [
    *_log("plan cell", c.plan_cell, (2, "LeafMismatch")),
    *_log("plan cell", c.plan_cell_with_its_root, (2, "LeafMismatch")),
    *_log("plan core", c.plan_core, (2, "LeafMismatch")),
    *_log("plan root", c.plan_root, (2, "LeafMismatch")),
    *_log("plan, a request dropped", c.plan_request_dropped, (2, "PlanIncomplete")),
    *_file("run file", c.run_file, (2, "RecordsDisagree")),
]

DATABASE = [
    *_database("view definition", c.view_definition, sql=False),
    *_database("view definition", c.view_too_many, sql=False),
    *_database("lying macro", c.lying_macro, sql=False),
    *_database("lying macro", c.macros_that_shadow_functions, sql=False),
    *_database("lying table", c.database_row, sql=True),
    *_database("lying table", c.database_opening, sql=True),
    *_database("lying table", c.database_row_too_many, sql=True),
    *_database("lying column", c.lying_column, sql=True),
    *_database("no database", c.no_database, sql=True),
    Attack("no database", c.database_missing, naive, 0, "FileMissing", sql=True),
    Attack(
        "no database", c.database_missing, unsigned, 1, "ProjectionMismatch", BLIND_DATABASE, True
    ),
]

SCORES = [
    *_log("score record", c.score_value, (3, "ScoreMismatch")),
    *_log("score record", c.score_table, (3, "ScoreMismatch")),
    *_log("score record", c.score_count, (3, "ScoreMismatch")),
    *_log("score record", c.score_of_another_run, (3, "ScoreMismatch")),
    *_log("score record", c.score_of_the_bad_stratum_dropped, (3, "ScoreMismatch")),
]

_SIGNED_ALONE = "nothing but the bundle's signature: it is not in the log"
FILES = [
    Attack("extra file", c.extra_file, naive, 0, "FileUnexpected"),
    Attack("extra file", c.extra_file, listed, 0, "SignatureMismatch"),
    Attack("extra file", c.extra_file, unsigned, None, bound=_SIGNED_ALONE),
    *_file("verify.py", c.verifier_changed, (0, "FileChanged")),
    *_file("another bundle's verify.py", c.verifier_of_another_bundle, (0, "FileChanged")),
    *_file("verify.sql", c.sql_verifier_changed, (0, "FileChanged")),
    Attack("SHA256SUMS", c.sums_line_dropped, naive, 0, "FileUnexpected"),
    Attack("SHA256SUMS", c.sums_missing, naive, 0, "FileMissing"),
    *_file("experiment file", c.data_file, (0, "FileChanged")),
    *_file("experiment file", c.experiment_file, (0, "FileChanged")),
    *_file("experiment file", c.template, (0, "FileChanged")),
    *_file("experiment file", c.model_lock, (0, "FileChanged")),
    Attack("experiment file", c.data_file_missing, naive, 0, "FileMissing"),
    Attack("experiment file", c.data_file_missing, unsigned, 0, "FileChanged"),
    Attack("crate", c.crate, naive, 0, "FileChanged"),
    Attack("crate", c.crate, listed, 0, "SignatureMismatch"),
    Attack("crate", c.crate, unsigned, None, bound=_SIGNED_ALONE),
    Attack("crate", c.crate_missing, naive, 0, "FileMissing"),
    Attack("README", c.readme, naive, 0, "FileChanged"),
    Attack("README", c.readme, listed, 0, "SignatureMismatch"),
    Attack("README", c.readme, unsigned, None, bound=_SIGNED_ALONE),
    Attack("Parquet table", c.table, naive, 0, "FileChanged"),
    Attack("Parquet table", c.table, listed, 0, "SignatureMismatch"),
    Attack("symlink", c.symlink, naive, 0, "ArchiveRefused"),
    Attack("symlink", c.linked_folder, naive, 0, "ArchiveRefused"),
    Attack("no plain file", c.pipe, naive, 0, "ArchiveRefused"),
    Attack("no log", c.log_folder_missing, naive, 0, "FileMissing"),
]


def _withheld(change: Change, first: str, second: str) -> list[Attack]:
    return [
        Attack("redaction statement", change, naive, 0, first, of="withheld"),
        Attack("redaction statement", change, listed, 0, "SignatureMismatch", of="withheld"),
        Attack("redaction statement", change, unsigned, 0, second, of="withheld"),
    ]


REDACTION = [
    *_withheld(c.redaction_reason, "FileChanged", "SignatureMismatch"),
    *_withheld(c.redaction_fields, "FileChanged", "SignatureMismatch"),
    *_withheld(c.redaction_count, "FileChanged", "FileChanged"),
    *_withheld(c.redaction_missing, "FileMissing", "FileMissing"),
    *_withheld(c.withheld_salt, "FileChanged", "SignatureMismatch"),
]

ATTACKS = [
    *RECORDS, *LOG, *OPENINGS, *SIGNATURES, *PLANS, *DATABASE, *SCORES, *FILES, *REDACTION,
]  # fmt: skip
