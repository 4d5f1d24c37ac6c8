"""Every signature beside a log holds, or is named with what is wrong."""

from __future__ import annotations

from pathlib import Path

import pytest

from reprollm.errors import SignatureMismatch
from reprollm.ledger.segments import read_checkpoints
from reprollm.records.checkpoint import Checkpoint
from reprollm.signing import note, ssh_keygen, sshsig, stamp, store
from reprollm.signing.judge import Judged, judge
from reprollm.signing.note_key import new_signing_key
from signing import ledgers, ssh
from signing.authorities import Authority

JANE, JOE = new_signing_key("example.org/jane"), new_signing_key("example.org/joe")


@pytest.fixture(scope="module")
def signed(
    tmp_path_factory: pytest.TempPathFactory, ssh_keys: dict[str, Path], authority: Authority
) -> Path:
    """A ledger whose last two checkpoints are signed and stamped in every way."""
    ledger = ledgers.grown(tmp_path_factory.mktemp("signed") / "ledger")
    for checkpoint in read_checkpoints(ledger)[1:]:
        ledgers.sign_note(ledger, JANE, checkpoint)
        ledgers.sign_ssh(ledger, ssh_keys["ssh-ed25519"], checkpoint)
        ledgers.add_stamp(ledger, authority, checkpoint)
    return ledger


@pytest.fixture
def changed(signed: Path, tmp_path: Path) -> Path:
    return ledgers.copied(signed, tmp_path / "ledger")


def judged(ledger: Path) -> Judged:
    return judge(ledger, read_checkpoints(ledger))


def files(ledger: Path, kind: str) -> list[Path]:
    return sorted(ledger.glob(f"*/*.{kind}"))


def only_problem(ledger: Path) -> tuple[str, str]:
    [problem] = judged(ledger).problems
    return problem.defect, problem.sentence


def test_all_signers_are_told_in_the_order_of_their_checkpoints(
    signed: Path, authority: Authority, ssh_keys: dict[str, Path]
) -> None:
    found = judged(signed)
    assert (found.problems, found.notices) == ((), ())
    sizes = [checkpoint.size for checkpoint in read_checkpoints(signed)[1:]]
    assert [(item.size, item.kind) for item in found.signers] == [
        (size, kind) for size in sizes for kind in ("note", "ssh", "rfc3161")
    ]
    by_note, by_ssh, by_authority = found.signers[:3]
    assert (by_note.name, by_note.key) == ("example.org/jane", JANE.verifier().text())
    assert by_ssh.name.startswith("SHA256:")
    assert ssh_keys["ssh-ed25519"].with_suffix(".pub").read_text().startswith(by_ssh.key)
    assert (by_authority.name, by_authority.key) == ("CN=A test authority", authority.fingerprint)
    assert by_authority.time is not None
    assert by_note.time is None


def test_a_ledger_that_nobody_signed_has_no_problem(tmp_path: Path) -> None:
    assert judged(ledgers.grown(tmp_path)) == Judged((), (), ())


def test_signing_twice_with_one_key_changes_nothing(changed: Path) -> None:
    before = {path: path.read_bytes() for path in changed.rglob("*.*") if path.is_file()}
    ledgers.sign_note(changed, JANE, ledgers.last(changed))
    assert {path: path.read_bytes() for path in changed.rglob("*.*") if path.is_file()} == before


def test_what_is_stored_can_never_be_written_over(tmp_path: Path) -> None:
    ledger = ledgers.grown(tmp_path)
    path = ledgers.sign_note(ledger, JANE, ledgers.last(ledger))
    assert path.stat().st_mode & 0o777 == 0o444
    key = ledger / "keys" / f"{JANE.verifier().key_id.hex()}.vkey"
    key.chmod(0o644)
    key.write_text(JOE.verifier().text() + "\n")
    with pytest.raises(SignatureMismatch, match="expected the key that signs now"):
        ledgers.sign_note(ledger, JANE, ledgers.last(ledger))


@pytest.mark.parametrize("kind", ["note", "sshsig", "tsr", "vkey", "pub", "pem"])
def test_any_flipped_byte_of_signature_or_key_is_found(changed: Path, kind: str) -> None:
    path = files(changed, kind)[0]
    content = path.read_bytes()
    for at in range(0, len(content), 1 if len(content) < 300 else 37):
        path.write_bytes(content[:at] + bytes([content[at] ^ 1]) + content[at + 1 :])
        assert judged(changed).problems, f"{kind}, byte {at}"


@pytest.mark.parametrize(
    ("kind", "defect"),
    [("note", "SignatureMismatch"), ("sshsig", "SignatureMismatch"), ("tsr", "TimeStampMismatch")],
)
def test_a_signature_of_another_checkpoint_is_found(changed: Path, kind: str, defect: str) -> None:
    earlier, later = files(changed, kind)
    later.write_bytes(earlier.read_bytes())
    found = only_problem(changed)
    assert found[0] == defect
    assert found[1].startswith(f"signatures/{later.name}: ")
    assert "another text" in found[1] or "text or signature was changed" in found[1]


@pytest.mark.parametrize(
    ("kind", "defect"),
    [("note", "SignatureMismatch"), ("sshsig", "SignatureMismatch"), ("tsr", "TimeStampMismatch")],
)
def test_a_signature_without_its_checkpoint_is_found(changed: Path, kind: str, defect: str) -> None:
    path = files(changed, kind)[0]
    path.rename(path.with_name("000000009999" + path.name[12:]))
    assert only_problem(changed)[0] == defect
    assert "expected a checkpoint over 9999 records, found none" in only_problem(changed)[1]


@pytest.mark.parametrize(
    ("kind", "defect"),
    [("vkey", "SignatureMismatch"), ("pub", "SignatureMismatch"), ("pem", "TimeStampMismatch")],
)
def test_a_signature_without_its_key_is_found(changed: Path, kind: str, defect: str) -> None:
    for path in files(changed, kind):
        path.unlink()
    found = judged(changed).problems
    assert {problem.defect for problem in found} == {defect}
    assert all("expected a plain file keys/" in problem.sentence for problem in found)


def test_a_key_that_no_signature_uses_is_told(changed: Path) -> None:
    for path in files(changed, "note"):
        path.unlink()
    [key] = files(changed, "vkey")
    assert judged(changed).notices == (f"keys/{key.name} is used by no signature",)
    assert judged(changed).problems == ()


@pytest.mark.parametrize("kind", ["vkey", "pub", "pem"])
def test_another_key_under_the_name_of_one_is_found(
    changed: Path, kind: str, stranger: Authority, ssh_keys: dict[str, Path]
) -> None:
    other = {
        "vkey": JOE.verifier().text().encode() + b"\n",
        "pub": b" ".join(
            ssh_keys["ecdsa-sha2-nistp256"].with_suffix(".pub").read_bytes().split(b" ")[:2]
        )
        + b"\n",
        "pem": stranger.chain,
    }
    files(changed, kind)[0].write_bytes(other[kind])
    problems = judged(changed).problems
    assert problems
    assert all("to hold the key of its name" in problem.sentence for problem in problems)


def test_a_forger_s_signature_under_a_known_name_is_found(changed: Path) -> None:
    forger = new_signing_key(JANE.name)
    forged = note.sign(ledgers.last(changed).body(), forger)
    files(changed, "note")[-1].write_bytes(forged.content().encode())
    assert only_problem(changed)[0] == "SignatureMismatch"
    assert "expected a signature of a known key" in only_problem(changed)[1]


def test_a_second_line_in_a_stored_note_is_found(changed: Path) -> None:
    both = note.sign(ledgers.last(changed).body(), JANE, JOE)
    files(changed, "note")[-1].write_bytes(both.content().encode())
    assert "expected one signature line, found 2" in only_problem(changed)[1]


def test_a_duplicate_line_in_a_stored_note_is_found(changed: Path) -> None:
    path = files(changed, "note")[-1]
    content = path.read_bytes()
    path.write_bytes(content + content.splitlines()[-1] + b"\n")
    assert "found two of 'example.org/jane'" in only_problem(changed)[1]


def test_an_ssh_signature_for_another_purpose_is_found(
    changed: Path, ssh_keys: dict[str, Path]
) -> None:
    text = ledgers.last(changed).body().encode()
    other = ssh_keygen.sign(text, ssh_keys["ssh-ed25519"], sshsig.BUNDLE_NAMESPACE)
    files(changed, "sshsig")[-1].write_bytes(other)
    assert "found one for 'reprollm-bundle@v1'" in only_problem(changed)[1]


def test_an_ssh_signature_of_another_key_is_found(changed: Path, ssh_keys: dict[str, Path]) -> None:
    text = ledgers.last(changed).body().encode()
    key = ssh_keys["ecdsa-sha2-nistp256"]
    other = ssh_keygen.sign(text, key, sshsig.CHECKPOINT_NAMESPACE)
    files(changed, "sshsig")[-1].write_bytes(other)
    assert "expected a signature of SHA256:" in only_problem(changed)[1]


def test_a_comment_in_a_stored_ssh_key_is_found(changed: Path) -> None:
    [path] = files(changed, "pub")
    path.write_bytes(path.read_bytes().rstrip(b"\n") + b" jane@home\n")
    assert all("without a comment" in problem.sentence for problem in judged(changed).problems)
    assert judged(changed).problems


def test_a_private_key_beside_the_certificates_is_found(
    changed: Path, authority: Authority
) -> None:
    """Under its own hash, so that only the content is wrong."""
    checkpoint = ledgers.last(changed)
    answer = authority.answer(stamp.request(checkpoint.body().encode()).as_bytes())
    pem = stamp.chain(answer) + (authority.folder / "tsa.key").read_bytes()
    store.add_stamp(changed, checkpoint, answer, pem)
    assert "expected nothing but certificates" in only_problem(changed)[1]


@pytest.mark.parametrize(
    "name",
    [
        "readme.txt",
        "20.1a2b3c4d.note",
        "000000000020.1a2b3c4d.sshsig",
        "000000000020.1a2b3c4d5e6f7081.note",
        "000000000020.1A2B3C4D.note",
        "000000000020.1a2b3c4d.note.bak",
        "\u0660\u0660\u0660\u0660\u0660\u0660\u0660\u0660\u0660\u0660\u0662\u0660.1a2b3c4d.note",
    ],
)
def test_a_file_that_is_no_signature_is_found(changed: Path, name: str) -> None:
    (changed / "signatures" / name).touch()
    assert only_problem(changed)[0] == "SignatureMismatch"
    assert "expected names <size>.<key>.note" in only_problem(changed)[1]


def test_what_a_killed_process_left_behind_is_no_signature(changed: Path) -> None:
    (changed / "signatures" / ".tmp-1-00").touch()
    (changed / "keys" / ".tmp-1-00").touch()
    found = judged(changed)
    assert (found.problems, found.notices) == ((), ())


def test_a_link_to_a_signature_elsewhere_is_found(changed: Path, tmp_path: Path) -> None:
    path = files(changed, "note")[0]
    path.rename(tmp_path / "elsewhere")
    path.symlink_to(tmp_path / "elsewhere")
    assert "expected a plain file" in only_problem(changed)[1]


def test_a_huge_signature_is_not_read(changed: Path) -> None:
    files(changed, "note")[0].write_bytes(bytes(1024 * 1024 + 1))
    assert "expected at most" in only_problem(changed)[1]


def test_signature_lines_in_a_checkpoint_file_are_found(changed: Path) -> None:
    path = sorted((changed / "log").glob("*.checkpoint"))[-1]
    path.write_text(note.sign(path.read_text(), JANE).content())
    assert any("which nobody judges" in item.sentence for item in judged(changed).problems)


def test_problems_are_raised_as_the_errors_that_they_name(changed: Path) -> None:
    files(changed, "note")[0].write_bytes(b"")
    with pytest.raises(SignatureMismatch):
        judged(changed).require()


def test_a_security_key_s_signature_tells_of_its_touch(tmp_path: Path) -> None:
    ledger, device = ledgers.grown(tmp_path), ssh.HardwareEd25519()
    checkpoint = ledgers.last(ledger)
    namespace = sshsig.CHECKPOINT_NAMESPACE.encode()
    data = ssh.signed_data(checkpoint.body().encode(), namespace)
    signature = ssh.armor(ssh.signature_blob(device.blob, device.sign(data), namespace=namespace))
    key = sshsig.verify(signature, checkpoint.body().encode(), namespace.decode()).key
    store.add_ssh(ledger, checkpoint, signature, key)
    [signer] = judged(ledger).signers
    assert signer.remark == "security key, touched by its user"


def test_a_signature_over_a_root_that_the_log_does_not_have_is_found(changed: Path) -> None:
    real = ledgers.last(changed)
    forged = Checkpoint(real.origin, real.size, bytes(32))
    files(changed, "note")[-1].write_bytes(note.sign(forged.body(), JANE).content().encode())
    assert "found another text" in only_problem(changed)[1]
