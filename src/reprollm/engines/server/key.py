"""The API's key: read from the environment when it is needed, shown nowhere."""

from __future__ import annotations

import os
import re

from reprollm.engines.server.address import Address
from reprollm.errors import EngineUnavailable

_KEY = re.compile(r"[!-~]{1,4096}\Z")


def read_key(variable: str | None, address: Address) -> str | None:
    """Return the key in an environment variable, None where none is named.

    Raises:
        EngineUnavailable: the variable is not set, holds no key, or the key would cross a network
            in the clear.
    """
    if variable is None:
        return None
    key = os.environ.get(variable)
    if key is None or not _KEY.match(key):
        found = "it not set" if key is None else "something that is no key"
        raise EngineUnavailable(
            f"expected the server's key in the environment variable {variable}, found {found}; "
            f"set it with: export {variable}=…"
        )
    if address.scheme == "http" and not address.loopback:
        raise EngineUnavailable(
            "expected https for a server on another machine that takes a key, found http; the key "
            "would cross the network in the clear, so write https:// in `url`"
        )
    return key
