"""Where a server is, and whether requests to it leave this machine.

A host name counts as what it resolves to, and connections go to the very address that was judged: a
name that resolves to another machine later on leads nowhere new. Loopback is this machine; anything
else, other addresses of this machine included, is remote.
"""

from __future__ import annotations

import ipaddress
import socket
from dataclasses import dataclass
from urllib.parse import urlsplit

from reprollm.errors import EngineUnavailable

_PORTS = {"http": 80, "https": 443}


@dataclass(frozen=True)
class Address:
    """A server's address.

    Attributes:
        scheme: `http` or `https`.
        host: the name or number as it was given.
        port: the port.
        prefix: path under which the server's own paths begin, without `/v1`; mostly empty.
        peer: the IP address to connect to.
        loopback: whether requests stay on this machine.
    """

    scheme: str
    host: str
    port: int
    prefix: str
    peer: str
    loopback: bool

    @property
    def text(self) -> str:
        """The address as records hold it: scheme, host, port and prefix."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{self.scheme}://{host}:{self.port}{self.prefix}"


def resolve(url: str, remote: str) -> Address:
    """Return the address in `url`.

    Args:
        url: `http://127.0.0.1:11434`, or any with a path before `/v1`.
        remote: `allowed` where requests may leave this machine, else `refused`.

    Raises:
        EngineUnavailable: it is no such address, its name has none, or it is not this machine's
            and that is not allowed.
    """
    parts = urlsplit(url)
    port = _port(url)
    strange = parts.username or parts.password or parts.query or parts.fragment
    if parts.scheme not in _PORTS or not parts.hostname or strange:
        raise EngineUnavailable(
            "expected a server's address such as http://127.0.0.1:11434, without user and query, "
            f"found {_without_user(url)!a:.120}"
        )
    peers = _peers(parts.hostname, port or _PORTS[parts.scheme])
    loopback = all(_is_loopback(peer) for peer in peers)
    if not loopback and remote != "allowed":
        raise EngineUnavailable(
            f"expected a server on this machine, found {parts.hostname!a:.80} at "
            f"{', '.join(peers)}; requests would leave the machine, so allow that with "
            "`remote: allowed` under `server`, or run the server here"
        )
    return Address(
        scheme=parts.scheme,
        host=parts.hostname,
        port=port or _PORTS[parts.scheme],
        prefix=parts.path.rstrip("/").removesuffix("/v1"),
        peer=peers[0],
        loopback=loopback,
    )


def _port(url: str) -> int | None:
    try:
        return urlsplit(url).port
    except ValueError:
        raise EngineUnavailable(
            f"expected a port below 65536 in a server's address, found {_without_user(url)!a:.120}"
        ) from None


def _without_user(url: str) -> str:
    """Return what of an address may be shown: a user's part may hold a password."""
    return url.rpartition("@")[2]


def _peers(host: str, port: int) -> list[str]:
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise EngineUnavailable(
            f"expected the server's host {host!a:.80} to have an address, found none "
            f"({error.args[-1]!s:.80}); correct `url` under `server`"
        ) from None
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


def _is_loopback(peer: str) -> bool:
    number = ipaddress.ip_address(peer.partition("%")[0])
    mapped = getattr(number, "ipv4_mapped", None)
    return bool((mapped or number).is_loopback)
