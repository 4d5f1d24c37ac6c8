"""Signing through `ssh-keygen`: with a key's file, with an agent, and where it cannot."""

import subprocess
from pathlib import Path

import pytest

from reprollm.errors import InvalidInput
from reprollm.signing import ssh_keygen
from reprollm.signing.sshsig import verify
from signing import ssh

TEXT = b"a log\n12\nroot\n"


def test_an_agent_signs_for_a_public_key_file(tmp_path: Path) -> None:
    key = ssh.make_key(tmp_path / "key", "ssh-ed25519")
    public = key.with_suffix(".pub")
    with ssh.agent(tmp_path, key):
        key.unlink()
        signature = ssh_keygen.sign(TEXT, public, "test@v1")
    found = verify(signature, TEXT, "test@v1").key
    assert public.read_text().startswith(found.line())
    assert ssh.accepts(signature, TEXT, "test@v1", tmp_path)


def test_a_public_key_whose_private_half_nobody_has_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("SSH_AUTH_SOCK", raising=False)
    key = ssh.make_key(tmp_path / "key", "ssh-ed25519")
    key.unlink()
    with pytest.raises(InvalidInput, match="expected ssh-keygen to sign with"):
        ssh_keygen.sign(TEXT, key.with_suffix(".pub"), "test@v1")


def test_a_missing_program_is_named_with_its_package(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    key = ssh.make_key(tmp_path / "key", "ssh-ed25519")
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(InvalidInput, match="openssh-client"):
        ssh_keygen.sign(TEXT, key, "test@v1")


def test_a_missing_key_is_named(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="expected an SSH key file"):
        ssh_keygen.sign(TEXT, tmp_path / "nothing", "test@v1")


def test_a_key_file_named_like_an_option_is_a_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ssh.make_key(tmp_path / "key", "ssh-ed25519").rename(tmp_path / "-Ofoo")
    monkeypatch.chdir(tmp_path)
    assert verify(ssh_keygen.sign(TEXT, Path("-Ofoo"), "test@v1"), TEXT, "test@v1")


def test_a_certificate_is_no_key_that_we_take(tmp_path: Path) -> None:
    ca, key = (ssh.make_key(tmp_path / name, "ssh-ed25519") for name in ("ca", "key"))
    subprocess.run(["ssh-keygen", "-q", "-s", ca, "-I", "x", key.with_suffix(".pub")], check=True)
    signature = ssh_keygen.sign(TEXT, key, "test@v1")
    assert verify(signature, TEXT, "test@v1").key.kind == "ssh-ed25519"
