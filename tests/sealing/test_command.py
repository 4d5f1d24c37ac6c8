"""`reprollm dataset`: seal, check, reveal, on files as a user has them."""

from __future__ import annotations

import json
import os
import stat
from pathlib import Path

import pytest

from command import Run, runner

DATA = (
    "id,source,reference\n"
    "a,Ein alter Mañn gieng über die Brücke.,eins\n"
    'b,"Sie ſprach: ""Ja, gewiß.""",zwei\n'
    "c,Über den Fluß führte kein Weg,drei\n"
)
VARIANTS = (
    "id,source\na,Ein Greis gieng hinüber.\nc,Kein Weg führte hinüber\na,Hinüber gieng ein Greis.\n"
)


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    return runner(monkeypatch, capsys)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    Path("briefe.csv").write_text(DATA, encoding="utf-8")
    Path("varianten.csv").write_text(VARIANTS, encoding="utf-8")
    return tmp_path


def seal(run: Run, *more: str) -> dict[str, str]:
    sealed = run(
        "dataset", "seal", "briefe.csv", "-o", "public", "--variants", "varianten.csv", "--order",
        "--canaries", "1", "--holdbacks", "19", "--secrets", "own/secrets.json", "--json", *more,
    )  # fmt: skip
    assert sealed.code == 0, sealed.err
    made: dict[str, str] = json.loads(sealed.out)
    return made


def test_what_was_sealed_holds_and_opens(run: Run, folder: Path) -> None:
    made = seal(run)
    assert made["seal_sha256"] in run("dataset", "check", made["data"], made["seal"]).out
    opened = run("dataset", "check", made["data"], made["seal"], made["secrets"])
    assert opened.code == 0
    assert opened.out.count("opened and checked") == 3
    assert stat.S_IMODE(os.stat(made["secrets"]).st_mode) == 0o600


def test_sealing_says_what_to_publish_what_to_keep_and_what_to_hand_out(
    run: Run, folder: Path
) -> None:
    shown = run(
        "dataset", "seal", "briefe.csv", "-o", "public", "--canaries", "2", "--secrets", "s"
    )
    assert shown.code == 0
    lines = shown.out.splitlines()
    assert [line.split()[0] for line in lines[:4]] == ["publish", "publish", "keep", "keep"]
    assert "no p-value below 2.5e-05" in shown.out
    digest, name = lines[-1].split()
    assert len(digest) == 64 and name == "briefe.seal.json"


def test_the_secrets_go_into_the_users_own_folder_unless_told_otherwise(
    run: Run, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(folder / "home"))
    made = run("dataset", "seal", "briefe.csv", "-o", "public", "--order", "--json")
    secrets = Path(json.loads(made.out)["secrets"])
    assert secrets.is_relative_to(folder / "home" / "reprollm" / "seals")


def test_private_files_in_a_checkout_are_warned_of(run: Run, folder: Path) -> None:
    (folder / ".git").mkdir()
    shown = run("dataset", "seal", "briefe.csv", "-o", "public", "--order", "--secrets", "s.json")
    for name in ("s.json", "briefe.csv"):
        assert f"warning: {name}, which is private, lies in the checkout" in shown.out


def test_too_few_variants_for_any_evidence_are_said(run: Run, folder: Path) -> None:
    shown = run(
        "dataset", "seal", "briefe.csv", "-o", "p", "--variants", "varianten.csv", "--secrets", "s"
    )
    assert "no p-value below 0.167; cannot reach 0.05" in shown.out


def test_a_second_sealing_replaces_nothing(run: Run, folder: Path) -> None:
    made = seal(run)
    before = Path(made["data"]).read_bytes()
    again = run("dataset", "seal", "briefe.csv", "-o", "public", "--order", "--secrets", "other")
    assert again.code == 3 and "never replaced" in again.err
    assert Path(made["data"]).read_bytes() == before
    assert not Path("other").exists()


@pytest.mark.parametrize(
    ("variants", "sentence"),
    [
        ("id,source\nz,x\n", "the id 'z' in line 2 of varianten.csv"),
        ("id,quelle\na,x\n", "found 'quelle'"),
        ("source\nx\n", "the column 'id' in varianten.csv"),
        ("id\na\n", "those that vary, found none"),
        ("id,source\na,\n", "none in variant 1"),
        ("id,source\na,Ein alter Mañn gieng über die Brücke.\n", "found 0 and 1 alike"),
        ("id,source\na\n", "expected 2 cells in line 2"),
        ("", "found an empty file"),
    ],
)
def test_malformed_variants_are_refused_and_nothing_is_written(
    variants: str, sentence: str, run: Run, folder: Path
) -> None:
    Path("varianten.csv").write_text(variants, encoding="utf-8")
    refused = run(
        "dataset", "seal", "briefe.csv", "-o", "p", "--variants", "varianten.csv", "--secrets", "s"
    )
    assert refused.code == 3
    assert sentence in refused.err
    assert len(refused.err.splitlines()) == 1
    assert sorted(path.name for path in folder.iterdir()) == ["briefe.csv", "varianten.csv"]


def test_a_changed_file_is_a_failed_verification(run: Run, folder: Path) -> None:
    made = seal(run)
    path = Path(made["data"])
    path.chmod(0o644)
    path.write_text(path.read_text(encoding="utf-8").replace("eins", "ein\x1b[2J"), "utf-8")
    checked = run("dataset", "check", made["data"], made["seal"], made["secrets"])
    assert checked.code == 4
    assert "it was changed since" in checked.err
    assert "does NOT hold" in checked.out


def test_a_malformed_file_is_a_defect_and_not_an_end(run: Run, folder: Path) -> None:
    made = seal(run)
    path = Path(made["data"])
    path.chmod(0o644)
    path.write_bytes(path.read_bytes() + b'x,"')
    checked = run("dataset", "check", made["data"], made["seal"], "--json")
    assert checked.code == 4
    assert len(json.loads(checked.out)["defects"]) == 2


def test_an_encoding_that_is_none_is_refused(run: Run, folder: Path) -> None:
    for encoding in ("zip", "rot13", "latin\x1b[2J"):
        refused = run("dataset", "seal", "briefe.csv", "-o", "p", "--order", "--encoding", encoding)
        assert refused.code == 3 and "\x1b" not in refused.err
        assert "expected an encoding" in refused.err


def test_what_was_revealed_can_be_checked_by_anyone(run: Run, folder: Path) -> None:
    made = seal(run)
    revealed = run(
        "dataset", "reveal", made["seal"], made["secrets"], "-o", "offen.json", "--kind", "twins"
    )
    assert revealed.code == 0
    assert "their sealed tests are spent" in revealed.out
    checked = run("dataset", "check", made["data"], made["seal"], "offen.json", "--json")
    assert json.loads(checked.out)["opened"] == ["twins"]
    shown = Path("offen.json").read_text(encoding="utf-8")
    assert "Greis" in shown and "canary" not in shown.replace('"canaries":null', "")


def test_the_rest_can_be_revealed_later_and_nothing_is_replaced(run: Run, folder: Path) -> None:
    made = seal(run)
    arguments = ("dataset", "reveal", made["seal"], made["secrets"], "-o", "offen.json")
    assert run(*arguments).code == 0
    again = run(*arguments, "--kind", "order")
    assert again.code == 3 and "left as it is" in again.err


def test_what_was_not_sealed_cannot_be_revealed(run: Run, folder: Path) -> None:
    made = run("dataset", "seal", "briefe.csv", "-o", "p", "--order", "--secrets", "s", "--json")
    seal_file = json.loads(made.out)["seal"]
    refused = run("dataset", "reveal", seal_file, "s", "-o", "offen.json", "--kind", "twins")
    assert refused.code == 3 and "that opens twins" in refused.err


def test_secrets_of_another_seal_reveal_nothing(run: Run, folder: Path) -> None:
    made = seal(run)
    run("dataset", "seal", "briefe.csv", "-o", "zwei", "--order", "--secrets", "s2")
    refused = run("dataset", "reveal", made["seal"], "s2", "-o", "offen.json")
    assert refused.code == 4 and "do not belong together" in refused.err
    assert not Path("offen.json").exists()
