import json
import shutil

import duckdb
import pytest

from compare.conftest import answer
from workspaces import REQUESTS, Workspace

PUBLISHED = "experiments/tiny/published"
RERUN = ("rerun", PUBLISHED, "-o", "ledger/again")
COMPARE = ("compare", PUBLISHED, "ledger/again")


def test_a_published_run_is_reproduced_without_its_data_or_template(workspace: Workspace):
    shutil.rmtree(workspace.experiment / "data")
    shutil.rmtree(workspace.experiment / "prompts")
    done = workspace.reprollm(*RERUN)
    assert done.returncode == 0, done.stderr
    assert f"all {REQUESTS} requests reproduced, token by token" in done.stdout
    assert f"every bit equal in all {REQUESTS} identical answers" in done.stdout


def test_a_second_rerun_into_the_same_folder_asks_nothing_again(workspace: Workspace):
    assert workspace.reprollm(*RERUN).returncode == 0
    before = sorted(path.name for path in (workspace.folder / "ledger/again/shards").rglob("*"))
    assert workspace.reprollm(*RERUN).returncode == 0
    after = sorted(path.name for path in (workspace.folder / "ledger/again/shards").rglob("*"))
    assert before == after


def test_both_ledgers_hold_the_same_plan_and_a_run_of_their_own(workspace: Workspace):
    assert workspace.reprollm(*RERUN).returncode == 0
    plans, runs = [], []
    for ledger in (PUBLISHED, "ledger/again"):
        found = workspace.reprollm(
            "ledger", "query", ledger, "SELECT plan, run FROM runs", "--format", "json"
        )
        [row] = json.loads(found.stdout)
        plans.append(row["plan"])
        runs.append(row["run"])
    assert plans[0] == plans[1]
    assert runs[0] != runs[1]


def test_a_ledger_that_was_tampered_with_is_not_repeated(workspace: Workspace):
    [shard] = (workspace.folder / PUBLISHED / "shards").glob("plan-*/*.jsonl")
    shard.chmod(0o644)
    shard.write_bytes(shard.read_bytes().replace(b'"item":"i0"', b'"item":"i9"', 1))
    done = workspace.reprollm(*RERUN)
    assert done.returncode == 4
    assert "LeafMismatch" in done.stderr
    assert not (workspace.folder / "ledger/again").exists()


def test_a_database_that_shows_other_answers_than_the_log_is_not_compared(workspace: Workspace):
    shutil.copytree(workspace.folder / PUBLISHED, workspace.folder / "ledger/again")
    with duckdb.connect(workspace.folder / "ledger/again/ledger.duckdb") as connection:
        connection.execute("UPDATE opening SET text = 'better' WHERE field = 'output'")
    done = workspace.reprollm(*COMPARE)
    assert done.returncode == 4
    assert "ProjectionMismatch" in done.stderr


def test_an_edited_table_of_requests_is_not_asked(workspace: Workspace):
    workspace_ledger = workspace.folder / PUBLISHED
    [table] = workspace_ledger.glob("plans/*/requests.parquet")
    other = answer(other_prompt(workspace), "ledger/other")
    [edited] = other.glob("plans/*/requests.parquet")
    table.chmod(0o644)
    shutil.copy(edited, table)
    done = workspace.reprollm(*RERUN)
    assert done.returncode == 4
    assert "expected the requests of plan" in done.stderr


def test_the_weights_are_checked_before_the_first_token(workspace: Workspace):
    weights = workspace.experiment / "models/tiny/model.safetensors"
    content = bytearray(weights.read_bytes())
    content[-1] ^= 1
    weights.write_bytes(content)
    done = workspace.reprollm(*RERUN)
    assert done.returncode == 4
    assert "model.safetensors" in done.stderr
    assert not list((workspace.folder / "ledger/again/shards").glob("run-*"))


def test_a_folder_with_another_plan_is_refused(workspace: Workspace):
    answer(other_prompt(workspace), "ledger/again")
    done = workspace.reprollm(*RERUN)
    assert done.returncode == 3
    assert "to be empty or to hold plan" in done.stderr


def test_runs_of_different_templates_share_no_request_and_the_cause_is_named(workspace: Workspace):
    answer(other_prompt(workspace), "ledger/again")
    done = workspace.reprollm(*COMPARE, "--json")
    assert done.returncode == 5
    found = json.loads(done.stdout)
    assert found["outcomes"] == {
        "missing in the first": REQUESTS,
        "missing in the second": REQUESTS,
    }
    assert "plan.template_sha256" in [cause["fact"] for cause in found["causes"]]


def test_another_machine_is_reported_with_its_cause(workspace: Workspace):
    answer(workspace, "ledger/again", ATEN_CPU_CAPABILITY="default")
    done = workspace.reprollm(*COMPARE, "--json")
    found = json.loads(done.stdout)
    assert found["outcomes"] == {"identical": REQUESTS}
    assert found["logprobs"]["bit_equal"] < found["logprobs"]["compared"] == REQUESTS
    assert 0 < found["logprobs"]["largest_difference"] < 1e-4
    capabilities = [c for c in found["causes"] if c["fact"].endswith("capability")]
    assert capabilities
    assert {cause["second"] for cause in capabilities} == {"DEFAULT"}


def test_sixteen_bit_answers_that_flip_elsewhere_do_so_at_near_ties(workspace: Workspace):
    file = workspace.experiment / "experiment.yaml"
    text = file.read_text().replace("dtype: float32", "dtype: bfloat16")
    file.write_text(text.replace("max_tokens: 6", "max_tokens: 48"))
    answer(workspace, "ledger/first")
    answer(workspace, "ledger/second", ATEN_CPU_CAPABILITY="default")
    done = workspace.reprollm("compare", "ledger/first", "ledger/second", "--json")
    assert done.returncode == 5
    found = json.loads(done.stdout)
    differing = [
        row["verdict"] for row in found["requests"] if row["verdict"]["margin"] is not None
    ]
    near = [verdict for verdict in differing if verdict["margin"] <= 0.25]
    assert near
    assert {verdict["outcome"] for verdict in near} == {"differs at a near tie"}
    assert {verdict["outcome"] for verdict in differing if verdict not in near} <= {"differs"}
    assert all(0 <= verdict["first_difference"] < 48 for verdict in differing)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("compare", "nowhere", PUBLISHED), "nowhere"),
        (("rerun", "nowhere", "-o", "ledger/again"), "nowhere"),
        ((*RERUN, "--lock", "nothing.lock.json"), "nothing.lock.json"),
        (("score", "nowhere"), "nowhere"),
    ],
)
def test_what_is_not_there_is_named_in_one_sentence(workspace: Workspace, arguments, words):
    done = workspace.reprollm(*arguments)
    assert done.returncode in (2, 3)
    assert words in done.stderr
    assert "Traceback" not in done.stderr


def other_prompt(workspace: Workspace) -> Workspace:
    (workspace.experiment / "prompts" / "ask.jinja").write_text("Lies: {{ source }}\n")
    return workspace
