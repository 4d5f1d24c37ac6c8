"""Stand-ins for the Hugging Face hub and ModelScope on loopback; the real ones are out of reach.

They serve what the documented interfaces do: the hub's `/api/models/<repo>/revision/<rev>`,
`/api/models/<repo>/tree/<rev>` and `/<repo>/resolve/<rev>/<path>` (large files by a redirect to
another host, as its CDN), and ModelScope's `/api/v1/models/<repo>/repo/files`, `…/repo` and
`…/commits` as the modelscope library of 2025 asks for them. Ranges are answered as RFC 9110 says.
Shown by these tests is that the client keeps to those interfaces, not that the real hubs do.
"""

from __future__ import annotations

import hashlib
import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

COMMIT = "0123456789abcdef0123456789abcdef01234567"
LARGE = (".safetensors", ".gguf")


@dataclass
class Repository:
    """What the stand-in holds, and how it misbehaves.

    Attributes:
        files: contents by path.
        names: commits by branch, tag or short id.
        lies: contents that are sent in place of those that are listed; `api` of every reply.
        listed: what the listing says in place of the truth.
        cut: the connection ends after so many bytes of a reply with a large file, `cuts` times.
        pause: seconds between the blocks of a large file.
        gated: whether the hub wants a token.
        status: the status of every reply with a file, instead of the file.
        requests: path, `Range` and `Authorization` or `Cookie` of every request.
    """

    files: dict[str, bytes]
    names: dict[str, str] = field(default_factory=lambda: {"main": COMMIT, "master": COMMIT})
    lies: dict[str, bytes] = field(default_factory=dict)
    listed: list[dict[str, Any]] = field(default_factory=list)
    cut: int | None = None
    cuts: int = 0
    pause: float = 0.0
    gated: bool = False
    status: int | None = None
    requests: list[tuple[str, str | None, str | None]] = field(default_factory=list)

    def asked(self, part: str) -> list[tuple[str, str | None, str | None]]:
        """Return the requests whose path holds `part`."""
        return [request for request in self.requests if part in request[0]]


@dataclass(frozen=True)
class StandIn:
    """A running stand-in: its address, the one of its CDN, and its repository `org/tiny`."""

    address: str
    cdn: str
    repository: Repository


@contextmanager
def stand_in(files: dict[str, bytes]) -> Iterator[StandIn]:
    """Serve a repository `org/tiny` until the block ends."""
    repository = Repository(files)
    servers = [ThreadingHTTPServer(("127.0.0.1", 0), _handler(repository)) for _ in range(2)]
    addresses = [f"http://127.0.0.1:{server.server_port}" for server in servers]
    repository.lies["cdn address"] = addresses[1].encode()
    threads = [threading.Thread(target=server.serve_forever, args=(0.01,)) for server in servers]
    for thread in threads:
        thread.start()
    try:
        yield StandIn(addresses[0], addresses[1], repository)
    finally:
        for server, thread in zip(servers, threads, strict=True):
            server.shutdown()
            server.server_close()
            thread.join()


def git_blob(content: bytes) -> str:
    """Return the Git blob id of a content."""
    return hashlib.sha1(b"blob %d\0" % len(content) + content).hexdigest()


def sha256(content: bytes) -> str:
    """Return the SHA-256 of a content, hex."""
    return hashlib.sha256(content).hexdigest()


def _handler(repository: Repository) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, *arguments: object) -> None:
            pass

        def do_GET(self) -> None:
            secret = self.headers.get("Authorization") or self.headers.get("Cookie")
            repository.requests.append((self.path, self.headers.get("Range"), secret))
            parts = urlsplit(self.path)
            path, query = unquote(parts.path), parse_qs(parts.query)
            if repository.gated and secret is None:
                return self._error(401, "GatedRepo")
            for prefix, answer in (
                ("/api/models/org/tiny/tree/", self._tree),
                ("/api/models/org/tiny", self._info),
                ("/org/tiny/resolve/", self._resolve),
                ("/cdn/", self._content),
                ("/api/v1/models/org/tiny/repo/files", self._listing),
                ("/api/v1/models/org/tiny/repo", self._scope_file),
                ("/api/v1/models/org/tiny/commits", self._commits),
            ):
                if path.startswith(prefix):
                    return answer(path.removeprefix(prefix), query)
            return self._error(404, "RepoNotFound")

        def _info(self, rest: str, query: dict[str, list[str]]) -> None:
            revision = rest.removeprefix("/revision/") or "main"
            commit = _commit(repository, revision)
            if commit is None:
                return self._error(404, "RevisionNotFound")
            self._json({"_id": "1", "id": "org/tiny", "sha": commit, "siblings": []})

        def _tree(self, rest: str, query: dict[str, list[str]]) -> None:
            if repository.listed:
                return self._json(repository.listed)
            entries: list[dict[str, Any]] = [{"type": "directory", "oid": "1" * 40, "path": "x"}]
            for path, content in repository.files.items():
                entry = {"type": "file", "path": path, "size": len(content)}
                entry["oid"] = git_blob(content)
                if path.endswith(LARGE):
                    lfs = {"oid": sha256(content), "size": len(content), "pointerSize": 134}
                    entry |= {"oid": "2" * 40, "lfs": lfs}
                entries.append(entry)
            self._json(entries)

        def _resolve(self, rest: str, query: dict[str, list[str]]) -> None:
            _, _, path = rest.partition("/")
            if repository.status is not None:
                return self._error(repository.status, "Refused")
            if path.endswith(LARGE):
                place = repository.lies["cdn address"].decode()
                self.send_response(302)
                self.send_header("Location", f"{place}/cdn/{path}?Signature=signed")
                self.send_header("Content-Length", "0")
                return self.end_headers()
            self._content(path, query)

        def _listing(self, rest: str, query: dict[str, list[str]]) -> None:
            if _commit(repository, query["Revision"][0]) is None:
                return self._error(404, "RevisionNotFound")
            files: list[dict[str, Any]] = [{"Type": "tree", "Path": "x", "Name": "x", "Size": 0}]
            for path, content in repository.files.items():
                entry = {"Type": "blob", "Path": path, "Name": path.rpartition("/")[2]}
                files.append(entry | {"Size": len(content), "Sha256": sha256(content)})
            self._json({"Code": 200, "Data": {"Files": repository.listed or files}})

        def _scope_file(self, rest: str, query: dict[str, list[str]]) -> None:
            self._content(query["FilePath"][0], query)

        def _commits(self, rest: str, query: dict[str, list[str]]) -> None:
            commit = _commit(repository, query["Ref"][0])
            commits = [{"Id": commit, "ShortId": commit[:8]}] if commit else []
            self._json({"Code": 200, "Data": {"Commit": commits, "TotalCount": len(commits)}})

        def _content(self, path: str, query: dict[str, list[str]]) -> None:
            content = repository.lies.get(path, repository.files.get(path))
            if content is None:
                return self._error(404, "EntryNotFound")
            start = int((self.headers.get("Range") or "bytes=0-")[6:].partition("-")[0])
            self.send_response(206 if start else 200)
            if start:
                span = f"bytes {start}-{len(content) - 1}/{len(content)}"
                self.send_header("Content-Range", span)
            self.send_header("Content-Length", str(len(content) - start))
            self.end_headers()
            self._send(content[start:], path.endswith(LARGE))

        def _send(self, content: bytes, large: bool) -> None:
            if large and repository.cut is not None and repository.cuts > 0:
                repository.cuts -= 1
                self.wfile.write(content[: repository.cut])
                self.close_connection = True
                return
            try:
                for begin in range(0, len(content), 65536):
                    self.wfile.write(content[begin : begin + 65536])
                    time.sleep(repository.pause if large else 0)
            except OSError:
                self.close_connection = True

        def _json(self, value: Any) -> None:
            body = repository.lies.get("api", json.dumps(value).encode())
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def _error(self, status: int, code: str) -> None:
            self.send_response(status)
            self.send_header("X-Error-Code", code)
            self.send_header("Content-Length", "0")
            self.end_headers()

    return Handler


def _commit(repository: Repository, revision: str) -> str | None:
    if revision in repository.names.values():
        return revision
    return repository.names.get(revision)
