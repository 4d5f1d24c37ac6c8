"""The lock of a model that only a server claims to have: little, and it says so."""

from __future__ import annotations

from reprollm.canon import digest
from reprollm.snapshot.claim import UTF8_TOKENIZER, Claim
from reprollm.snapshot.facts import Facts
from reprollm.snapshot.licence import Licence
from reprollm.snapshot.lock import SCHEMA, Lock
from reprollm.snapshot.manifest import snapshot_id
from reprollm.snapshot.names import check_name


def claimed_lock(claim: Claim, name: str | None = None) -> Lock:
    """Return the lock of a claim.

    Its snapshot id follows from the one file `claim.json`; its weights are that file's digest, as
    nothing of any weights is known; its tokenizer is that of bytes.

    Args:
        claim: what the server says.
        name: for people; by default the server's name for the model.
    """
    files = (claim.file(),)
    return Lock(
        schema=SCHEMA,
        name=check_name(name or claim.model),
        snapshot=snapshot_id(files),
        weights=digest("reprollm/weights-claim/v1", bytes.fromhex(files[0].sha256)),
        tokenizer=UTF8_TOKENIZER,
        chat_template=None,
        licence=Licence(),
        hub=None,
        excluded=(),
        facts=Facts(),
        files=files,
        claim=claim,
    )
