"""The journal of a scan says in one sentence when it cannot be written."""

from __future__ import annotations

from pathlib import Path

import pytest

from reprollm.corpus.journal import Journal
from reprollm.corpus.unit_scan import UnitFound
from reprollm.errors import StorageFailed


def test_a_refused_entry_names_its_place_and_what_to_do(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "journal")
    (tmp_path / "journal").rmdir()
    with pytest.raises(StorageFailed, match=r"could not write .*key\.scanned: .*start again"):
        journal.write("key", UnitFound())
