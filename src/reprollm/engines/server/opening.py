"""From an address to an engine: reached, recognised, judged, probed, or refused in a sentence."""

from __future__ import annotations

from reprollm.engines.server.address import Address, resolve
from reprollm.engines.server.client import BadReplyError, Client
from reprollm.engines.server.dialect import Dialect, Identity
from reprollm.engines.server.dialects import dialect_of
from reprollm.engines.server.dialects.openai import OpenAiChat
from reprollm.engines.server.engine import Connected, ServerEngine
from reprollm.engines.server.exchange import Exchange
from reprollm.engines.server.fingerprint import check_kind, find_kind
from reprollm.engines.server.key import read_key
from reprollm.engines.server.launch import Process, start
from reprollm.engines.server.probe import probe
from reprollm.engines.server.trust import Trust, demand, judge
from reprollm.engines.server.wording import Wording
from reprollm.errors import EngineUnavailable
from reprollm.experiment.engine import EngineSettings, ServerSettings
from reprollm.prompts.tokenize import load_tokenizer
from reprollm.snapshot.model import LocatedModel, Model

DEFAULT_CONTEXT = 4096


def open_engine(located: LocatedModel, model: Model, settings: EngineSettings) -> ServerEngine:
    """Return the engine that asks the server of `settings`, started first where it has no url.

    Raises:
        EngineUnavailable: it is not there, not the kind, not trusted enough, too short of context,
            or applies settings of its own.
        SnapshotChanged: a server that was started here answers as another model.
    """
    server = settings.server
    if server is None:
        raise EngineUnavailable("expected settings of a server, found none; write them as `server`")
    if server.url is not None:
        client = _client(server, server.url)
        return _connect(client, server, located, model, settings, None)
    if not located.folders:
        raise EngineUnavailable(
            "expected a model whose files are on this machine, to start a server on them, found "
            "one that is only claimed; name the server's url, or pin the files"
        )
    context = _context(settings, model)
    process = start(server.kind, located.folders[0], model.lock, settings, context)
    try:
        client = Client(resolve(process.url, "refused"))
        return _connect(client, server, located, model, settings, process)
    except BaseException:
        process.close()
        raise


def _client(server: ServerSettings, url: str) -> Client:
    address = resolve(url, server.remote)
    return Client(address, read_key(server.key_variable, address))


def _connect(
    client: Client,
    server: ServerSettings,
    located: LocatedModel,
    model: Model,
    settings: EngineSettings,
    process: Process | None,
) -> ServerEngine:
    name = server.model if process is None else process.model
    found = found_kind(client)
    check_kind(server.kind, found)
    dialect = dialect_of(server.kind)
    identity = identity_of(client, dialect, name)
    if identity.elsewhere:
        raise EngineUnavailable(
            f"expected a model on the server's own machine, found that it sends requests for "
            f"{name!a:.80} elsewhere; take a model that it runs itself"
        )
    trust = _trust(identity, client.address, located, model, process)
    demand(trust, server.trust)
    known = bool(located.folders)
    context = _context(settings, model)
    wording = Wording(
        load_tokenizer(located), by_ids=dialect.promises.prompts == "ids", known=known
    )
    exchange = Exchange(client, completions_of(client, dialect), wording, name, context)
    stop_ids = tuple(model.lock.facts.eos_ids)
    probed = probe(exchange, wording, stop_ids, exchange.dialect.seed(identity), context)
    if process is not None:
        process.check(exchange.model)
    connected = Connected(exchange, wording, identity, trust, probed, found, process)
    return ServerEngine(settings, server, connected)


def found_kind(client: Client) -> str:
    """Return the server's kind; raise `EngineUnavailable` where nothing answers."""
    try:
        return find_kind(client)
    except BadReplyError as error:
        raise EngineUnavailable(
            f"expected a server at {client.address.text}, found that {error}; start it, or correct "
            "`url` under `server`"
        ) from None


def identity_of(client: Client, dialect: Dialect, name: str) -> Identity:
    """Return what the server says; raise `EngineUnavailable` where it does not know the model."""
    try:
        return dialect.identify(client, name)
    except BadReplyError as error:
        raise EngineUnavailable(
            f"expected the server at {client.address.text} to know the model {name!a:.120}, found "
            f"that {error}"
        ) from None


def _trust(
    identity: Identity,
    address: Address,
    located: LocatedModel,
    model: Model,
    process: Process | None,
) -> Trust:
    if process is not None:
        return Trust("owned", "this program started the server on the files that it had hashed")
    return judge(identity, address, located, model.lock)


def _context(settings: EngineSettings, model: Model) -> int:
    """Return how many tokens of context to allot: never more than the model has."""
    most = model.lock.facts.context_length
    wanted = settings.context or DEFAULT_CONTEXT
    return wanted if most is None else min(wanted, most)


def completions_of(client: Client, dialect: Dialect) -> Dialect:
    """Return the dialect, or that of chats where an unknown server has nothing else."""
    if dialect.kind == "openai" and not _has(client, dialect.endpoint):
        return OpenAiChat()
    return dialect


def _has(client: Client, path: str) -> bool:
    try:
        return client.post(path, {}).status not in (404, 405, 501)
    except BadReplyError:
        return True
