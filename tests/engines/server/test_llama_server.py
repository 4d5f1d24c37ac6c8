"""The real server of llama.cpp, out of the package xllamacpp, on a tiny model of our own."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from engines.server.test_kinds import PROMPT
from gguf_models import Converted, converted
from reprollm.engines.canary import compare
from reprollm.engines.protocol import Generation
from reprollm.engines.server import open_engine
from reprollm.engines.server.engine import ServerEngine
from reprollm.errors import EngineUnavailable
from reprollm.experiment.engine import EngineSettings, ServerSettings
from reprollm.prompts.requests import Request
from reprollm.prompts.settings import Settings
from tiny_models import make_llama

PORT_LINE = "http://"


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Converted:
    return converted(make_llama(tmp_path_factory.mktemp("llama-server") / "llama"))


@pytest.fixture(scope="module")
def owned(tiny: Converted) -> Iterator[ServerEngine]:
    engine = opened(tiny, None)
    yield engine
    engine.close()


def opened(tiny: Converted, url: str | None, trust: str = "attested") -> ServerEngine:
    server = ServerSettings("llama-server", url, "tiny", trust, "refused", None)
    settings = EngineSettings("server", "native", "cpu", "strict", 4, context=256, server=server)
    return open_engine(tiny.located, tiny.model, settings)


def asked(temperature: str = "0", number: int = 1) -> Request:
    settings = Settings(temperature, 0, "1", 12, (), (2,), "server/1")
    return Request(f"{number:064x}", PROMPT, settings, "0")


def answers(engine: ServerEngine, *requests: Request) -> list[Generation]:
    given = [answer for batch in engine.generate(requests) for answer in batch]
    return [answer for answer in given if isinstance(answer, Generation)]


def test_a_server_of_our_own_answers_under_the_snapshot_s_id(
    owned: ServerEngine, tiny: Converted
) -> None:
    told = owned.describe()
    assert (told["trust"], told["found"]) == ("owned", "llama-server")
    assert tiny.lock.snapshot in str(told["model"])
    probe = told["probe"]
    assert isinstance(probe, dict)
    assert (probe["same_bits"], probe["seed"], probe["counted"]) == (True, "request", True)
    assert probe["likeliest"] is True


def test_every_token_has_its_log_probability_though_characters_are_cut(
    owned: ServerEngine,
) -> None:
    given = answers(owned, *[asked("1", number) for number in range(8)])
    assert len(given) == 8
    assert any("\ufffd" in answer.text for answer in given)
    for answer in given:
        assert answer.logprobs.shape == (len(answer.output_ids),) == (12,)


def test_answers_and_canary_repeat_to_the_bit(owned: ServerEngine) -> None:
    requests = [asked("0"), asked("1", 2), asked("1", 3)]
    once, twice = answers(owned, *requests), answers(owned, *requests[::-1])[::-1]
    assert [answer.output_ids for answer in once] == [answer.output_ids for answer in twice]
    assert [a.logprobs.tobytes() for a in once] == [a.logprobs.tobytes() for a in twice]
    canary = owned.describe()["canary"]
    assert isinstance(canary, dict)
    assert compare(canary, owned.canary())["same"] is True


def test_a_server_that_somebody_started_on_these_files_is_attested(
    tiny: Converted, owned: ServerEngine, tmp_path: Path
) -> None:
    url = owned._exchange.client.address.text
    engine = opened(tiny, url)
    assert engine.describe()["trust"] == "attested"
    other = converted(make_llama(tmp_path / "llama", seed=7))
    with pytest.raises(EngineUnavailable, match="attested, found one that is claimed"):
        opened(other, url)


def test_no_server_is_left_when_its_program_is_killed(tiny: Converted) -> None:
    program = (
        "import sys, time\n"
        "from pathlib import Path\n"
        "from reprollm.engines.server.launch import start\n"
        "from reprollm.experiment.engine import EngineSettings\n"
        "from reprollm.snapshot.pin import pin\n"
        "file = Path(sys.argv[1])\n"
        "settings = EngineSettings('server', 'native', 'cpu', 'strict', 1)\n"
        "made = start('llama-server', file.parent, pin(file), settings, 256)\n"
        "print(made.url, flush=True)\n"
        "time.sleep(600)\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", program, str(tiny.file)], stdout=subprocess.PIPE, text=True
    ) as wanted:
        assert wanted.stdout is not None
        assert wanted.stdout.readline().startswith(PORT_LINE)
        family = psutil.Process(wanted.pid).children(recursive=True)
        assert len(family) == 2
        os.kill(wanted.pid, signal.SIGKILL)
        gone, alive = psutil.wait_procs(family, timeout=15)
        assert len(gone) == 2, alive


def test_closing_stops_the_server_and_leaves_nothing(tiny: Converted) -> None:
    engine = opened(tiny, None)
    started = engine._started
    assert started is not None
    engine.close()
    assert not started._scratch.exists()  # type: ignore[attr-defined]
    assert started._keeper.poll() is not None  # type: ignore[attr-defined]
