"""One value, one text: what other decoders let pass is refused."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reprollm.signing.strict64 import decode, encode


@given(st.binary())
def test_what_is_encoded_is_read_again(value: bytes) -> None:
    assert decode(encode(value)) == value


@pytest.mark.parametrize(
    "text",
    ["YQ", "YQ=", "YR==", "YWJ=", "Y Q==", "YQ==\n", "YQ===", "Y-_a", "YQ==YQ==", "ÿÿÿÿ"],
)
def test_any_other_spelling_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="expected base64"):
        decode(text)
