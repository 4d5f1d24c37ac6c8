"""A key can be named by its text or by a file that holds it, and is never taken for another."""

from pathlib import Path

import pytest

from reprollm.errors import InvalidInput
from reprollm.signing.note_key import VerifierKey, new_signing_key
from reprollm.signing.ssh_key import SshKey
from reprollm.signing.trusted import key_text, public_key, verifier_key

JANE = new_signing_key("example.org/jane")


def test_a_verifier_key_is_named_by_text_or_file(tmp_path: Path) -> None:
    text = JANE.verifier().text()
    (tmp_path / "jane.vkey").write_text(text + "\n")
    for named in (text, str(tmp_path / "jane.vkey")):
        assert public_key(named) == verifier_key(named) == JANE.verifier()
        assert key_text(public_key(named)) == text


def test_a_file_whose_name_looks_like_a_key_is_still_a_file(tmp_path: Path) -> None:
    path = tmp_path / "my keys + more"
    path.write_text(JANE.verifier().text() + "\n")
    assert public_key(str(path)) == JANE.verifier()


def test_an_ssh_key_is_named_by_line_or_file(ssh_keys: dict[str, Path]) -> None:
    path = ssh_keys["ssh-ed25519"].with_suffix(".pub")
    key = public_key(str(path))
    assert isinstance(key, SshKey)
    assert public_key(path.read_text().rstrip("\n")) == public_key(key_text(key)) == key
    with pytest.raises(InvalidInput, match="a signed note holds no SSH signature"):
        verifier_key(str(path))


def test_a_private_key_is_refused_without_showing_it(
    tmp_path: Path, ssh_keys: dict[str, Path]
) -> None:
    secret = JANE.text()
    (tmp_path / "note.key").write_text(secret + "\n")
    for named in (secret, str(tmp_path / "note.key"), str(ssh_keys["ssh-ed25519"])):
        with pytest.raises(InvalidInput) as refused:
            public_key(named)
        assert secret[-20:] not in str(refused.value)


@pytest.mark.parametrize("content", [b"", b"a+b\nc\n", b"\xff\n", b"x" * 70_000])
def test_a_file_without_one_key_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "key").write_bytes(content)
    with pytest.raises(InvalidInput):
        public_key(str(tmp_path / "key"))


@pytest.mark.parametrize("named", ["", "nothing", "a\0b", "x" * 5000, "a+b", "ssh-ed25519 AAAA"])
def test_what_is_no_key_is_refused(named: str) -> None:
    with pytest.raises(InvalidInput, match="expected"):
        public_key(named)


def test_keys_of_one_kind_are_told_from_the_other() -> None:
    assert isinstance(public_key(JANE.verifier().text()), VerifierKey)
