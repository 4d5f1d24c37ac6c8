"""Measuring that is killed, stopped, or started twice."""

from __future__ import annotations

import os
import signal
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from command import Run
from contamination.checked import LEDGER, material, measured, planned, records, well
from reprollm.cli import main
from reprollm.engines import transformers
from reprollm.engines.hold import held
from reprollm.records.journal import read_journal


def child(after: int, number: signal.Signals) -> int:
    """Measure in a process that gets a signal after so many portions; return its status."""
    foreseen = transformers.foreseen

    def interrupted(*arguments: object) -> Iterator[object]:
        for count, batch in enumerate(foreseen(*arguments)):  # type: ignore[arg-type]
            if count == after:
                os.kill(os.getpid(), number)
            yield batch

    pid = os.fork()
    if pid:
        return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    transformers.foreseen = interrupted  # type: ignore[assignment]
    sys.argv = ["reprollm", "contamination", "measure", "spelling"]
    try:
        main()
    except SystemExit as ended:
        os._exit(int(ended.code or 0))
    os._exit(99)


def test_killed_and_started_again_loses_and_repeats_nothing(place: Path, reprollm: Run) -> None:
    planned(reprollm)
    assert child(1, signal.SIGKILL) == -signal.SIGKILL
    [journal] = (LEDGER / "journals").glob("*.jsonl")
    kept = [each.record for each in read_journal(journal)]
    assert [each["kind"] for each in kept] == ["environment", "measurement", *8 * ["likelihood"]]
    assert len(records("measurement")) == 1, "the killed attempt is visible before it is closed"
    said = measured(reprollm).err
    assert "closed 1 killed attempt(s)" in said
    assert not list((LEDGER / "journals").glob("*.jsonl"))
    published = records("likelihood")
    assert all(record in published for record in kept[2:])
    assert Counter(record["index"] for record in published) == Counter(range(11))
    assert len(records("measurement")) == 2
    assert len({record["index"] for record in records("continuation")}) == 6


def test_told_to_stop_it_publishes_what_it_has(place: Path, reprollm: Run) -> None:
    planned(reprollm)
    assert child(1, signal.SIGTERM) == 8
    assert not list((LEDGER / "journals").glob("*.jsonl"))
    assert len(records("likelihood")) == 8
    measured(reprollm)
    well(reprollm("ledger", "commit", str(LEDGER)))
    assert len(material().likelihoods) == 11


def test_two_processes_do_not_measure_the_same_texts(place: Path, reprollm: Run) -> None:
    planned(reprollm)
    [head] = records("examination")
    with held(LEDGER / "journals", str(head["examination"]), 0, 11):
        answer = reprollm("contamination", "measure", "spelling")
    assert answer.code == 6
    assert records("measurement") == []
