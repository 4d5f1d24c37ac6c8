from __future__ import annotations

import codecs
import gzip
import hashlib
import io
import json
from pathlib import Path

import pytest

from corpus.corpora import json_lines, write_gz, write_parquet, write_zst
from reprollm.corpus.lines import read_lines
from reprollm.corpus.markup import read_xml
from reprollm.corpus.parts import Damaged, Part, Tally
from reprollm.corpus.streams import HashedFile, decompressed
from reprollm.corpus.tables import read_parquet
from reprollm.corpus.texts import read_text


def lines(content: bytes, field: str = "text", **options: int) -> tuple[dict[int, str], Tally]:
    """Return the text of each document of JSON lines, and what was counted."""
    tally = Tally()
    texts: dict[int, str] = {}
    stream = io.BufferedReader(io.BytesIO(content))  # type: ignore[type-var]
    for part in read_lines(stream, field, "utf-8", tally, **options):
        texts[part.document] = texts.get(part.document, "") + part.text
    return texts, tally


def xml(content: str) -> str:
    """Return the text that is read of a document, its lines stripped and empty ones left out."""
    parts = list(read_xml(io.BytesIO(content.encode()), Tally()))
    said = "".join(part.text for part in parts)
    return "\n".join(line.strip() for line in said.split("\n") if line.strip())


def test_documents_are_numbered_by_their_lines() -> None:
    texts, tally = lines(b'{"text":"eins"}\n\n{"text":"drei"}')
    assert texts == {1: "eins", 3: "drei"}
    assert (tally.documents, tally.unreadable) == (2, 0)


def test_a_dotted_path_leads_into_objects() -> None:
    texts, _ = lines(b'{"a":{"b":"tief","text":"nicht"},"text":"nicht"}\n', "a.b")
    assert texts == {1: "tief"}


def test_a_list_of_strings_is_one_text() -> None:
    assert lines(b'{"text":["eins","zwei"]}')[0] == {1: "eins\nzwei"}


def test_lines_without_a_text_are_counted() -> None:
    texts, tally = lines(b'{"text":"gut"}\nkein JSON\n{"text":7}\n[1]\n{"other":"x"}\n')
    assert texts == {1: "gut"}
    assert tally.unreadable == 4


def test_undecodable_bytes_are_counted_and_separate() -> None:
    texts, tally = lines('{"text":"Häuser"}\n'.encode("latin-1"))
    assert texts == {1: "H\ufffduser"}
    assert tally.undecodable == 1


def test_half_a_character_in_an_escape_is_read() -> None:
    texts, tally = lines(b'{"text":"a \\ud83d b"}')
    assert texts == {1: "a \ud83d b"}
    assert tally.characters == 5


@pytest.mark.parametrize("size", [7, 16, 64, 1 << 20])
def test_a_line_too_long_to_hold_is_read_as_it_comes(size: int) -> None:
    text = 'Größe "in" \\ Anführung\n\t\U0001f600 ' * 30
    for ascii_only in (True, False):
        value = {"id": 1, "meta": {"text": "falsch", "x": [1, {"text": "falsch"}]}, "text": text}
        content = json.dumps(value, ensure_ascii=ascii_only).encode() + b"\n"
        texts, tally = lines(content + b'{"text":"danach"}\n', longest=size)
        assert texts[1] == text
        assert texts[2] == "danach"
        assert tally.characters == len(text) + 6


def test_a_long_line_without_the_field_is_counted() -> None:
    content = json.dumps({"other": "x" * 200}).encode() + b"\n"
    texts, tally = lines(content, longest=32)
    assert texts == {}
    assert tally.unreadable == 1


@pytest.mark.parametrize(
    ("encoding", "mark"),
    [("utf-8", codecs.BOM_UTF8), ("utf-16-le", codecs.BOM_UTF16_LE), ("utf-8", b"")],
)
def test_a_byte_order_mark_says_the_encoding_of_a_text(encoding: str, mark: bytes) -> None:
    content = mark + "Bäume und Häuser".encode(encoding)
    parts = list(read_text(io.BytesIO(content), "utf-8", Tally()))
    assert "".join(part.text for part in parts) == "Bäume und Häuser"
    assert parts[-1].last


def test_mixed_encodings_in_a_text_are_counted() -> None:
    tally = Tally()
    content = "Bäume ".encode() + "Bäume ".encode("latin-1") + b"Ende"
    [first, _] = read_text(io.BytesIO(content), "utf-8", tally)
    assert first.text == "Bäume B\ufffdume Ende"
    assert tally.undecodable == 1


@pytest.mark.parametrize("name", ["c.jsonl.gz", "c.jsonl.zst"])
def test_compressed_lines_are_read_and_hashed(tmp_path: Path, name: str) -> None:
    content = json_lines(f"Dokument {number}" for number in range(1000))
    path = tmp_path / name
    {"gz": write_gz, "zst": write_zst}[name.rpartition(".")[2]](path, content)
    with HashedFile(path, lambda count: None) as file:
        assert decompressed(file, name).read() == content
        assert file.sha256() == hashlib.sha256(path.read_bytes()).hexdigest()


def test_concatenated_compressed_files_are_one(tmp_path: Path) -> None:
    path = tmp_path / "c.jsonl.gz"
    path.write_bytes(gzip.compress(b"eins") + gzip.compress(b"zwei"))
    with HashedFile(path, lambda count: None) as file:
        assert decompressed(file, path.name).read() == b"einszwei"


@pytest.mark.parametrize("name", ["c.jsonl.gz", "c.jsonl.zst"])
@pytest.mark.parametrize("damage", ["cut", "changed", "other"])
def test_broken_compression_is_said(tmp_path: Path, name: str, damage: str) -> None:
    path = tmp_path / name
    {"gz": write_gz, "zst": write_zst}[name.rpartition(".")[2]](
        path, json_lines(f"Dokument {number * number}" for number in range(3000))
    )
    whole = path.read_bytes()
    middle = len(whole) // 2
    path.write_bytes(
        {
            "cut": whole[:middle],
            "changed": whole[:middle] + bytes(64) + whole[middle + 64 :],
            "other": b"no archive at all",
        }[damage]
    )
    with HashedFile(path, lambda count: None) as file:
        stream = decompressed(file, name)
        with pytest.raises(Damaged, match="compression is broken"):
            list(read_lines(stream, "text", "utf-8", Tally()))


def test_parquet_rows_are_numbered_and_empty_ones_counted(tmp_path: Path) -> None:
    path = tmp_path / "c.parquet"
    write_parquet(path, text=["eins", None, "drei"], other=[1, 2, 3])
    tally = Tally()
    assert list(read_parquet(path, "text", tally)) == [
        Part(1, "eins", True),
        Part(3, "drei", True),
    ]
    assert tally.unreadable == 1


def test_a_field_within_a_parquet_struct_is_read(tmp_path: Path) -> None:
    path = tmp_path / "c.parquet"
    write_parquet(path, doc=[{"body": "eins"}, {"body": "zwei"}])
    assert [part.text for part in read_parquet(path, "doc.body", Tally())] == ["eins", "zwei"]


def test_a_parquet_file_without_the_column_is_said(tmp_path: Path) -> None:
    path = tmp_path / "c.parquet"
    write_parquet(path, content=["eins"])
    with pytest.raises(Damaged, match=r"no column 'text' \(it has content\)"):
        list(read_parquet(path, "text", Tally()))


def test_a_broken_parquet_file_is_said(tmp_path: Path) -> None:
    path = tmp_path / "c.parquet"
    path.write_bytes(b"PAR1 and nothing more PAR1")
    with pytest.raises(Damaged, match="cannot be read as Parquet"):
        list(read_parquet(path, "text", Tally()))


TEI = '<TEI xmlns="http://www.tei-c.org/ns/1.0"><teiHeader><title>Kopf</title></teiHeader>{}</TEI>'


def test_the_text_of_tei_is_read_without_its_header() -> None:
    text = "<text><body><head>Titel</head><p>Ein <hi>ge</hi>druckter Satz.</p></body></text>"
    assert xml(TEI.format(text)) == "Titel\nEin gedruckter Satz."


def test_line_breaks_stay_unless_the_edition_says_that_they_break_no_word() -> None:
    text = '<text><p>Schul-<lb/>haus und Hof<lb break="no"/>raum</p></text>'
    assert xml(TEI.format(text)) == "Schul-\nhaus und Hofraum"


def test_of_a_choice_the_corrected_reading_is_taken() -> None:
    text = "<text><p><choice><sic>Heuser</sic><corr>Häuser</corr></choice> stehn</p></text>"
    assert xml(TEI.format(text)) == "Häuser stehn"


def test_other_xml_is_read_whole() -> None:
    assert xml("<page><p>Eins</p><p>zwei &amp; drei</p></page>") == "Eins\nzwei & drei"


@pytest.mark.parametrize(
    "content",
    [
        '<!DOCTYPE a [<!ENTITY x "xxxx"><!ENTITY y "&x;&x;">]><a>&y;</a>',
        '<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><a>&x;</a>',
    ],
    ids=["expansion", "external"],
)
def test_a_document_that_declares_entities_is_refused(content: str) -> None:
    with pytest.raises(Damaged, match="declares entities"):
        xml(content)


def test_an_external_document_type_is_not_fetched() -> None:
    assert xml('<!DOCTYPE a SYSTEM "file:///etc/passwd"><a>Text</a>') == "Text"


def test_xml_that_is_not_well_formed_is_read_up_to_there() -> None:
    tally = Tally()
    parts = []
    with pytest.raises(Damaged, match="not well-formed"):
        for part in read_xml(io.BytesIO(b"<a><p>Anfang</p><p>Mitte</b></a>"), tally):
            parts.append(part.text)
    assert "".join(parts).split() == ["Anfang", "Mitte"]
