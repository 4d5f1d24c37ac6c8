"""ModelScope (or another domain named by `MODELSCOPE_DOMAIN`), asked over its HTTP interface.

As the modelscope library does (releases of 2025): listing `GET /api/v1/models/<repo>/repo/files?
Revision=<commit>&Recursive=True`, of each file path, size and SHA-256; files `GET /api/v1/models/
<repo>/repo?Revision=<commit>&FilePath=<path>`; commits `GET /api/v1/models/<repo>/commits?Ref=…`. A
token (`MODELSCOPE_API_TOKEN`) goes into the cookie `m_session_id`.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager
from typing import Any
from urllib.parse import quote, urlencode

from reprollm.errors import EngineUnavailable, SourceFailed
from reprollm.sources.http import client, get_json, open_bytes
from reprollm.sources.listing import RemoteFile
from reprollm.sources.reference import Reference

TOKEN = "MODELSCOPE_API_TOKEN"
DOMAIN = "MODELSCOPE_DOMAIN"
DEFAULT_DOMAIN = "www.modelscope.cn"


class ModelScope:
    """The ModelScope hub; see `reprollm.sources.host.Host`."""

    name = "modelscope"

    def __init__(self, environment: Mapping[str, str] = os.environ) -> None:
        try:
            self._http = client()
        except ImportError:
            raise EngineUnavailable(
                "expected the package httpx2 for fetching models, found none; install it with "
                "pip install 'reprollm[hub]'"
            ) from None
        domain = environment.get(DOMAIN) or DEFAULT_DOMAIN
        self.address = (domain if "://" in domain else f"https://{domain}").rstrip("/")
        token = environment.get(TOKEN)
        self._headers = {"Cookie": f"m_session_id={token}"} if token else {}

    def commit_of(self, repo: str, revision: str | None) -> str | None:
        """Return the full commit that a revision means now."""
        query = {"Ref": revision or "master", "PageNumber": "1", "PageSize": "1"}
        data = self._data(repo, "commits", query, f"the commits of {repo}")
        commits = data.get("Commit")
        first = commits[0] if isinstance(commits, list) and commits else None
        commit = first.get("Id") if isinstance(first, dict) else None
        return commit if isinstance(commit, str) else None

    def files(self, reference: Reference) -> list[RemoteFile]:
        """Return the files of a repository at a commit."""
        query = {"Revision": reference.commit, "Recursive": "True"}
        what = f"commit {reference.commit} of {reference.repo}"
        entries = self._data(reference.repo, "repo/files", query, what).get("Files")
        if not isinstance(entries, list) or not all(isinstance(each, dict) for each in entries):
            raise SourceFailed(f"expected the files of {what} at {self.address}, found no list")
        return [_remote(entry) for entry in entries if entry.get("Type") != "tree"]

    def stream(
        self, reference: Reference, path: str, offset: int
    ) -> AbstractContextManager[tuple[int, Iterator[bytes]]]:
        """Open a file's bytes from `offset` on."""
        query = {"Revision": reference.commit, "FilePath": path}
        what = f"{path} of {reference.repo} at {self.address}"
        url = self._url(reference.repo, "repo", query)
        return open_bytes(self._http, url, self._headers, offset, what, TOKEN)

    def _data(self, repo: str, path: str, query: Mapping[str, str], what: str) -> dict[str, Any]:
        url = self._url(repo, path, query)
        where = f"{what} at {self.address}"
        reply = get_json(self._http, url, self._headers, where, TOKEN)
        data = reply.get("Data") if isinstance(reply, dict) else None
        if not isinstance(data, dict):
            raise SourceFailed(f"expected {where}, found a reply of another form")
        return data

    def _url(self, repo: str, path: str, query: Mapping[str, str]) -> str:
        return f"{self.address}/api/v1/models/{quote(repo)}/{path}?{urlencode(query)}"


def _remote(entry: Mapping[str, Any]) -> RemoteFile:
    path, size, sha256 = entry.get("Path"), entry.get("Size"), entry.get("Sha256")
    return RemoteFile(
        path if isinstance(path, str) else "",
        size if type(size) is int else -1,
        sha256.lower() if isinstance(sha256, str) and sha256 else None,
        None,
    )
