from __future__ import annotations

import json

from hypothesis import given
from hypothesis import strategies as st

from reprollm.report.shown import embedded, shown

ANY = st.text(st.characters(codec=None))


def test_characters_that_act_are_written_out() -> None:
    assert shown("a\u202eb\u200b\x07") == "a\\u202eb\\u200b\\x07"
    assert shown("L\u00e4nge \u017f\n", 4) == "L\u00e4n\u2026"


@given(ANY)
def test_what_is_embedded_comes_back_whole(text: str) -> None:
    found = embedded([text])

    assert json.loads(found) == json.loads(json.dumps([text]))
    assert not set("<>&\u2028\u202e\x00\x7f\ufeff") & set(found)
    found.encode()


def test_a_character_beyond_the_first_plane_is_escaped_as_a_pair() -> None:
    assert embedded("\U000e0041") == '"\\udb40\\udc41"'
