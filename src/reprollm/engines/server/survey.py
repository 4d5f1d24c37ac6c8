"""A look at a server: its kind, its models, what it says of one of them and what it does."""

from __future__ import annotations

import json
from dataclasses import dataclass

from reprollm.canon import Json
from reprollm.engines.server import reading
from reprollm.engines.server.address import resolve
from reprollm.engines.server.client import BadReplyError, Client
from reprollm.engines.server.dialect import Dialect, Identity
from reprollm.engines.server.dialects import dialect_of
from reprollm.engines.server.exchange import Exchange
from reprollm.engines.server.fingerprint import check_kind
from reprollm.engines.server.key import read_key
from reprollm.engines.server.opening import completions_of, found_kind, identity_of
from reprollm.engines.server.probe import Probed, probe
from reprollm.engines.server.wording import Wording
from reprollm.prompts.tokenize_utf8 import utf8_tokenizer
from reprollm.snapshot.claim import Claim

CONTEXT = 512
MOST_MODELS = 100


@dataclass(frozen=True)
class Survey:
    """What was seen of a server.

    Attributes:
        address: where it was asked.
        remote: whether requests leave this machine.
        kind: what it was recognised as.
        spoken: the kind as which it was asked.
        models: the names of the models that it lists.
        identity: what it says of the model that was asked for, None without one.
        probed: what it was seen to do with that model, None without one.
    """

    address: str
    remote: bool
    kind: str
    spoken: str
    models: tuple[str, ...]
    identity: Identity | None
    probed: Probed | None

    def to_json(self) -> dict[str, Json]:
        """Return everything as JSON."""
        return {
            "address": self.address,
            "remote": self.remote,
            "kind": self.kind,
            "spoken": self.spoken,
            "models": list(self.models),
            "version": self.identity.version if self.identity else None,
            "model": self.identity.model if self.identity else None,
            "paths": list(self.identity.paths) if self.identity else [],
            "digest": self.identity.digest if self.identity else None,
            "context": self.identity.context if self.identity else None,
            "said": self.identity.facts if self.identity else {},
            "probe": self.probed.probe.to_json() if self.probed else None,
        }


def survey(url: str, kind: str | None, model: str | None, key_variable: str | None) -> Survey:
    """Look at the server at `url`.

    Args:
        url: its address; any machine's, as nothing but fixed prompts goes there.
        kind: what it is said to be; None for what it is recognised as.
        model: the model to ask for; None to ask nothing.
        key_variable: the environment variable with the API's key, or None.

    Raises:
        EngineUnavailable: it does not answer, is of another kind, or does not know the model.
    """
    client, found, dialect = _reached(url, kind, key_variable)
    identity = probed = None
    if model is not None:
        identity = identity_of(client, dialect, model)
        wording = Wording(utf8_tokenizer(), by_ids=False, known=False)
        exchange = Exchange(client, completions_of(client, dialect), wording, model, CONTEXT)
        probed = probe(exchange, wording, (), dialect.seed(identity), CONTEXT)
    address = client.address
    return Survey(
        address.text,
        not address.loopback,
        found,
        dialect.kind,
        _models(client),
        identity,
        probed,
    )


def claim(url: str, kind: str, model: str, key_variable: str | None) -> Claim:
    """Return what the server at `url` claims of a model; see `survey` for arguments and errors."""
    client, _, dialect = _reached(url, kind, key_variable)
    identity = identity_of(client, dialect, model)
    said: dict[str, Json] = {"digest": identity.digest, "facts": identity.facts}
    text = json.dumps(said, sort_keys=True, ensure_ascii=True, separators=(",", ":"))
    return Claim(kind, model, client.address.text, text)


def _reached(url: str, kind: str | None, key_variable: str | None) -> tuple[Client, str, Dialect]:
    address = resolve(url, "allowed")
    client = Client(address, read_key(key_variable, address))
    found = found_kind(client)
    if kind is not None:
        check_kind(kind, found)
    return client, found, dialect_of(kind or found)


def _models(client: Client) -> tuple[str, ...]:
    """Return the names of the listed models, sorted; none where there is no such list."""
    try:
        listed = reading.items(client.get("/v1/models").value, "data")
    except BadReplyError:
        return ()
    names = {reading.text(one, "id") for one in listed}
    return tuple(sorted(name for name in names if name))[:MOST_MODELS]
