from __future__ import annotations

import hashlib
import json
import os
import signal
import subprocess
import sys
import unicodedata
from dataclasses import replace
from pathlib import Path

import pytest

from corpus.corpora import (
    expected_matches,
    items,
    json_lines,
    sentence,
    write_gz,
    write_parquet,
    write_zst,
)
from reprollm.corpus import feeding
from reprollm.corpus import scan as scan_module
from reprollm.corpus.folding import Folding, robust
from reprollm.corpus.match import Item
from reprollm.corpus.options import ScanOptions
from reprollm.corpus.plain import words
from reprollm.corpus.result import ScanResult
from reprollm.corpus.scan import scan
from reprollm.errors import InvalidInput, StorageFailed

SLOW = ScanOptions(kernel="numpy")
TESTS = items(12)


def documents(count: int) -> list[str]:
    """Return documents, of which every third holds an item, whole or in part."""
    made = []
    for number in range(count):
        text = TESTS[number % len(TESTS)].text
        part = " ".join(text.split()[number % 5 :])
        planted = part.upper() if number % 2 else f"„{part}“"
        made.append(sentence(number, 40) + (f" – {planted}. " if number % 3 == 0 else " "))
    return made


@pytest.fixture
def corpus(tmp_path: Path) -> Path:
    """Return a folder with a file of each kind."""
    folder = tmp_path / "corpus"
    folder.mkdir()
    (folder / "a.jsonl").write_bytes(json_lines(documents(60)))
    write_gz(folder / "b.jsonl.gz", json_lines(documents(20)))
    write_zst(folder / "c.jsonl.zst", json_lines(documents(20)))
    write_parquet(folder / "d.parquet", text=documents(20))
    (folder / "e.txt").write_text("\n".join(documents(20)))
    (folder / "f.xml").write_text(f"<TEI><text><p>{documents(1)[0]}</p></text></TEI>")
    return folder


def places(result: ScanResult) -> set[tuple[str, int, int, str, int, int]]:
    return {
        (match.item, match.start, match.length, match.document, match.offset, match.end)
        for match in result.matches
    }


def test_matches_are_all_longest_runs_and_point_to_the_text(corpus: Path) -> None:
    result = scan([corpus], TESTS, SLOW)
    texts = {f"corpus/a.jsonl#{n}": text for n, text in enumerate(documents(60), 1)}
    for name in ("b.jsonl.gz", "c.jsonl.zst", "d.parquet"):
        texts |= {f"corpus/{name}#{n}": text for n, text in enumerate(documents(20), 1)}
    texts["corpus/e.txt"] = "\n".join(documents(20))
    texts["corpus/f.xml"] = f"\n\n{documents(1)[0]}\n\n"
    assert places(result) == expected_matches(TESTS, texts, robust(), 13)
    for match in result.matches:
        matched = texts[match.document][match.offset : match.end]
        assert hashlib.sha256(matched.encode()).hexdigest() == match.digest
        assert matched.startswith(match.excerpt.removesuffix("…"))


@pytest.mark.parametrize("n", [2, 5, 13])
def test_overlapping_and_repeated_runs_are_all_found(tmp_path: Path, n: int) -> None:
    tests = [Item("a", "a b a b a b c d " * 3), Item("b", "b a b c " * 4), Item("c", "x y")]
    text = "a b a b a b c d a b c d a b a b c x y " * 2
    (tmp_path / "c.txt").write_text(text)
    for kernel in ("numpy", "numba"):
        result = scan([tmp_path / "c.txt"], tests, ScanOptions(n=n, kernel=kernel, listed=10_000))
        assert places(result) == expected_matches(tests, {"c.txt": text}, robust(), n)


def test_kernel_processes_and_units_do_not_change_the_result(corpus: Path) -> None:
    result = scan([corpus], TESTS, SLOW)
    assert len(result.matches) > 20
    assert scan([corpus], TESTS, ScanOptions(kernel="numba"), jobs=2) == result
    assert scan([corpus], TESTS, SLOW, jobs=2, segment=900) == result


@pytest.mark.parametrize("block", [150, 400, 1000])
@pytest.mark.parametrize("folding", [Folding(), Folding(True, True, True, True)], ids=["", "all"])
def test_a_long_document_goes_through_in_windows_without_a_seam(
    corpus: Path, monkeypatch: pytest.MonkeyPatch, block: int, folding: Folding
) -> None:
    options = replace(SLOW, tokenization=robust(folding), n=5)
    whole = scan([corpus / "e.txt"], TESTS, options)
    monkeypatch.setattr(scan_module, "scan_unit", _with_block(block))
    assert scan([corpus / "e.txt"], TESTS, options) == whole
    assert scan([corpus / "e.txt"], TESTS, replace(options, kernel="numba")) == whole


def _with_block(block: int):  # type: ignore[no-untyped-def]
    from reprollm.corpus.unit_scan import scan_unit

    return lambda *arguments: scan_unit(*arguments, block=block)


def test_a_text_without_spaces_goes_through_in_windows(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = "".join(chr(0x4E00 + number * 37 % 5000) for number in range(3000))
    (tmp_path / "c.txt").write_text(text)
    tests = [Item("a", text[980:1040]), Item("b", text[1990:2010])]
    monkeypatch.setattr(scan_module, "scan_unit", _with_block(500))
    result = scan([tmp_path / "c.txt"], tests, SLOW)
    assert places(result) == {("a", 0, 60, "c.txt", 980, 1040), ("b", 0, 20, "c.txt", 1990, 2010)}


def test_a_long_line_is_scanned(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from reprollm.corpus import unit_scan
    from reprollm.corpus.lines import read_lines

    text = f"{sentence(5, 400)} {TESTS[0].text} {sentence(6, 400)}"
    (tmp_path / "c.jsonl").write_bytes(json_lines([text]))
    whole = scan([tmp_path], TESTS, SLOW)
    monkeypatch.setattr(unit_scan, "read_lines", lambda *given: read_lines(*given, longest=64))
    monkeypatch.setattr(feeding, "BLOCK", 300)
    assert scan([tmp_path], TESTS, SLOW) == whole
    assert [match.length for match in whole.matches] == [20]


# What the janitor of lm-eval (dashes, capitals, NFD, quotation marks), dolma (capitals) and the
# reference implementations at large (items that are too short) get wrong.
CASES = {
    "identical": "{}",
    "free dashes": "{dashes}",
    "capitals": "{upper}",
    "decomposed": "{nfd}",
    "quotation marks": "„{}“",
}


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_a_copy_in_another_typography_is_found(tmp_path: Path, case: str) -> None:
    item = Item("a", "Der König – so sprach er – zog über die Brücke – und alle Bürger folgten ihm")
    copy = case.format(
        item.text,
        dashes=item.text.replace(" – ", " ").replace(" ", " — "),
        upper=item.text.upper(),
        nfd=unicodedata.normalize("NFD", item.text),
    )
    (tmp_path / "c.txt").write_text(f"Vorher. {copy} Nachher.")
    [match] = scan([tmp_path], [item], SLOW).matches
    assert (match.start, match.length) == (0, 14)


def test_items_that_are_too_short_are_uncheckable_and_never_clean(tmp_path: Path) -> None:
    (tmp_path / "c.txt").write_text("eins zwei drei")
    result = scan([tmp_path], [Item("short", "eins zwei drei"), Item("empty", "")], SLOW)
    assert [item.status for item in result.items] == ["uncheckable", "uncheckable"]
    assert "0 of 2 items" in result.verdict()
    assert "2 are uncheckable (fewer than 13 tokens)" in result.verdict()


def test_lists_are_cut_and_counts_are_not(tmp_path: Path) -> None:
    tests = [TESTS[0], Item("same", TESTS[0].text), TESTS[1]]
    texts = [TESTS[0].text] * 50 + [TESTS[1].text] * 3
    (tmp_path / "c.jsonl").write_bytes(json_lines(texts))
    for kernel in ("numpy", "numba"):
        result = scan([tmp_path], tests, ScanOptions(listed=4, kernel=kernel))
        assert [item.cut for item in result.items] == [True, True, False]
        assert [match.item for match in result.matches].count("same") == 4
        assert set(result.items[1].counts) == {(at, 50) for at in range(8)}
        documents = [match.document for match in result.matches if match.item == "same"]
        assert [name.partition("#")[2] for name in documents] == ["1", "2", "3", "4"]


def test_the_test_file_under_another_name_is_flagged(tmp_path: Path) -> None:
    tests = tmp_path / "tests.jsonl"
    tests.write_bytes(json_lines(item.text for item in TESTS))
    corpus = tmp_path / "corpus"
    corpus.mkdir()
    (corpus / "copy.jsonl").write_bytes(tests.read_bytes())
    (corpus / "other.txt").write_text("nichts")
    result = scan([corpus], TESTS, SLOW, tests=tests)
    assert [file.tests for file in result.files] == [True, False]
    with pytest.raises(InvalidInput, match="the file of test items itself"):
        scan([tmp_path], TESTS, SLOW, tests=tests)


def test_what_was_read_is_named_hashed_and_counted(corpus: Path) -> None:
    (corpus / "g.jsonl").write_bytes('{"text":"Größe"}\nkein JSON\n'.encode("latin-1"))
    result = scan([corpus], TESTS, SLOW)
    for file in result.files:
        content = (corpus.parent / file.name).read_bytes()
        assert (file.sha256, file.bytes) == (hashlib.sha256(content).hexdigest(), len(content))
    last = result.files[-1]
    assert (last.documents, last.undecodable, last.unreadable) == (1, 2, 1)
    assert [file.documents for file in result.files] == [60, 20, 20, 20, 1, 1, 1]


def test_a_broken_file_is_named_and_the_rest_scanned(corpus: Path) -> None:
    whole = (corpus / "b.jsonl.gz").read_bytes()
    (corpus / "b.jsonl.gz").write_bytes(whole[: len(whole) // 2])
    result = scan([corpus], TESTS, SLOW)
    assert [file.name for file in result.damaged] == ["corpus/b.jsonl.gz"]
    assert "1 files could be read only in part" in result.verdict()
    assert {match.document.partition("#")[0] for match in result.matches} >= {
        "corpus/a.jsonl",
        "corpus/c.jsonl.zst",
    }


def test_a_file_that_changes_while_it_is_scanned_is_refused(corpus: Path) -> None:
    def touch(read: int) -> None:
        os.utime(corpus / "e.txt", ns=(1, 1))

    with pytest.raises(InvalidInput, match="unchanged while it is scanned"):
        scan([corpus], TESTS, SLOW, progress=touch)


def test_other_parameters_and_other_items_do_not_reuse_what_is_finished(
    corpus: Path, tmp_path: Path
) -> None:
    state = tmp_path / "state"
    scan([corpus], TESTS, SLOW, state=state)
    fewer = scan([corpus], TESTS[:3], SLOW, state=state)
    assert fewer == scan([corpus], TESTS[:3], SLOW)
    other = replace(SLOW, tokenization=words())
    assert scan([corpus], TESTS, other, state=state) == scan([corpus], TESTS, other)


def test_a_changed_file_is_scanned_again_and_others_are_not(corpus: Path, tmp_path: Path) -> None:
    state = tmp_path / "state"
    scan([corpus], TESTS, SLOW, state=state)
    before = set(state.iterdir())
    (corpus / "e.txt").write_text(TESTS[0].text)
    result = scan([corpus], TESTS, SLOW, state=state)
    assert result == scan([corpus], TESTS, SLOW)
    assert len(set(state.iterdir()) - before) == 1


def test_a_damaged_journal_entry_is_made_again(corpus: Path, tmp_path: Path) -> None:
    state = tmp_path / "state"
    result = scan([corpus], TESTS, SLOW, state=state)
    entry = max(state.iterdir(), key=lambda path: path.stat().st_size)
    entry.write_bytes(entry.read_bytes().replace(b'"item', b'"itme').replace(b"1", b"2"))
    assert scan([corpus], TESTS, SLOW, state=state) == result


KILLED = """
import json, os, signal, sys
from pathlib import Path
from reprollm.corpus import scan as scan_module
from reprollm.corpus.match import Item
from reprollm.corpus.options import ScanOptions
from reprollm.corpus.unit_scan import scan_unit
corpus, state, jobs, whom = Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3]), sys.argv[4]

def dying(unit, *rest):
    if unit.source.name.endswith(("d.parquet", "e.txt")):
        os.kill(os.getppid() if whom == "parent" else os.getpid(), signal.SIGKILL)
    return scan_unit(unit, *rest)

scan_module.scan_unit = dying
items = [Item(*pair) for pair in json.load(sys.stdin)]
scan_module.scan([corpus], items, ScanOptions(kernel="numpy"), state=state, jobs=jobs)
"""


@pytest.mark.parametrize(
    ("jobs", "whom", "code"),
    [(1, "self", -signal.SIGKILL), (2, "parent", -signal.SIGKILL)],
    ids=["alone", "with processes"],
)
def test_a_killed_scan_goes_on_and_finds_the_same(
    corpus: Path, tmp_path: Path, jobs: int, whom: str, code: int
) -> None:
    state = tmp_path / "state"
    with subprocess.Popen(
        [sys.executable, "-c", KILLED, str(corpus), str(state), str(jobs), whom],
        stdin=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    ) as process:
        # Ends when no process of the scan holds the pipe any more, the forked ones included.
        _, said = process.communicate(json.dumps([[item.id, item.text] for item in TESTS]))
    assert process.returncode == code, said
    finished = set(state.glob("*.scanned"))
    assert 0 < len(finished) < 6
    stamps = {path: path.stat().st_mtime_ns for path in finished}
    assert scan([corpus], TESTS, SLOW, state=state) == scan([corpus], TESTS, SLOW)
    assert {path: path.stat().st_mtime_ns for path in finished} == stamps


def test_a_killed_process_is_said(corpus: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def dying(*given: object) -> None:
        os.kill(os.getpid(), signal.SIGKILL)

    monkeypatch.setattr(scan_module, "scan_unit", dying)
    with pytest.raises(StorageFailed, match="SIGKILL; start it again to go on"):
        scan([corpus], TESTS, SLOW, jobs=2)


def test_progress_counts_the_bytes_of_the_corpus(corpus: Path) -> None:
    size = sum(path.stat().st_size for path in corpus.iterdir())
    for jobs in (1, 2):
        told: list[int] = []
        scan([corpus], TESTS, SLOW, jobs=jobs, progress=told.append)
        assert sum(told) == size
