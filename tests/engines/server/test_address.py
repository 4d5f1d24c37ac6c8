from __future__ import annotations

import pytest

from reprollm.engines.server import address as module
from reprollm.engines.server.address import resolve
from reprollm.errors import EngineUnavailable


def test_loopback_is_this_machine() -> None:
    for url in ("http://127.0.0.1:11434", "http://localhost:8000/v1", "http://[::1]:80"):
        assert resolve(url, "refused").loopback


def test_the_path_before_v1_is_kept() -> None:
    found = resolve("http://127.0.0.1:8000/api/v1/", "refused")
    assert (found.prefix, found.text) == ("/api", "http://127.0.0.1:8000/api")


@pytest.mark.parametrize(
    "url", ["http://192.0.2.7:8000", "http://0.0.0.0:8000", "http://[2001:db8::1]"]
)
def test_another_machine_is_refused_unless_it_is_allowed(url: str) -> None:
    with pytest.raises(EngineUnavailable, match="remote: allowed"):
        resolve(url, "refused")
    assert not resolve(url, "allowed").loopback


def test_a_name_counts_as_what_it_resolves_to(monkeypatch: pytest.MonkeyPatch) -> None:
    # No name server can be asked here: the resolver's answer is given.
    def elsewhere(host: str, port: int, **_: object) -> list[tuple[object, ...]]:
        return [(2, 1, 6, "", ("127.0.0.1", port)), (2, 1, 6, "", ("192.0.2.7", port))]

    monkeypatch.setattr(module.socket, "getaddrinfo", elsewhere)
    with pytest.raises(EngineUnavailable, match=r"192\.0\.2\.7"):
        resolve("http://looks-local:8000", "refused")


@pytest.mark.parametrize(
    "url",
    [
        "http://user:geheim@127.0.0.1:8000",
        "ftp://127.0.0.1",
        "http://",
        "http://127.0.0.1:99999",
        "http://127.0.0.1/?key=geheim",
    ],
)
def test_what_is_no_plain_address_is_refused_without_its_secret(url: str) -> None:
    with pytest.raises(EngineUnavailable) as caught:
        resolve(url, "allowed")
    assert "user:geheim" not in str(caught.value)


def test_a_host_without_address_is_refused() -> None:
    with pytest.raises(EngineUnavailable, match="to have an address"):
        resolve("http://no-such-host.invalid", "allowed")
