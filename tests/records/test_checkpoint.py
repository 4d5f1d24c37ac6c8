import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reprollm.errors import CheckpointMismatch
from reprollm.records.checkpoint import Checkpoint, parse

ROOT = bytes(range(32))
TEXT = f"reprollm/demo/0123456789abcdef\n17\n{base64.b64encode(ROOT).decode()}\n"
SIGNATURE = "\u2014 key.example+0 AAAAAAAA".replace("+0", "")


def test_a_checkpoint_is_three_lines() -> None:
    assert Checkpoint("reprollm/demo/0123456789abcdef", 17, ROOT).text() == TEXT


@given(
    st.text(st.characters(categories=("L", "N", "P")), min_size=1),
    st.integers(0, 10**18),
    st.binary(min_size=32, max_size=32),
)
def test_what_is_written_is_read_back(origin: str, size: int, root: bytes) -> None:
    checkpoint = Checkpoint(origin, size, root)
    assert parse(checkpoint.text()) == checkpoint


def test_signature_lines_are_kept_as_they_are() -> None:
    signed = f"{TEXT}\n{SIGNATURE}\n{SIGNATURE}\n"
    checkpoint = parse(signed)
    assert checkpoint.signatures == (SIGNATURE, SIGNATURE)
    assert checkpoint.text() == signed


@pytest.mark.parametrize(
    "text",
    [
        "",
        "\n\n\n",
        TEXT[:-1],
        TEXT + "\n",
        TEXT + "extension\n",
        TEXT.replace("\n17\n", "\n017\n"),
        TEXT.replace("\n17\n", "\n+17\n"),
        TEXT.replace("\n17\n", "\n-1\n"),
        TEXT.replace("\n17\n", "\n\u0661\n"),
        TEXT.replace("\n17\n", "\n17 \n"),
        TEXT.replace("\n17\n", "\n99999999999999999999\n"),
        TEXT.replace("\n", "\r\n"),
        TEXT.replace("=\n", "\n"),
        TEXT.replace("AAEC", "AAE"),
        TEXT.replace("AAEC", "A*EC"),
        TEXT.replace("HR4f", "HR4g") + " ",
        TEXT.replace("Hh8=", "Hh9="),
        "\n17\n" + TEXT.splitlines()[2] + "\n",
        "or\x1bigin\n" + TEXT.partition("\n")[2],
        TEXT + f"\n{SIGNATURE}",
        TEXT + f"\n{SIGNATURE} \n",
        TEXT + "\n- key AAAAAAAA\n",
        TEXT + "\n\u2014 key\n",
        TEXT + "\n\u2014 key AAAA\n",
        TEXT + "\n\u2014 key A\n",
        TEXT + f"\n{SIGNATURE}\n\n",
    ],
)
def test_no_other_spelling_is_accepted(text: str) -> None:
    with pytest.raises(CheckpointMismatch):
        parse(text)
