"""Signed notes are read in one spelling, and each defect is named."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reprollm.errors import SignatureMismatch
from reprollm.signing.note import NoteSignature, SignedNote, judge, parse, sign, verify
from reprollm.signing.note_key import VerifierKey, new_signing_key, parse_verifier_key
from reprollm.signing.strict64 import decode, encode
from signing.test_note_key import GO_PUBLIC, SPECIFIED

JANE, JOE = new_signing_key("example.org/jane"), new_signing_key("example.org/joe")
TEXT = "a log\n12\nroot\n"
NOTE = sign(TEXT, JANE).content().encode()
# The example of C2SP signed-note, section "Verifier keys".
SPECIFIED_NOTE = (
    "This is an example message.\n\n\u2014 example.com/foo "
    "Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2ONncAlTgK7Ztg1ERYNZXsYjOBH3mFXmRKuwHjG1Yu72IneyaQM=\n"
)


def test_the_specification_s_note_holds_under_its_key() -> None:
    key = parse_verifier_key(SPECIFIED)
    assert verify(parse(SPECIFIED_NOTE.encode()), [key]).keys == (key,)


def test_a_note_is_read_as_it_was_written() -> None:
    assert parse(NOTE).content().encode() == NOTE
    assert verify(parse(NOTE), [JANE.verifier()]).keys == (JANE.verifier(),)


@given(st.text(st.characters(exclude_categories=("Cc", "Cs"))))
def test_any_text_can_be_signed_its_empty_lines_included(line: str) -> None:
    text = f"{line}\n\n{line}\n"
    signed = parse(sign(text, JANE, JOE).content().encode())
    assert signed.text == text
    keys = [JANE.verifier(), JOE.verifier()]
    assert verify(signed, keys).keys == tuple(keys)


def test_lines_of_unknown_keys_are_kept_and_told() -> None:
    signed = parse(sign(TEXT, JANE, JOE).content().encode())
    found = verify(signed, [JOE.verifier()])
    assert found.keys == (JOE.verifier(),)
    assert [item.name for item in found.unknown] == ["example.org/jane"]
    assert signed.content() == sign(TEXT, JANE, JOE).content()


def test_a_signature_of_another_kind_is_kept_though_it_is_longer() -> None:
    cosignature = NoteSignature("witness.example", b"\x01\x02\x03\x04", bytes(72)).line()
    signed = parse(NOTE + cosignature.encode() + b"\n")
    assert verify(signed, [JANE.verifier()]).unknown[0].signature == bytes(72)


def test_a_note_without_a_known_signature_does_not_verify_but_can_be_judged() -> None:
    with pytest.raises(SignatureMismatch, match="found only example"):
        verify(parse(NOTE), [JOE.verifier()])
    assert judge(parse(NOTE), [JOE.verifier()]).keys == ()


def test_a_key_of_the_same_name_is_another_key() -> None:
    namesake = new_signing_key(JANE.name).verifier()
    assert judge(parse(NOTE), [namesake]).unknown == parse(NOTE).signatures


def test_a_key_that_collides_in_name_and_id_does_not_hold() -> None:
    class Colliding(VerifierKey):
        @property
        def key_id(self) -> bytes:
            return JANE.verifier().key_id

    colliding = Colliding(JANE.name, JOE.verifier().public)
    with pytest.raises(SignatureMismatch, match="another key made it"):
        verify(parse(NOTE), [colliding])


def with_signature(change: bytes) -> bytes:
    signature = parse(NOTE).signatures[0]
    return (
        SignedNote(TEXT, (NoteSignature(signature.name, signature.key_id, change),))
        .content()
        .encode()
    )


def flipped(signature: bytes, at: int) -> bytes:
    return bytes(byte ^ (number == at) for number, byte in enumerate(signature))


SIGNATURE = parse(NOTE).signatures[0].signature


@pytest.mark.parametrize("at", [0, 31, 32, 63])
def test_a_flipped_bit_of_a_signature_is_found(at: int) -> None:
    with pytest.raises(SignatureMismatch, match="signature was changed"):
        verify(parse(with_signature(flipped(SIGNATURE, at))), [JANE.verifier()])


@pytest.mark.parametrize("signature", [SIGNATURE[:-1], SIGNATURE + b"\x00"])
def test_a_signature_of_another_length_is_found(signature: bytes) -> None:
    with pytest.raises(SignatureMismatch, match="expected an Ed25519 signature of 64 bytes"):
        verify(parse(with_signature(signature)), [JANE.verifier()])


def test_a_changed_text_is_found() -> None:
    with pytest.raises(SignatureMismatch, match="text or signature was changed"):
        verify(parse(NOTE.replace(b"\n12\n", b"\n13\n")), [JANE.verifier()])


def test_a_key_id_that_is_not_the_key_s_makes_it_an_unknown_line() -> None:
    line = parse(NOTE).signatures[0]
    other = NoteSignature(line.name, b"\x00\x00\x00\x00", line.signature)
    with pytest.raises(SignatureMismatch, match="expected a signature of a known key"):
        verify(SignedNote(TEXT, (other,)), [JANE.verifier()])


LINE = NOTE.decode().splitlines()[-1]
ENCODED = LINE.split(" ")[2]


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "expected a note whose last line ends"),
        (TEXT.encode(), "expected an empty line"),
        (TEXT.encode() + b"\n", "expected a signature line at the end"),
        (NOTE[:-1], "expected a note whose last line ends"),
        (NOTE + b"\n", "expected a signature line at the end"),
        (NOTE + LINE.encode() + b"\n", "expected one signature line a key, found two"),
        (NOTE.replace("\u2014".encode(), b"-"), "expected a signature line"),
        (NOTE.replace("\u2014 ".encode(), "\u2014".encode()), "expected a signature line"),
        (NOTE.replace("\u2014 ".encode(), "\u2014  ".encode()), "expected a signature line"),
        (NOTE.replace(b"example.org/jane", b"jane+doe"), "expected a signature line"),
        (NOTE.replace(b"example.org/jane", "jane\u2003doe".encode()), "expected a signature line"),
        (NOTE.replace(b"example.org/jane ", b" "), "expected a signature line"),
        (NOTE.replace(b"\n", b"\r\n"), "expected no control characters"),
        (NOTE.replace(b"a log", b"a\x00log"), "expected no control characters"),
        (NOTE.replace(b"a log", b"a\xfflog"), "expected a note in UTF-8"),
        (NOTE.replace(ENCODED.encode(), b"AAAA"), "found 3 bytes"),
        (NOTE.replace(ENCODED.encode(), b"AAAAAB=="), "canonical"),
        (NOTE.replace(ENCODED.encode(), ENCODED.encode() + b" "), "expected a signature line"),
        (NOTE.replace(ENCODED.encode(), ENCODED.encode() + b"="), "expected base64"),
        (b"x" * (1024 * 1024 + 1), "expected a note of at most"),
    ],
)
def test_a_damaged_note_is_refused_for_its_own_reason(content: bytes, reason: str) -> None:
    with pytest.raises(SignatureMismatch, match=reason):
        verify(parse(content), [JANE.verifier()])


def test_a_note_of_many_signatures_is_read_up_to_a_limit() -> None:
    def note(count: int) -> bytes:
        lines = (NoteSignature(f"w{n}", bytes(4), bytes(72)) for n in range(count))
        return SignedNote(TEXT, tuple(lines)).content().encode()

    assert len(parse(note(64)).signatures) == 64
    with pytest.raises(SignatureMismatch, match="at most 64 signatures"):
        parse(note(65))


def test_base64_of_a_signature_line_holds_key_id_and_signature() -> None:
    raw = decode(ENCODED)
    assert (raw[:4], raw[4:]) == (JANE.verifier().key_id, SIGNATURE)
    assert encode(raw) == ENCODED
    assert parse_verifier_key(GO_PUBLIC).key_id.hex() == "c74f20a3"
