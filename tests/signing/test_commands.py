"""The commands as a user meets them: what they print, what they write, how they end."""

from __future__ import annotations

import json
import stat
from pathlib import Path

import pytest

from command import Run
from ledger.building import plan
from reprollm.ledger.merkle import verify_consistency
from reprollm.ledger.segments import read_checkpoints
from reprollm.signing import note
from reprollm.signing.note_key import new_signing_key, parse_verifier_key
from signing import ledgers, ssh
from signing.authorities import Authority, served


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return ledgers.grown(tmp_path_factory.mktemp("commands") / "ledger")


@pytest.fixture
def ledger(original: Path, tmp_path: Path) -> Path:
    return ledgers.copied(original, tmp_path / "ledger")


@pytest.fixture
def key(tmp_path: Path, run: Run, monkeypatch: pytest.MonkeyPatch) -> str:
    """A new key in its usual place; its public half."""
    monkeypatch.setenv("REPROLLM_KEY", str(tmp_path / "settings" / "note.key"))
    made = run("key", "new", "--name", "example.org/jane")
    assert made.code == 0, made.err
    return made.out.rstrip("\n")


def test_a_new_key_is_private_and_its_public_half_is_printed(
    key: str, run: Run, tmp_path: Path
) -> None:
    path = tmp_path / "settings" / "note.key"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert parse_verifier_key(key).name == "example.org/jane"
    shown = run("key", "show")
    assert (shown.code, shown.out) == (0, key + "\n")
    value = json.loads(run("key", "show", "--json").out)
    assert (value["vkey"], value["file"]) == (key, str(path))
    assert path.read_text().rsplit("+", 1)[1] not in shown.out + shown.err


def test_a_second_key_needs_a_place_of_its_own(key: str, run: Run, tmp_path: Path) -> None:
    assert run("key", "new").code == 3
    assert run("key", "new", "-o", str(tmp_path / "other.key")).code == 0
    assert run("key", "show", "--key", str(tmp_path / "other.key")).out != key + "\n"


def test_no_key_is_made_inside_a_ledger(run: Run, ledger: Path) -> None:
    refused = run("key", "new", "-o", str(ledger / "keys" / "note.key"))
    assert refused.code == 3
    assert "handed to others" in refused.err
    assert not (ledger / "keys").exists()


def test_a_checkpoint_is_signed_with_the_note_key(key: str, run: Run, ledger: Path) -> None:
    done = run("checkpoint", "sign", str(ledger))
    assert done.code == 0, done.err
    path = Path(done.out.rstrip("\n"))
    signed = note.parse(path.read_bytes())
    assert signed.text == ledgers.last(ledger).body()
    assert note.verify(signed, [parse_verifier_key(key)]).keys
    assert run("checkpoint", "sign", str(ledger)).code == 0
    private = (ledger.parent / "settings" / "note.key").read_bytes()
    secret = private.rstrip(b"\n").split(b"+", 4)[4]
    assert not any(secret in item.read_bytes() for item in ledger.rglob("*") if item.is_file())


def test_signing_without_a_key_says_how_to_make_one(
    run: Run, ledger: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REPROLLM_KEY", str(tmp_path / "none"))
    refused = run("checkpoint", "sign", str(ledger))
    assert refused.code == 3
    assert "reprollm key new" in refused.err


def test_a_checkpoint_is_signed_with_an_ssh_key_and_with_an_agent(
    run: Run, ledger: Path, ssh_keys: dict[str, Path], tmp_path: Path
) -> None:
    assert run("checkpoint", "sign", str(ledger), "--ssh-key", str(ssh_keys["ssh-rsa"])).code == 0
    own = ssh.make_key(tmp_path / "agent-key", "ssh-ed25519")
    with ssh.agent(tmp_path, own):
        own.unlink()
        done = run("checkpoint", "sign", str(ledger), "--ssh-key", f"{own}.pub")
    assert done.code == 0, done.err
    value = json.loads(run("checkpoint", "show", "--json", str(ledger)).out)
    assert [signer["key"].split(" ")[0] for signer in value["signers"]].count("ssh-rsa") == 1
    assert {signer["kind"] for signer in value["signers"]} == {"ssh"}
    assert len(value["signers"]) == 2


def test_two_kinds_of_key_at_once_are_a_mistake(run: Run, ledger: Path) -> None:
    assert run("checkpoint", "sign", str(ledger), "--key", "a", "--ssh-key", "b").code == 2


def test_nothing_is_signed_that_the_records_do_not_give(key: str, run: Run, ledger: Path) -> None:
    shard = next(ledger.glob("shards/run-*/*/*.jsonl"))
    shard.write_bytes(shard.read_bytes().replace(b"node1", b"node2"))
    refused = run("checkpoint", "sign", str(ledger))
    assert refused.code == 4
    assert "the log was changed" in refused.err
    assert not (ledger / "signatures").exists()


def test_nothing_is_signed_beside_a_signature_that_does_not_hold(
    key: str, run: Run, ledger: Path
) -> None:
    middle = read_checkpoints(ledger)[1]
    path = ledgers.sign_note(ledger, new_signing_key("joe"), middle)
    path.chmod(0o644)
    path.write_bytes(path.read_bytes().replace(b"joe", b"jo"))
    assert run("checkpoint", "sign", str(ledger)).code == 4
    assert [item.name for item in (ledger / "signatures").iterdir()] == [path.name]


def test_a_checkpoint_is_stamped_by_an_authority(
    run: Run, ledger: Path, authority: Authority
) -> None:
    with served(authority) as url:
        done = run("checkpoint", "stamp", str(ledger), "--url", url)
    assert done.code == 0, done.err
    assert authority.fingerprint in done.err
    assert done.out.endswith(".tsr\n")


def test_the_authority_may_be_a_setting(
    run: Run, ledger: Path, authority: Authority, monkeypatch: pytest.MonkeyPatch
) -> None:
    with served(authority) as url:
        monkeypatch.setenv("REPROLLM_TSA_URL", url)
        assert run("checkpoint", "stamp", str(ledger)).code == 0
    monkeypatch.delenv("REPROLLM_TSA_URL")
    assert run("checkpoint", "stamp", str(ledger)).code == 2


def test_a_stamp_can_be_fetched_by_hand(
    run: Run, ledger: Path, authority: Authority, tmp_path: Path
) -> None:
    query, answer, chain = (tmp_path / name for name in ("query.tsq", "answer.tsr", "chain.pem"))
    assert run("checkpoint", "stamp", str(ledger), "--request-to", str(query)).code == 0
    answer.write_bytes(authority.answer(query.read_bytes()))
    chain.write_bytes(authority.chain)
    arguments = ("--response", str(answer), "--chain", str(chain))
    done = run("checkpoint", "stamp", str(ledger), *arguments)
    assert done.code == 0, done.err
    [signer] = json.loads(run("checkpoint", "show", "--json", str(ledger)).out)["signers"]
    assert (signer["kind"], signer["key"]) == ("rfc3161", authority.fingerprint)


def test_the_stamp_of_an_earlier_checkpoint_is_none_of_the_last(
    run: Run, ledger: Path, authority: Authority, tmp_path: Path
) -> None:
    from reprollm.signing import stamp

    earlier = read_checkpoints(ledger)[0].body().encode()
    (tmp_path / "answer").write_bytes(authority.answer(stamp.request(earlier).as_bytes()))
    refused = run("checkpoint", "stamp", str(ledger), "--response", str(tmp_path / "answer"))
    assert refused.code == 4
    assert "it is of another text" in refused.err
    assert not (ledger / "signatures").exists()


def test_show_prints_exactly_the_three_lines(key: str, run: Run, ledger: Path) -> None:
    shown = run("checkpoint", "show", str(ledger))
    assert (shown.code, shown.out) == (0, ledgers.last(ledger).body())
    assert "nobody has signed" in shown.err
    run("checkpoint", "sign", str(ledger))
    shown = run("checkpoint", "show", str(ledger))
    assert (shown.code, shown.out) == (0, ledgers.last(ledger).body())
    assert key in shown.err


def test_show_names_a_signature_that_does_not_hold(key: str, run: Run, ledger: Path) -> None:
    path = Path(run("checkpoint", "sign", str(ledger)).out.rstrip("\n"))
    path.chmod(0o644)
    path.write_bytes(path.read_bytes()[:-8] + b"AAAAAAA\n")
    shown = run("checkpoint", "show", str(ledger))
    assert shown.code == 4
    assert shown.out == ledgers.last(ledger).body()
    assert "PROBLEM SignatureMismatch" in shown.err
    value = json.loads(run("checkpoint", "show", "--json", str(ledger)).out)
    assert value["problems"][0]["defect"] == "SignatureMismatch"


def test_a_kept_checkpoint_proves_growth_from_then_till_now(
    run: Run, ledger: Path, tmp_path: Path
) -> None:
    first, *_, end = read_checkpoints(ledger)
    kept, proof = tmp_path / "kept.txt", tmp_path / "proof.txt"
    kept.write_text(first.body())
    done = run("checkpoint", "compare", str(kept), str(ledger), "--proof", str(proof))
    assert done.code == 0, done.err
    assert f"has grown from {first.size} to {end.size} records" in done.out
    assert proof.read_text().startswith(f"old {first.size}\n")
    value = json.loads(run("checkpoint", "compare", str(kept), str(ledger), "--json").out)
    nodes = [bytes.fromhex(node) for node in value["proof"]]
    assert verify_consistency(first.size, end.size, nodes, first.root, end.root)


def test_compare_works_on_an_unpacked_bundle(run: Run, ledger: Path, tmp_path: Path) -> None:
    (tmp_path / "bundle").mkdir()
    ledger.rename(tmp_path / "bundle" / "ledger")
    kept = tmp_path / "kept.txt"
    kept.write_text(run("checkpoint", "show", str(tmp_path / "bundle")).out)
    assert run("checkpoint", "compare", str(kept), str(tmp_path / "bundle")).code == 0


def test_compare_judges_the_signature_of_what_was_kept(
    key: str, run: Run, ledger: Path, tmp_path: Path
) -> None:
    path = run("checkpoint", "sign", str(ledger)).out.rstrip("\n")
    done = run("checkpoint", "compare", path, str(ledger), "--key", key)
    assert done.code == 0, done.err
    assert f"signed by {key}" in done.err
    assert "were not checked" in run("checkpoint", "compare", path, str(ledger)).err
    other = new_signing_key("joe").verifier().text()
    assert run("checkpoint", "compare", path, str(ledger), "--key", other).code == 4


def test_compare_fails_where_history_was_rewritten(run: Run, ledger: Path, tmp_path: Path) -> None:
    kept = tmp_path / "kept.txt"
    false = ledgers.last(ledger)
    kept.write_text(f"{false.origin}\n{false.size}\n{'A' * 43}=\n")
    refused = run("checkpoint", "compare", str(kept), str(ledger))
    assert refused.code == 4
    assert "history was rewritten" in refused.err
    assert false.root.hex() in refused.err
    assert bytes(32).hex() in refused.err


def test_a_folder_that_is_no_ledger_is_refused(run: Run, tmp_path: Path) -> None:
    for command in (["checkpoint", "show"], ["checkpoint", "sign"], ["proof", "make"]):
        more = ["0"] if command[0] == "proof" else []
        refused = run(*command, str(tmp_path), *more)
        assert refused.code == 3
        assert "Traceback" not in refused.err


def test_a_proof_is_made_and_checked_alone(
    key: str, run: Run, ledger: Path, tmp_path: Path
) -> None:
    run("checkpoint", "sign", str(ledger))
    proof, record = tmp_path / "p.tlog-proof", tmp_path / "record.json"
    request = plan(6).requests[4]
    done = run(
        "proof", "make", str(ledger), request[:12], "-o", str(proof), "--record-to", str(record)
    )
    assert done.code == 0, done.err
    assert proof.stat().st_size < 1100
    checked = run("proof", "check", str(proof), "--record", str(record), "--key", key)
    assert checked.code == 0, checked.err
    assert f"a record of kind generation for the request {request}" in checked.out
    assert "signed by example.org/jane" in checked.out
    assert "not checked" not in checked.out
    alone = run("proof", "check", str(proof))
    assert alone.code == 0
    assert alone.out.count("not checked") == 3
    value = json.loads(run("proof", "check", str(proof), "--key", key, "--json").out)
    assert (value["holds"], value["record"], value["signers"]) == (True, None, [key])


def test_a_proof_can_be_checked_against_a_kept_checkpoint(
    run: Run, ledger: Path, tmp_path: Path
) -> None:
    proof, kept = tmp_path / "p.tlog-proof", tmp_path / "kept.txt"
    proof.write_text(run("proof", "make", str(ledger), "3", "--with-record").out)
    kept.write_text(ledgers.last(ledger).body())
    checked = run("proof", "check", str(proof), "--checkpoint", str(kept))
    assert checked.code == 0, checked.err
    assert "not checked" not in checked.out
    kept.write_text(read_checkpoints(ledger)[0].body())
    assert run("proof", "check", str(proof), "--checkpoint", str(kept)).code == 4


def test_a_proof_of_another_record_ends_in_exit_code_4(
    run: Run, ledger: Path, tmp_path: Path
) -> None:
    proof, record = tmp_path / "p.tlog-proof", tmp_path / "record.json"
    proof.write_text(run("proof", "make", str(ledger), "3").out)
    run("proof", "make", str(ledger), "4", "--record-to", str(record))
    refused = run("proof", "check", str(proof), "--record", str(record))
    assert refused.code == 4
    assert "it is another record" in refused.err


def test_a_text_that_is_no_proof_ends_in_exit_code_3(run: Run, tmp_path: Path) -> None:
    (tmp_path / "p").write_bytes(b"\x1b[2Jnothing\n\n\n")
    refused = run("proof", "check", str(tmp_path / "p"))
    assert refused.code == 3
    assert "\x1b" not in refused.err


def test_a_missing_program_ends_in_one_sentence(
    run: Run,
    ledger: Path,
    ssh_keys: dict[str, Path],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    refused = run("checkpoint", "sign", str(ledger), "--ssh-key", str(ssh_keys["ssh-ed25519"]))
    assert refused.code == 3
    assert "openssh-client" in refused.err
    assert len(refused.err.strip().splitlines()) == 1
