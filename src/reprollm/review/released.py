"""The stand-alone verifiers of every release, by their SHA-256.

A bundle carries the verifier with which its reader checks it. An author could ship one that always
says yes; so `reprollm verify` compares it with those that were released. Bundles of older releases
keep theirs, and their digests are listed here for ever.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from functools import cache
from importlib.resources import files

from reprollm import __version__

# By file name, then by SHA-256: the release that ships it. The running release's own files need no
# entry; a release adds those of the one before it.
RELEASED: Mapping[str, Mapping[str, str]] = {
    "verify.py": {
        "8f2118ad8bfb9e2c21f6a8b5ef620bb706cfb2afd89bb5629c1d794fd7562246": "0.1.0",
        "ce9e3fad7183f64a4b0c17f5fa6a6bf5c3cbeef13e43d6330fc31794f1e2c8b9": "0.2.0",
        "32fa3f585d68df0ed5ebc88dcd0b3270c67a2394f956956016fc40c7346819dd": "0.3.0",
    },
    "verify.sql": {"63a6f8535978b404a79df090721695a44342d3f2e9c454896b9bec330faafdd8": "0.1.0"},
}


def release_of(name: str, sha256: str) -> str | None:
    """Return which release ships a verifier file of this name and digest; None for none known."""
    if sha256 == _own(name):
        return __version__
    return RELEASED[name].get(sha256)


@cache
def _own(name: str) -> str:
    return hashlib.sha256(files("reprollm.review").joinpath(name).read_bytes()).hexdigest()
