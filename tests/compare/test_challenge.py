import hashlib
import json
from pathlib import Path

import pytest

from compare.forging import forge, other_text, other_tokens, withhold_prompts
from reprollm.compare.challenge import challenge, draw
from reprollm.errors import InvalidInput, LeafMismatch
from reprollm.ledger.read import final_answers
from reprollm.ledger.segments import read_checkpoints
from reprollm.ledger.verify import verify
from reprollm.unattested.inspect_log import read
from reprollm.unattested.record import take_in
from workspaces import REQUESTS, Workspace

PUBLISHED = "experiments/tiny/published"
LOG = Path(__file__).resolve().parents[1] / "assets" / "imports" / "inspect_spelling.eval"
IDS = [hashlib.sha256(bytes([number])).hexdigest() for number in range(50)]
ROOT = bytes(range(32))


def by_hand(root: bytes, nonce: str, request: str) -> bytes:
    parts = (b"reprollm/challenge/v1", root, nonce.encode(), request.encode())
    framed = b"".join(len(part).to_bytes(8, "big") + part for part in parts)
    return hashlib.sha256(framed).digest()


def test_anyone_can_draw_the_same_requests_by_hand():
    expected = sorted(IDS, key=lambda request: by_hand(ROOT, "würfel 6", request))[:7]
    assert draw(ROOT, "würfel 6", reversed(IDS), 7) == expected


def test_another_nonce_or_root_draws_others():
    first = draw(ROOT, "a", IDS, 10)
    assert draw(ROOT, "b", IDS, 10) != first
    assert draw(bytes(32), "a", IDS, 10) != first


def test_requests_are_drawn_once_and_all_where_there_are_not_enough():
    assert sorted(draw(ROOT, "a", IDS * 2, 1000)) == sorted(IDS)


def test_every_request_is_drawn_as_often_as_every_other():
    plays, count = 2000, 5
    drawn = [request for play in range(plays) for request in draw(ROOT, str(play), IDS, count)]
    expected = plays * count / len(IDS)
    deviations = [(drawn.count(request) - expected) ** 2 / expected for request in IDS]
    # Chi-squared with 49 degrees of freedom: above 100 once in a million.
    assert sum(deviations) < 100


@pytest.mark.parametrize("nonce", ["", "  ", "\n\t", "\ud800"])
def test_a_nonce_that_is_none_is_refused(nonce):
    with pytest.raises(InvalidInput, match="expected a nonce"):
        draw(ROOT, nonce, IDS, 1)


def asked(workspace: Workspace, ledger: str, nonce: str, count: int, *more: str):
    return workspace.reprollm("challenge", ledger, "--nonce", nonce, "-k", str(count), *more)


def test_an_honest_bundle_answers_the_challenge_and_the_outcome_can_be_drawn_again(
    workspace: Workspace,
):
    published = workspace.reprollm(
        "publish", "experiments/tiny", "--ledger", PUBLISHED, "--unsigned", "-o", "bundle.zip"
    )
    assert published.returncode == 0, published.stderr
    done = asked(
        workspace, "bundle.zip", "lottery 4 8 15", 5, "-o", "challenge.json",
        "--models", "experiments/tiny/models",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "with 5 of 5 identical, fewer than 46 % of the answers are altered" in done.stdout
    told = json.loads((workspace.folder / "challenge.json").read_text())
    ledger = workspace.folder / PUBLISHED
    root = read_checkpoints(ledger)[-1].root
    requests = [found.request for found in final_answers(ledger)]
    drawn = [row["request"] for row in told["drawn"]]
    assert drawn == draw(root, "lottery 4 8 15", requests, 5)
    assert (told["of"], told["asked"], told["mismatches"]) == (REQUESTS, 5, 0)
    assert all(row["published"] == row["found"] for row in told["drawn"])
    assert told["root"] == root.hex()


def test_a_ledger_forged_from_the_start_verifies_and_is_caught_by_a_challenge(
    workspace: Workspace,
):
    source, target = workspace.folder / PUBLISHED, workspace.folder / "experiments/tiny/forged"
    requests = sorted({found.request for found in final_answers(source)})
    altered = {requests[3]: other_tokens, requests[11]: other_text}
    forge(source, target, altered)
    assert verify(target).holds
    root = read_checkpoints(target)[-1].root
    caught, missed = nonce_that(root, requests, altered), nonce_that(root, requests, {})
    assert {found.request for found in challenge(target, missed, 6).drawn}.isdisjoint(altered)
    done = asked(workspace, "experiments/tiny/forged", caught, 6, "--json")
    assert done.returncode == 5, done.stderr
    told = json.loads(done.stdout)
    outcomes = {
        row["request"]: row["verdict"]["outcome"]
        for row in told["drawn"]
        if row["verdict"]["outcome"] != "identical"
    }
    assert outcomes == {requests[3]: "differs", requests[11]: "same tokens, another text"}
    assert told["mismatches"] == 2
    assert "with 4 of 6 identical" in done.stderr
    shown = told["not_said"][0]
    assert "not yet a forgery" in shown


def nonce_that(root: bytes, requests: list[str], draws: dict[str, object]) -> str:
    """Return the first nonce whose six requests hold all of `draws`, or none of the altered."""
    altered = {requests[3], requests[11]}
    for number in range(10_000):
        found = altered.intersection(draw(root, f"nonce {number}", requests, 6))
        if found == set(draws):
            return f"nonce {number}"
    raise AssertionError("no nonce found")


def test_withheld_prompts_are_named_and_accepted_when_disclosed(workspace: Workspace):
    source = workspace.folder / PUBLISHED
    withheld = workspace.folder / "experiments/tiny/withheld"
    forge(source, withheld, {})
    withhold_prompts(withheld)
    done = asked(workspace, "experiments/tiny/withheld", "mine", 2)
    assert done.returncode == 3
    assert "2 withheld" in done.stderr
    places = [found.position for found in challenge(withheld, "mine", 2).drawn]
    files = []
    for place in places:
        assert f" {place}" in done.stderr
        files += ["--opening", f"prompt-{place}.jsonl"]
        opened = workspace.reprollm(
            "disclose", PUBLISHED, str(place), "--field", "prompt_ids", "-o", files[-1]
        )
        assert opened.returncode == 0, opened.stderr
    first = asked(workspace, "experiments/tiny/withheld", "mine", 2, *files[:2])
    assert first.returncode == 3
    assert "1 withheld" in first.stderr
    done = asked(workspace, "experiments/tiny/withheld", "mine", 2, *files)
    assert done.returncode == 0, done.stderr


def test_imports_cannot_be_challenged(tmp_path: Path):
    from reprollm.ledger.commit import commit

    take_in(tmp_path / "theirs", read(LOG))
    commit(tmp_path / "theirs")
    with pytest.raises(InvalidInput, match="unattested"):
        challenge(tmp_path / "theirs", "mine", 5)


def test_a_damaged_ledger_or_bundle_is_not_challenged(workspace: Workspace):
    [shard] = (workspace.folder / PUBLISHED / "shards").glob("plan-*/*.jsonl")
    shard.chmod(0o644)
    shard.write_bytes(shard.read_bytes().replace(b'"item":"i0"', b'"item":"i9"', 1))
    with pytest.raises(LeafMismatch):
        challenge(workspace.folder / PUBLISHED, "mine", 5)
    (workspace.folder / "no.zip").write_bytes(b"no zip")
    done = asked(workspace, "no.zip", "mine", 5)
    assert done.returncode in (3, 4)
    assert "Traceback" not in done.stderr


def test_other_weights_than_the_planned_ones_are_not_asked(workspace: Workspace):
    weights = workspace.experiment / "models/tiny/model.safetensors"
    content = bytearray(weights.read_bytes())
    content[-1] ^= 1
    weights.write_bytes(content)
    done = asked(workspace, PUBLISHED, "mine", 1)
    assert done.returncode == 4
    assert "model.safetensors" in done.stderr
