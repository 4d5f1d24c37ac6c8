from __future__ import annotations

import os
import subprocess
import sys

from reprollm.environment import go_offline
from reprollm.environment.offline import OFFLINE

PROGRAM = """
from reprollm.environment import go_offline
go_offline()
import socket
def refuse(*arguments, **options):
    raise AssertionError("the network was used")
socket.getaddrinfo = refuse
socket.socket.connect = refuse
import huggingface_hub.constants as constants
from transformers import AutoModelForCausalLM
assert constants.HF_HUB_OFFLINE and constants.HF_HUB_DISABLE_TELEMETRY
try:
    AutoModelForCausalLM.from_pretrained("somebody/something")
except OSError as error:
    print("refused")
"""


def test_what_the_user_set_is_overruled() -> None:
    environment = {"HF_HUB_OFFLINE": "0", "TOKENIZERS_PARALLELISM": "true", "OTHER": "1"}
    go_offline(environment)
    assert OFFLINE.items() <= environment.items()
    assert environment["OTHER"] == "1"
    assert environment["TOKENIZERS_PARALLELISM"] == "true"


def test_no_library_reaches_for_the_network_afterwards() -> None:
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM],
        env={**os.environ, "HF_HUB_OFFLINE": "0"},
        capture_output=True,
        text=True,
    )
    assert (done.returncode, done.stdout) == (0, "refused\n"), done.stderr
