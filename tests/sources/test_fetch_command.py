"""`reprollm model fetch` as people call it: real processes, killed and started again."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

from reprollm.environment.offline import OFFLINE
from reprollm.snapshot import load_lock, pin
from sources.hub_stand_in import COMMIT, StandIn


def command(*arguments: object) -> list[str]:
    return [sys.executable, "-m", "reprollm", "model", "fetch", *map(str, arguments)]


def environment(hub: StandIn) -> dict[str, str]:
    # Tests before may have sworn this process off every network.
    plain = {name: value for name, value in os.environ.items() if name not in OFFLINE}
    secret = {"HF_TOKEN": "hf_secret", "HF_ENDPOINT": hub.address}
    return plain | secret | {"HF_HUB_DISABLE_TELEMETRY": "1", "COLUMNS": "120"}


def run(hub: StandIn, *arguments: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command(*arguments), env=environment(hub), capture_output=True, text=True, timeout=60
    )


def test_a_killed_fetch_goes_on_and_leaves_nothing_that_looks_whole(hub: StandIn) -> None:
    hub.repository.pause = 0.2
    killed = subprocess.Popen(
        command(f"org/tiny@{COMMIT}", "--into", "models/tiny"),
        env=environment(hub),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    parts = Path("models/tiny.partial/.cache/parts")
    until = time.monotonic() + 60
    while time.monotonic() < until:
        if any(path.stat().st_size > 60_000 for path in parts.glob("*")):
            break
        time.sleep(0.02)
    killed.send_signal(signal.SIGKILL)
    killed.wait()
    assert not Path("models/tiny").exists()
    assert not list(Path("models").glob("*.lock.json"))

    hub.repository.pause = 0.0
    hub.repository.requests.clear()
    done = run(hub, f"org/tiny@{COMMIT}", "--into", "models/tiny")
    assert (done.returncode, "Traceback" in done.stderr) == (0, False), done.stderr
    assert [asked for _, asked, _ in hub.repository.asked("/cdn/") if asked]
    lock = load_lock(Path("models/tiny.lock.json"))
    assert lock.snapshot == pin(Path("models/tiny")).snapshot
    assert "pytorch_model.bin: weights that may run code" in done.stdout
    for text in (done.stdout, done.stderr, Path("models/tiny.lock.json").read_text()):
        assert "hf_secret" not in text and "Signature" not in text

    shown = subprocess.run(
        [sys.executable, "-m", "reprollm", "model", "show", "models/tiny.lock.json", "--json"],
        capture_output=True,
        text=True,
    )
    assert json.loads(shown.stdout)["card"]["licence"]["id"] == "Apache-2.0"


def test_main_is_refused_in_one_sentence_with_the_commit(hub: StandIn) -> None:
    refused = run(hub, "org/tiny@main")
    assert refused.returncode == 3
    assert refused.stdout == ""
    assert refused.stderr.startswith("reprollm: expected the full commit of org/tiny")
    assert f"org/tiny@{COMMIT}" in refused.stderr
    assert refused.stderr.count("\n") == 1
    assert not list(Path().iterdir())
