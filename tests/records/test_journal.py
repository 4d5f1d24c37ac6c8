import subprocess
import sys
from pathlib import Path

import pytest

from ledger.building import attempt, plan
from reprollm.errors import StorageFailed
from reprollm.records.journal import Journal, JournalName, abandoned, read_journal

MADE = plan(3)
NAME = JournalName("0123456789abcdef", 0, 3, "ab" * 16)


def test_what_was_appended_is_read_back(tmp_path: Path) -> None:
    sealed = attempt(MADE, 0, 3)
    journal = Journal(tmp_path / "journals", NAME)
    journal.append(sealed[:2])
    journal.append(sealed[2:])
    journal.close()
    assert read_journal(journal.path) == sealed


def test_a_journals_name_says_what_it_belongs_to() -> None:
    assert JournalName.parse(Path(NAME.file())) == NAME
    for other in ("x.jsonl", "a.1-2.b.json", "a.12.b.jsonl", "a.x-2.b.jsonl"):
        assert JournalName.parse(Path(other)) is None


def test_every_cut_of_a_journal_gives_its_whole_records(tmp_path: Path) -> None:
    sealed = attempt(MADE, 0, 3)
    journal = Journal(tmp_path, NAME)
    journal.append(sealed)
    journal.close()
    content = journal.path.read_bytes()
    ends = [at + 1 for at, byte in enumerate(content) if byte == 10]
    for cut in (0, 1, *(end + by for end in ends for by in (-1, 0, 1)), len(content)):
        journal.path.write_bytes(content[:cut])
        assert read_journal(journal.path) == sealed[: sum(end <= cut for end in ends)]


def test_the_journal_of_a_living_attempt_is_left_alone(tmp_path: Path) -> None:
    journal = Journal(tmp_path, NAME)
    assert list(abandoned(tmp_path, NAME.run16)) == []
    journal.close()
    assert list(abandoned(tmp_path, NAME.run16)) == [(NAME, journal.path)]
    assert list(abandoned(tmp_path, "f" * 16)) == []


def test_the_journal_of_a_killed_process_is_found_with_all_it_acknowledged(tmp_path: Path) -> None:
    writer = subprocess.Popen(
        [sys.executable, "-c", _WRITER, str(tmp_path)], stdout=subprocess.PIPE, text=True
    )
    assert writer.stdout is not None
    assert writer.stdout.readline() == "acknowledged\n"
    assert list(abandoned(tmp_path, NAME.run16)) == []
    writer.kill()
    writer.wait()
    writer.stdout.close()
    [(name, path)] = abandoned(tmp_path, NAME.run16)
    assert name == NAME
    assert [item.record["kind"] for item in read_journal(path)] == ["environment", "start"]


_WRITER = f"""
import sys, time
from pathlib import Path
sys.path.insert(0, {str(Path(__file__).parents[1])!r})
from ledger.building import attempt, plan
from reprollm.records.journal import Journal, JournalName
journal = Journal(Path(sys.argv[1]), JournalName("0123456789abcdef", 0, 3, "ab" * 16))
journal.append(attempt(plan(3), 0, 3)[:2])
print("acknowledged", flush=True)
time.sleep(600)
"""


def test_a_removed_journal_is_gone(tmp_path: Path) -> None:
    journal = Journal(tmp_path, NAME)
    journal.remove()
    assert list(tmp_path.iterdir()) == []


def test_a_journal_that_cannot_be_created_is_said_in_one_sentence(tmp_path: Path) -> None:
    Journal(tmp_path, NAME).close()
    with pytest.raises(StorageFailed, match="could not write the journal"):
        Journal(tmp_path, NAME)
