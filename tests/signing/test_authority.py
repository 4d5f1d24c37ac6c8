"""Asking an authority over HTTP: what answers is checked before it is believed."""

import pytest

from reprollm.errors import InvalidInput
from reprollm.signing.authority import ask
from reprollm.signing.stamp import chain, check_answer, request, verify
from signing.authorities import Authority, served


def test_an_authority_is_asked_and_answers(authority: Authority) -> None:
    asked = request(b"text\n")
    with served(authority) as url:
        answer = ask(url, asked.as_bytes())
    check_answer(answer, asked)
    assert verify(answer, chain(answer), b"text\n").authority == "CN=A test authority"


def test_a_web_page_is_no_answer() -> None:
    with served(b"<html>", "text/html") as url, pytest.raises(InvalidInput, match="text/html"):
        ask(url, request(b"text\n").as_bytes())


def test_an_endless_answer_is_cut() -> None:
    with served(bytes(300_000)) as url, pytest.raises(InvalidInput, match="of at most"):
        ask(url, request(b"text\n").as_bytes())


def test_a_server_that_is_gone_is_named_with_the_way_around() -> None:
    with served(b"") as url:
        pass
    with pytest.raises(InvalidInput, match="--request-to"):
        ask(url, request(b"text\n").as_bytes())


@pytest.mark.parametrize("url", ["file:///etc/passwd", "ftp://x/y", "nonsense", ""])
def test_only_http_is_asked(url: str) -> None:
    with pytest.raises(InvalidInput, match="with http or https"):
        ask(url, b"")
