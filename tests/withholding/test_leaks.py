"""In how many ways a file can show a withheld text, all of which are found."""

import base64
import gzip
import html
import io
import json
from pathlib import Path
from urllib.parse import quote, quote_plus

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from reprollm.bundles.members import Member
from reprollm.records.arrays import ids_to_bytes
from reprollm.withholding.leaks import leaks
from reprollm.withholding.withheld_texts import WithheldTexts

TEXT = "Vnd er ſprach »zu jhm« & nam\nden Stab / daß er <jhn> zerbräche, 天地玄黃"
IDS = [4711, 12, 99, 100_000, 7, 7, 65_536, 3, 250, 18]
ID_BYTES = ids_to_bytes(IDS)
PATH = "experiment/notes.txt"


@pytest.fixture(scope="module")
def texts() -> WithheldTexts:
    found = WithheldTexts(["output", "output_ids", "reference"])
    found.add("output", TEXT.encode())
    found.add("output_ids", ID_BYTES)
    found.add("reference", b"der Stab zerbrach im Thal")
    found.add("reference", b"Winterthur")
    return found


def shifted(value: bytes, by: int) -> str:
    return base64.b64encode(b"#" * by + value + b"##").decode()


SPELLINGS = {
    "as it is": TEXT,
    "in capitals": TEXT.upper(),
    "in CSV": '"i1","' + TEXT.replace('"', '""') + '"\n',
    "in JSON": json.dumps({"a": TEXT}),
    "in JSON, unescaped": json.dumps({"a": TEXT}, ensure_ascii=False),
    "in JSON in JSON": json.dumps(json.dumps([TEXT])),
    "as Python writes it": ascii(TEXT.encode()),
    "as a terminal shows it": TEXT.encode("unicode_escape").decode(),
    "in a URL": f"https://example.org/?q={quote(TEXT)}&x=1",
    "in a form": f"q={quote_plus(TEXT)}",
    "in HTML": f"<p>{html.escape(TEXT)}</p>",
    "in HTML, word by word": "".join(f"<td>{html.escape(w)}</td>\n" for w in TEXT.split()),
    "in base64": shifted(TEXT.encode(), 0),
    "in base64, one byte on": shifted(TEXT.encode(), 1),
    "in base64, two bytes on": shifted(TEXT.encode(), 2),
    "in base64 for URLs": base64.urlsafe_b64encode(TEXT.encode()).decode().rstrip("="),
    "in base64, wrapped": base64.encodebytes(b"x" * 100 + TEXT.encode()).decode(),
    "in base64 in JSON": json.dumps({"base64": shifted(TEXT.encode(), 1)}),
    "in UTF-16 in base64": shifted(TEXT.encode("utf-16-le"), 0),
    "in hex": TEXT.encode().hex(),
    "in hex, spaced": TEXT.encode().hex(" "),
    "in hex, half a byte on": "a" + TEXT.encode().hex(),
}


@pytest.mark.parametrize("spelling", SPELLINGS.values(), ids=SPELLINGS)
def test_a_text_is_found_in_every_spelling(spelling: str, texts: WithheldTexts) -> None:
    [leak] = leaks([Member(PATH, f"before {spelling} behind".encode())], texts)
    assert (leak.path, leak.what) == (PATH, "shows withheld text (output)")


NUMBERS = {
    "a list": str(IDS),
    "a column": "\n".join(map(str, IDS)),
    "spaces": " ".join(map(str, IDS)),
    "a row of CSV": '"' + ";".join(map(str, IDS)) + '"',
    "in base64": shifted(ID_BYTES, 0),
    "in base64, three bytes on": shifted(ID_BYTES, 3),
    "in hex": ID_BYTES.hex(),
}


@pytest.mark.parametrize("spelling", NUMBERS.values(), ids=NUMBERS)
def test_token_ids_are_found_in_every_spelling(spelling: str, texts: WithheldTexts) -> None:
    [leak] = leaks([Member(PATH, f"ids {spelling} .".encode())], texts)
    assert leak.what == "shows withheld text (output_ids)"


@pytest.mark.parametrize("skipped", range(4))
def test_token_ids_are_found_as_bytes_at_any_place(skipped: int, texts: WithheldTexts) -> None:
    assert texts.shown_by_bytes(b"#" * skipped + ID_BYTES + b"##") == {"output_ids"}
    assert texts.shown_by_bytes(b"#" * skipped + ID_BYTES[:28] + b"##") == set()


@pytest.mark.parametrize("encoding", ["utf-16", "utf-8-sig", "cp1252", "iso8859-15"])
def test_the_experiment_s_own_encoding_is_read(encoding: str) -> None:
    texts = WithheldTexts(["output"])
    texts.add("output", "wär er größer, so müßte er früher öfter über Äpfel".encode())
    content = "x wär er größer, so müßte er früher öfter über Äpfel y".encode(encoding)
    assert leaks([Member(PATH, content)], texts, encodings=["cp1252", "iso8859-15"])


@pytest.mark.parametrize(
    "content",
    [gzip.compress(TEXT.encode() * 20), b"%PDF-1.7 x", b"PK\x03\x04abc", b"a\0b", b"\xff\xfea"],
)
def test_what_cannot_be_read_is_not_published(content: bytes, texts: WithheldTexts) -> None:
    [leak] = leaks([Member(PATH, content)], texts)
    assert "cannot be read as text" in leak.what


def test_other_texts_are_no_leak(texts: WithheldTexts) -> None:
    other = b"A page about other things: 1, 2, 3, 4, 5, 6, 7, 8, 9, 10 and Vnd er sprach.\n"
    assert leaks([Member(PATH, other), Member("empty", b"")], texts) == []


def test_a_short_answer_of_one_word_is_no_leak_in_a_page_of_prose(texts: WithheldTexts) -> None:
    assert leaks([Member("README.md", b"made in Winterthur")], texts) == []
    [leak] = leaks([Member("README.md", b"der Stab zerbrach im Thal")], texts)
    assert leak.what == "shows withheld text (reference)"


def test_a_name_that_shows_a_text_is_found_and_not_repeated(texts: WithheldTexts) -> None:
    [leak] = leaks([Member("experiment/der-Stab-zerbrach-im-Thal.txt", b"")], texts)
    assert "rename" in leak.what and "zerbrach" not in leak.what


COLUMNS = {
    "text": pa.array(["x", TEXT]),
    "dictionary": pa.array([TEXT, "x"]).dictionary_encode(),
    "bytes": pa.array([b"##" + ID_BYTES, b""]),
    "text as bytes": pa.array([TEXT.encode(), b""]),
    "list of numbers": pa.array([[1, 2], IDS], pa.list_(pa.uint32())),
    "list of texts": pa.array([["a", TEXT], None]),
    "struct": pa.array([{"a": {"b": TEXT}}, None]),
    "base64": pa.array([shifted(TEXT.encode(), 1), None]),
}


@pytest.mark.parametrize("column", COLUMNS.values(), ids=COLUMNS)
def test_a_cell_of_a_parquet_file_is_found(
    column: pa.Array, texts: WithheldTexts, tmp_path: Path
) -> None:
    path = tmp_path / "table.parquet"
    pq.write_table(pa.table({"n": pa.array([1, 2]), "c": column}), path, compression="zstd")
    [leak] = leaks([Member("tables/answers.parquet", path)], texts)
    assert leak.path == "tables/answers.parquet"


def test_the_schema_of_a_parquet_file_is_read_too(texts: WithheldTexts) -> None:
    content = io.BytesIO()
    pq.write_table(pa.table({TEXT: pa.array([1])}), content)
    assert leaks([Member("tables/x.parquet", content.getvalue())], texts)


def test_an_empty_table_is_no_leak(texts: WithheldTexts) -> None:
    content = io.BytesIO()
    pq.write_table(pa.table({"a": pa.array([], pa.string()), "b": pa.array([1][:0])}), content)
    assert leaks([Member("tables/x.parquet", content.getvalue())], texts) == []
