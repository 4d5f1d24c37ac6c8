"""Makes the golden bundles of this release: `python tests/golden/make.py`, once, when it is cut.

    tests/golden/<version>/whole.zip          signed by a note key and an SSH key, time-stamped
    tests/golden/<version>/withheld.zip       the same log, its texts withheld
    tests/golden/<version>/plan.checkpoint    what an outsider kept of the plan, before the run
    tests/golden/<version>/opening.jsonl      one withheld answer, disclosed
    tests/golden/<version>/note.vkey          the key that signed
    tests/golden/<version>/expected.json      origin, size and root

The ledger has two plans: the second drops an item, so that its deviation is on record. Keys, model
and authority are made here and thrown away. A folder that exists is never written again.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from publish.finished import Finished, finish
from reprollm import __version__
from reprollm.records.checkpoint import parse
from signing.authorities import make_authority

FOLDER = Path(__file__).parent / __version__
WITHHOLD = ("--withhold", "prompt,reference:salt-public", "--withhold", "output:salt-secret")


def main() -> None:
    """Make all files of this release's folder, or none."""
    if FOLDER.exists():
        sys.exit(f"{FOLDER} is there already; golden bundles are never made anew")
    with tempfile.TemporaryDirectory() as folder:
        made = Path(folder) / "golden"
        made.mkdir()
        _make(Path(folder), made)
        shutil.copytree(made, FOLDER)


def _make(folder: Path, made: Path) -> None:
    finished = finish(folder / "workspace")
    _drop_an_item(finished)
    _run("plan", "--because", "item i3 was a duplicate", *_experiment(finished))
    _run("ledger", "commit", str(finished.ledger))
    kept = _run("checkpoint", "show", str(finished.ledger))
    (made / "plan.checkpoint").write_text(kept, encoding="utf-8")
    _run("generate", *_experiment(finished))
    _run("ledger", "commit", str(finished.ledger))
    _run("score", str(finished.ledger))
    _run("ledger", "commit", str(finished.ledger))
    key = _sign(finished, folder, made)
    output = ("--ledger", str(finished.ledger), "--key", key, "-o")
    experiment = str(finished.experiment)
    _run("publish", experiment, *output, str(made / "whole.zip"))
    withhold = (*WITHHOLD, "--reason", "to be withheld for ever")
    _run("publish", experiment, *output, str(made / "withheld.zip"), *withhold)
    _disclose(finished, made)
    checkpoint = parse(_run("checkpoint", "show", str(finished.ledger)))
    expected = {
        "origin": checkpoint.origin,
        "size": checkpoint.size,
        "root": checkpoint.root.hex(),
    }
    (made / "expected.json").write_text(json.dumps(expected, indent=1) + "\n", encoding="utf-8")


def _experiment(finished: Finished) -> tuple[str, ...]:
    return str(finished.experiment), "--ledger", str(finished.ledger)


def _drop_an_item(finished: Finished) -> None:
    data = finished.experiment / "data" / "items.csv"
    lines = data.read_text(encoding="utf-8").splitlines(keepends=True)
    data.write_text("".join(lines[:-1]), encoding="utf-8")


def _sign(finished: Finished, folder: Path, made: Path) -> str:
    """Sign and stamp the last checkpoint; return the note key's file."""
    ledger, key, ssh = str(finished.ledger), str(folder / "note.key"), str(folder / "ssh")
    public = _run("key", "new", "--name", "golden.example/reprollm", "-o", key)
    (made / "note.vkey").write_text(public, encoding="utf-8")
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", ssh], check=True)
    _run("checkpoint", "sign", ledger, "--key", key)
    _run("checkpoint", "sign", ledger, "--ssh-key", ssh)
    authority = make_authority(folder / "authority", name="Golden test authority")
    (folder / "chain.pem").write_bytes(authority.chain)
    _run("checkpoint", "stamp", ledger, "--request-to", str(folder / "query"))
    (folder / "reply").write_bytes(authority.answer((folder / "query").read_bytes()))
    _run(
        "checkpoint", "stamp", ledger,
        "--response", str(folder / "reply"), "--chain", str(folder / "chain.pem"),
    )  # fmt: skip
    return key


def _disclose(finished: Finished, made: Path) -> None:
    rows = _run(
        "ledger", "query", str(finished.ledger), "--format", "json",
        'SELECT max("position") AS p FROM generations',
    )  # fmt: skip
    position = str(json.loads(rows)[0]["p"])
    target = str(made / "opening.jsonl")
    _run("disclose", str(finished.ledger), position, "--field", "output", "-o", target)


def _run(*arguments: str) -> str:
    """Run `reprollm` with these arguments and return what it printed."""
    done = subprocess.run(
        [sys.executable, "-P", "-m", "reprollm", *arguments],
        env={**os.environ, "OMP_NUM_THREADS": "1", "REPROLLM_KEY": "/nowhere/note.key"},
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    return done.stdout


if __name__ == "__main__":
    main()
