"""The class of an engine: what two attempts must share before one may take over the other's answer.

An answer to the same request may still be another where the library is another version, the kernels
are others, or batches are composed otherwise. The class covers everything that an engine says of
itself but what it measured or met by chance; so it errs on the side of asking again.
"""

from __future__ import annotations

from collections.abc import Mapping

from reprollm.canon import Json, digest, dumps

_CIRCUMSTANCES = frozenset({"class", "capabilities", "probe", "canary", "declared", "address"})


def engine_class(description: Mapping[str, Json]) -> str:
    """Return the hex digest of an engine's description without its circumstances.

    Args:
        description: what `Engine.describe` returned: canonical JSON.
    """
    kept = {name: value for name, value in description.items() if name not in _CIRCUMSTANCES}
    return digest("reprollm/engine-class/v1", dumps(kept))
