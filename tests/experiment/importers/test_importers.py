from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from reprollm.errors import DataInvalid
from reprollm.experiment.importers import Imported, Importer
from reprollm.experiment.importers.alto import Alto
from reprollm.experiment.importers.conll import TokenTable
from reprollm.experiment.importers.delimited import Delimited
from reprollm.experiment.importers.jsonl import JsonLines
from reprollm.experiment.importers.page_xml import PageXml
from reprollm.experiment.importers.parquet import Parquet
from reprollm.experiment.importers.plain_text import PlainText
from reprollm.experiment.importers.tei import Tei


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "items"


def cells(found: Imported) -> list[dict[str, str]]:
    return [dict(row.cells) for row in found.rows]


def refusal(importer: Importer, path: Path) -> str:
    with pytest.raises(DataInvalid) as refused:
        importer.read(path)
    sentence = str(refused.value)
    assert "\n" not in sentence
    return sentence


# Delimited


def test_quotes_delimiters_and_a_byte_order_mark_are_read_as_declared(file: Path) -> None:
    file.write_bytes('\ufeffid;text\r\n1;"a;""b""\nc"\r\n\r\n2; ſo \r\n'.encode())
    found = Delimited(encoding="utf-8-sig", delimiter=";").read(file)
    assert cells(found) == [{"id": "1", "text": 'a;"b"\nc'}, {"id": "2", "text": " ſo "}]
    assert [row.line for row in found.rows] == [2, 5]
    assert found.sha256 == hashlib.sha256(file.read_bytes()).hexdigest()


def test_without_a_header_columns_are_named_by_place_or_as_told(file: Path) -> None:
    file.write_text("1\teins\n2\tzwei\n", encoding="utf-8")
    assert Delimited(delimiter="\t", header=False).read(file).columns == ("column_1", "column_2")
    named = Delimited(delimiter="\t", header=False, columns=("id", "text")).read(file)
    assert cells(named)[1] == {"id": "2", "text": "zwei"}


def test_a_quotation_mark_can_be_a_character_like_any_other(file: Path) -> None:
    file.write_text('id\ttext\n1\t"Halt, rief er\n', encoding="utf-8")
    form = Delimited(delimiter="\t", quoted=False)
    assert cells(form.read(file)) == [{"id": "1", "text": '"Halt, rief er'}]
    assert "inside quotation marks" in refusal(Delimited(delimiter="\t"), file)


def test_a_row_with_another_number_of_cells_is_refused_with_its_line(file: Path) -> None:
    file.write_text("id,text\n1,a\n2,b,c\n", encoding="utf-8")
    assert "expected 2 cells in line 3" in refusal(Delimited(), file)


def test_an_empty_file_is_refused(file: Path) -> None:
    file.write_bytes(b"")
    assert "found an empty file" in refusal(Delimited(header=False), file)


# JSON Lines


def test_paths_lead_to_nested_values(file: Path) -> None:
    file.write_text('{"q":{"de":"Wer?"},"a":[{"t":"x"},{"t":"ich"}]}\n\n', encoding="utf-8")
    found = JsonLines(fields={"question": "q.de", "gold": "a[1].t"}).read(file)
    assert cells(found) == [{"question": "Wer?", "gold": "ich"}]


def test_numbers_stand_as_they_were_written(file: Path) -> None:
    line = '{"id":12345678901234567890123,"p":1.10,"ok":true,"no":null,"l":[0.10,"ä"]}'
    file.write_text(line, encoding="utf-8")
    assert cells(JsonLines().read(file)) == [
        {"id": "12345678901234567890123", "p": "1.10", "ok": "true", "no": "", "l": '[0.10, "ä"]'}
    ]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('{"a": 1}\n[2]', "line 2"),
        ('{"a": 1}\n{"a"', "line 2"),
        ('{"b": 1}', "on the way to the column 'x'"),
        ("[" * 100_000, "line 1"),
        ("", "at least one object"),
    ],
    ids=["array", "cut", "path", "deep", "empty"],
)
def test_lines_that_are_no_such_object_are_refused(file: Path, text: str, said: str) -> None:
    file.write_text(text, encoding="utf-8")
    assert said in refusal(JsonLines(fields={"x": "a"}), file)


# Parquet


def test_parquet_columns_become_texts(file: Path) -> None:
    table = {"id": [1, 2], "text": ["ä", None], "words": [["a", "b"], []], "p": [0.5, 1e-7]}
    pq.write_table(pa.table(table), file)
    found = Parquet().read(file)
    assert cells(found)[0] == {"id": "1", "text": "ä", "words": '["a", "b"]', "p": "0.5"}
    assert cells(found)[1]["text"] == ""
    assert Parquet(columns=("text",)).read(file).columns == ("text",)


def test_what_is_no_parquet_and_bytes_are_refused(file: Path) -> None:
    file.write_bytes(b"PAR1 and then nothing")
    assert "expected a Parquet file" in refusal(Parquet(), file)
    pq.write_table(pa.table({"scan": [b"\x00"]}), file)
    assert "found bytes in row 1" in refusal(Parquet(), file)


# Plain texts


def test_each_text_of_a_folder_is_an_item(tmp_path: Path) -> None:
    for name, text in (("b/zwei.txt", "2\n"), ("a.txt", "eins"), ("a.md", "nein")):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text, encoding="utf-8")
    found = PlainText().read(tmp_path)
    assert cells(found) == [
        {"file": "a.txt", "text": "eins"},
        {"file": "b/zwei.txt", "text": "2\n"},
    ]


def test_the_hash_of_a_folder_covers_names_and_bytes(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("eins", encoding="utf-8")
    before = PlainText().read(tmp_path).sha256
    (tmp_path / "a.txt").rename(tmp_path / "b.txt")
    assert PlainText().read(tmp_path).sha256 != before


def test_a_link_out_of_the_folder_is_refused(tmp_path: Path) -> None:
    (tmp_path / "secret.txt").write_text("x", encoding="utf-8")
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "a.txt").symlink_to(tmp_path / "secret.txt")
    assert "a link that leads out of it" in refusal(PlainText(), tmp_path / "data")


# Tokens

HIPE = (
    "TOKEN\tNE-COARSE-LIT\tMISC\n"
    "# hipe2022:document_id = d-1\n"
    "# hipe2022:date = 1853-01-01\n"
    "Aias\tB-pers\tNoSpaceAfter\n"
    ",\tO\t_\n"
    "ſo\tO\tLED0.00|NoSpaceAfter\n"
    ".\tO\tEndOfSentence\n"
    "Ja\tO\t_\n"
    "\n"
    "# hipe2022:document_id = d-2\n"
    "#\tO\t_\n"
)


def test_a_hipe_document_has_text_labels_and_its_comments(file: Path) -> None:
    file.write_text(HIPE, encoding="utf-8")
    found = TokenTable().read(file)
    first, second = cells(found)
    assert first["id"] == "d-1"
    assert first["text"] == "Aias, ſo. Ja"
    assert json.loads(first["NE-COARSE-LIT"]) == ["B-pers", "O", "O", "O", "O"]
    assert first["hipe2022:date"] == "1853-01-01"
    assert (second["id"], second["text"], second["hipe2022:date"]) == ("d-2", "#", "")
    assert [row.line for row in found.rows] == [4, 11]


def test_sentences_end_where_the_flag_says_so(file: Path) -> None:
    file.write_text(HIPE, encoding="utf-8")
    found = cells(TokenTable(unit="sentence").read(file))
    assert [(row["id"], row["text"]) for row in found] == [
        ("d-1:1", "Aias, ſo."),
        ("d-1:2", "Ja"),
        ("d-2:1", "#"),
    ]


def test_conll_sentences_end_at_blank_lines(file: Path) -> None:
    file.write_text("-DOCSTART-\tO\n\nWer\tO\nda\tO\n\nIch\tB-PER\n", encoding="utf-8")
    form = TokenTable(unit="sentence", columns=("w", "ner"), token="w", flags=None)
    assert [row["text"] for row in cells(form.read(file))] == ["Wer da", "Ich"]


def test_a_line_with_a_missing_cell_is_refused_with_its_number(file: Path) -> None:
    file.write_text("TOKEN\tMISC\nWer\t_\nda\n", encoding="utf-8")
    assert "expected 2 cells in line 3" in refusal(TokenTable(), file)


# TEI

PLAY = """<?xml version="1.0" encoding="UTF-8"?>
<TEI xmlns="http://www.tei-c.org/ns/1.0"><text><body>
  <sp who="#mann" xml:id="s1"><speaker>Der Mann.</speaker><!-- c -->
    <p>Frau, <hi>liegst</hi>
       du?</p><p>So.</p></sp>
  <sp who="#frau"><p>Lieber Gott!</p></sp>
</body></text></TEI>
"""


def test_units_and_fields_are_found_by_xpath(file: Path) -> None:
    file.write_text(PLAY, encoding="utf-8")
    found = Tei(unit="//tei:sp", fields={"who": "@who", "text": "tei:p"}).read(file)
    assert found.columns == ("id", "file", "who", "text")
    assert cells(found) == [
        {"id": "s1", "file": "items", "who": "#mann", "text": "Frau, liegst du? So."},
        {"id": "2", "file": "items", "who": "#frau", "text": "Lieber Gott!"},
    ]
    assert found.rows[1].line == 6


@pytest.mark.parametrize(
    "entity",
    [
        '<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">',
        '<!ENTITY a SYSTEM "file:///etc/passwd">',
    ],
    ids=["expanding", "external"],
)
def test_entities_are_refused(file: Path, entity: str) -> None:
    play = PLAY.replace("<TEI ", f"<!DOCTYPE TEI [{entity}]>\n<TEI ", 1).replace("Lieber", "&a;")
    file.write_text(play, encoding="utf-8")
    sentence = refusal(Tei(unit="//tei:sp", fields={"text": "tei:p"}), file)
    assert "document type" in sentence
    assert "root:" not in sentence


@pytest.mark.parametrize(
    ("unit", "said"),
    [("//sp", "found none"), ("//x:sp", "XPath"), ("//tei:sp[", "XPath"), ("//@who", "elements")],
)
def test_an_expression_that_does_not_fit_is_refused(file: Path, unit: str, said: str) -> None:
    file.write_text(PLAY, encoding="utf-8")
    assert said in refusal(Tei(unit=unit, fields={}), file)


def test_broken_xml_is_refused(file: Path) -> None:
    file.write_text(PLAY[:200], encoding="utf-8")
    assert "expected well-formed XML" in refusal(Tei(unit="//tei:sp", fields={}), file)


# Pages

PAGE = """<PcGts xmlns="http://schema.primaresearch.org/PAGE/gts/pagecontent/2019-07-15">
<Page imageFilename="001.tif">
<ReadingOrder><OrderedGroup id="g"><RegionRefIndexed index="0" regionRef="r2"/>
<RegionRefIndexed index="1" regionRef="r1"/></OrderedGroup></ReadingOrder>
<TextRegion id="r1"><TextLine id="l1"><Word><TextEquiv><Unicode>no</Unicode></TextEquiv></Word>
<TextEquiv index="1"><Unicode>falſch</Unicode></TextEquiv>
<TextEquiv index="0"><Unicode> vnd  er</Unicode></TextEquiv></TextLine>
<TextLine id="l2"/></TextRegion>
<TextRegion id="r2"><TextLine id="l3"><TextEquiv><Unicode>Titel</Unicode></TextEquiv></TextLine>
<TextEquiv><Unicode>Titel</Unicode></TextEquiv></TextRegion>
</Page></PcGts>"""


def test_page_lines_come_in_reading_order_as_transcribed(file: Path) -> None:
    file.write_text(PAGE, encoding="utf-8")
    found = cells(PageXml().read(file))
    assert [(row["id"], row["text"]) for row in found] == [
        ("items:r2/l3", "Titel"),
        ("items:r1/l1", " vnd  er"),
    ]
    assert cells(PageXml(unit="region").read(file))[0]["page"] == "001.tif"


ALTO = """<alto xmlns="http://www.loc.gov/standards/alto/ns-v4#"><Layout><Page ID="p1"><PrintSpace>
<TextBlock ID="b1"><TextLine ID="l1"><String CONTENT="ein"/><SP/><String CONTENT="Buch"/>
<HYP CONTENT="-"/></TextLine><TextLine ID="l2"><String CONTENT="ſtabe"/></TextLine></TextBlock>
<TextBlock ID="b2"/></PrintSpace></Page></Layout></alto>"""


def test_alto_lines_and_blocks(file: Path) -> None:
    file.write_text(ALTO, encoding="utf-8")
    lines = cells(Alto().read(file))
    assert [(row["id"], row["text"]) for row in lines] == [
        ("items:l1", "ein Buch-"),
        ("items:l2", "ſtabe"),
    ]
    assert cells(Alto(unit="block").read(file)) == [
        {
            "id": "items:b1",
            "file": "items",
            "page": "p1",
            "block": "b1",
            "line": "",
            "text": "ein Buch-\nſtabe",
        }
    ]


@pytest.mark.parametrize("importer", [PageXml(), Alto()], ids=["page", "alto"])
def test_another_xml_is_refused(file: Path, importer: Importer) -> None:
    file.write_text(PLAY, encoding="utf-8")
    assert "found none" in refusal(importer, file)
