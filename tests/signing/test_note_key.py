"""Note keys are those of C2SP signed-note and Go's sumdb, and say nothing of their secret."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reprollm.errors import InvalidInput
from reprollm.signing.note_key import (
    SigningKey,
    VerifierKey,
    new_signing_key,
    parse_signing_key,
    parse_verifier_key,
)

# The example of C2SP signed-note, section "Verifier keys".
SPECIFIED = "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k"
PUBLIC = SPECIFIED.rpartition("+")[2]
# Go's sumdb/note, in its documentation: key pair of "PeterNeumann".
GO_PRIVATE = "PRIVATE+KEY+PeterNeumann+c74f20a3+AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz"
GO_PUBLIC = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"


def test_the_specification_s_key_is_read_and_written() -> None:
    key = parse_verifier_key(SPECIFIED)
    assert (key.name, key.key_id.hex(), key.text()) == ("example.com/foo", "530d903a", SPECIFIED)


def test_a_key_of_go_s_program_is_ours() -> None:
    key = parse_signing_key(GO_PRIVATE)
    assert key.verifier() == parse_verifier_key(GO_PUBLIC)
    assert key.text() == GO_PRIVATE


@given(st.binary(min_size=32, max_size=32), st.text("abc./-ſ", min_size=1, max_size=20))
def test_every_key_is_read_as_it_was_written(seed: bytes, name: str) -> None:
    key = SigningKey(name, seed)
    assert parse_signing_key(key.text()) == key
    assert parse_verifier_key(key.verifier().text()) == key.verifier()


def test_a_key_without_a_name_is_named_by_its_public_half() -> None:
    first, second = new_signing_key(), new_signing_key()
    assert first.name.startswith("reprollm/")
    assert first.name != second.name


def test_a_key_signs_what_its_public_half_verifies_and_nothing_else() -> None:
    key = new_signing_key("jane")
    signature = key.sign(b"text")
    assert key.verifier().verifies(signature, b"text")
    assert not key.verifier().verifies(signature, b"test")
    assert not new_signing_key("jane").verifier().verifies(signature, b"text")


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "expected a verifier key"),
        (SPECIFIED + "\n", "canonical|base64"),
        (SPECIFIED.replace("530d903a", "530d903b"), "expected the key id 530d903a"),
        (SPECIFIED.replace("530d903a", "530D903A"), "expected a verifier key"),
        (SPECIFIED.replace("example", "fxample"), "expected the key id"),
        (f"+530d903a+{PUBLIC}", "expected a key name"),
        (f"a b+530d903a+{PUBLIC}", "expected a key name"),
        (f"a\u2003b+530d903a+{PUBLIC}", "expected a key name"),
        (f"a\x1b[2Jb+530d903a+{PUBLIC}", "expected a key name"),
        (f"a+b+530d903a+{PUBLIC}", "expected a verifier key"),
        (SPECIFIED[:-4], "expected a key of 32 bytes, found 29"),
        (SPECIFIED[:-1] + "l", "expected the key id"),
        (f"example.com/foo+530d903a+Ag{PUBLIC[2:]}", "type 0x01"),
        (f"example.com/foo+530d903a+BA{PUBLIC[2:]}", "type 0x01"),
        ("example.com/foo+530d903a+", "type 0x01"),
    ],
)
def test_a_changed_verifier_key_is_refused(text: str, reason: str) -> None:
    with pytest.raises(InvalidInput, match=reason):
        parse_verifier_key(text)


@pytest.mark.parametrize(
    "text",
    [
        GO_PUBLIC,
        GO_PRIVATE.replace("PRIVATE+KEY+", "PRIVATE+"),
        GO_PRIVATE.replace("c74f20a3", "c74f20a4"),
        GO_PRIVATE[:-4],
        GO_PRIVATE + " ",
        GO_PRIVATE.replace("+AY", "+A~"),
    ],
)
def test_a_changed_private_key_is_refused_without_showing_it(text: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        parse_signing_key(text)
    assert "EKFALVFGyNhPJEMzD1QIDr" not in str(refused.value)


def test_a_private_key_does_not_show_its_secret_where_it_is_printed() -> None:
    key = parse_signing_key(GO_PRIVATE)
    assert "seed" not in repr(key)
    assert repr(key) == "SigningKey(name='PeterNeumann')"


@pytest.mark.parametrize("name", ["", "a b", "a+b", "a\nb", "x" * 201])
def test_a_name_that_cannot_stand_in_a_signature_line_makes_no_key(name: str) -> None:
    if name:
        with pytest.raises(InvalidInput, match="expected a key name"):
            new_signing_key(name)
    else:
        assert new_signing_key(name).name


def test_the_key_id_depends_on_name_and_key() -> None:
    public = bytes(32)
    assert VerifierKey("a", public).key_id != VerifierKey("b", public).key_id
    assert VerifierKey("a", public).key_id != VerifierKey("a", bytes(31) + b"\x01").key_id
