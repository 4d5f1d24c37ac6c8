"""The form of the data file, as an experiment declares it."""

from __future__ import annotations

from pathlib import Path

import pytest

from experiment_files import change, write_experiment
from reprollm.errors import ExperimentInvalid
from reprollm.experiment.data import DataFile, read_data
from reprollm.experiment.load import load

PLAY = """<TEI xmlns="http://www.tei-c.org/ns/1.0"><text><body>
<sp who="#mann"><p>Frau, liegst du?</p></sp><sp who="#frau"><p>Lieber Gott!</p></sp>
</body></text></TEI>"""
TOKENS = "TOKEN\tMISC\n# x:document_id = d\nWer\t_\nda\tNoSpaceAfter\n?\t_\n"


def declared(folder: Path, form: str, columns: str) -> Path:
    file = write_experiment(folder)
    old = "data: {file: data/items.csv, id: id, source: source, reference: reference, stratum: stra"
    change(file, f"{old}tum}}", f"data: {{file: data/items.csv, form: {form}, {columns}}}")
    return file


def read(file: Path) -> DataFile:
    experiment = load(file)
    data = experiment.config.data
    return read_data(
        experiment.data, data.id, data.named_columns(), data.encoding, data.delimiter,
        data.importer(),
    )  # fmt: skip


@pytest.mark.parametrize(
    ("form", "columns", "content", "expected"),
    [
        (
            "{kind: tei, unit: '//tei:sp', fields: {who: '@who', text: 'tei:p'}}",
            "id: id, source: text, reference: who",
            PLAY,
            {"1": "Frau, liegst du?", "2": "Lieber Gott!"},
        ),
        ("{kind: tokens}", "id: id, source: text, reference: TOKEN", TOKENS, {"d": "Wer da?"}),
        (
            "{kind: jsonl, fields: {id: n, source: q.de, reference: a}}",
            "id: id, source: source, reference: reference",
            '{"n": 7, "q": {"de": "Wer?"}, "a": "ich"}\n',
            {"7": "Wer?"},
        ),
        (
            "{kind: table, header: false, columns: [id, source, reference]}",
            "id: id, source: source, reference: reference",
            "1,a,b\n2,c,d\n",
            {"1": "a", "2": "c"},
        ),
    ],
    ids=["tei", "tokens", "jsonl", "table"],
)
def test_items_come_from_the_declared_form(
    tmp_path: Path, form: str, columns: str, content: str, expected: dict[str, str]
) -> None:
    file = declared(tmp_path, form, columns)
    (tmp_path / "data" / "items.csv").write_text(content, encoding="utf-8")
    source = load(file).config.data.source
    assert {row.id: row.cells[source] for row in read(file).rows} == expected


@pytest.mark.parametrize(
    ("form", "said"),
    [
        ("{kind: tie}", "expected a kind among 'table', 'jsonl'"),
        ("{unit: x}", "expected the key 'kind' in 'data.form', found none"),
        ("{kind: tei, units: x, unit: x, fields: {a: b}}", "did you mean 'unit'?"),
        ("{kind: tei, unit: x}", "expected the key 'fields'"),
        ("{kind: table, columns: [a]}", "expected columns only with `header: false`"),
    ],
    ids=["kind", "none", "typo", "missing", "both"],
)
def test_a_form_that_is_none_is_refused_in_a_sentence(tmp_path: Path, form: str, said: str) -> None:
    file = declared(tmp_path, form, "id: id, source: source, reference: reference")
    with pytest.raises(ExperimentInvalid) as refused:
        load(file)
    assert said in str(refused.value)
    assert "line 6" in str(refused.value)
