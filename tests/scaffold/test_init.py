"""What `reprollm init` writes is an experiment, not a form to be filled in."""

from __future__ import annotations

from pathlib import Path

import pytest

from reprollm.errors import DataInvalid, InvalidInput
from reprollm.experiment.load import load
from reprollm.experiment.name import check_name
from reprollm.scaffold.scaffold import Table, sample, table_of, write
from tiny_models import make_llama
from workspaces import Workspace


def test_a_new_experiment_can_be_planned_as_soon_as_its_model_is_pinned(tmp_path: Path) -> None:
    space = Workspace(tmp_path)
    made = space.reprollm("init", "letters", "--title", "Old letters: »vnd«")
    assert made.returncode == 0, made.stderr
    make_llama(tmp_path / "model")
    lock = "experiments/letters/models/model.lock.json"
    assert space.reprollm("model", "pin", "model", "-o", lock).returncode == 0

    planned = space.reprollm(
        "plan", "letters", "--ledger", "ledger/letters", REPROLLM_MODELS=str(tmp_path)
    )

    assert planned.returncode == 0, planned.stderr
    config = load(tmp_path / "experiments" / "letters" / "experiment.yaml").config
    assert (config.title, config.scores[0]) == ("Old letters: »vnd«", "exact_match")


def test_nothing_is_overwritten(tmp_path: Path) -> None:
    write(tmp_path / "e", "e", "E", sample())
    (tmp_path / "e" / "experiment.yaml").write_text("mine", encoding="utf-8")

    with pytest.raises(InvalidInput, match="choose another name"):
        write(tmp_path / "e", "e", "E", sample())

    assert (tmp_path / "e" / "experiment.yaml").read_text(encoding="utf-8") == "mine"
    assert [path.name for path in tmp_path.iterdir()] == ["e"]


@pytest.mark.parametrize(
    ("header", "delimiter", "columns"),
    [
        ("nr;ocr;gold", ";", ("nr", "ocr", "gold")),
        ("gold\tid\ttext, raw", "\t", ("id", "text, raw", "gold")),
        ("key,first,second", ",", ("key", "first", None)),
        ("id", ",", ("id", "id", None)),
        ("Hand;ID;Lösung;Text", ";", ("ID", "Text", "Lösung")),
    ],
)
def test_columns_are_guessed_by_their_names(
    tmp_path: Path, header: str, delimiter: str, columns: tuple[str | None, ...]
) -> None:
    row = delimiter.join("x" for _ in header.split(delimiter))
    (tmp_path / "d.csv").write_text(f"{header}\n{row}\n", encoding="utf-8")

    table = table_of(tmp_path / "d.csv", "utf-8")

    assert table.delimiter == delimiter
    assert (table.id, table.source, table.reference) == columns


def test_any_column_name_makes_a_template_that_renders(tmp_path: Path) -> None:
    names = ("id", 'Text "alt" {{', "gold")
    content = b'id,"Text ""alt"" {{",gold\n1,vnd,und\n'

    write(tmp_path / "e", "e", "E", Table(content, ".csv", names, "utf-8", ","))

    prompt = (tmp_path / "e" / "prompts" / "prompt.jinja").read_text(encoding="utf-8")
    assert prompt == '{{ item["Text \\"alt\\" {{"] }}\n'


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16"])
def test_a_mark_at_the_beginning_says_the_encoding(tmp_path: Path, encoding: str) -> None:
    text = 'Kennung;Text\r\n1;"schön\r\nwar"\r\n'
    (tmp_path / "d.csv").write_bytes(text.encode(encoding))

    table = table_of(tmp_path / "d.csv")

    assert (table.encoding, table.columns) == (encoding, ("Kennung", "Text"))
    write(tmp_path / "experiments" / "e", "e", "E", table)
    said = (tmp_path / "experiments" / "e" / "experiment.yaml").read_text(encoding="utf-8")
    assert f"  encoding: {encoding}\n" in said


def test_a_data_file_in_another_encoding_is_refused(tmp_path: Path) -> None:
    (tmp_path / "d.csv").write_bytes("id,text\n1,schön\n".encode("cp1252"))
    with pytest.raises(DataInvalid, match="encoding: cp1252"):
        table_of(tmp_path / "d.csv", "utf-8")


@pytest.mark.parametrize("encoding", ["utf-9", "rot13"])
def test_an_encoding_that_does_not_exist_is_refused(tmp_path: Path, encoding: str) -> None:
    (tmp_path / "d.csv").write_text("id,text\n1,x\n", encoding="utf-8")
    with pytest.raises(DataInvalid, match=f"expected an encoding such as .* found '{encoding}'"):
        table_of(tmp_path / "d.csv", encoding)


@pytest.mark.parametrize("name", ["Letters", "../x", "", "a" * 65])
def test_a_name_that_no_experiment_can_have_is_refused(name: str) -> None:
    with pytest.raises(InvalidInput, match="expected a name"):
        check_name(name)
