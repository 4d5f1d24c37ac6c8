"""The Hugging Face hub (or a mirror named by `HF_ENDPOINT`), asked through huggingface_hub.

Listing: `GET /api/models/<repo>/tree/<commit>?recursive=true`, of each file its size, its Git blob
id, and for large files (Git LFS) the SHA-256 of its content; files: `GET /<repo>/resolve/<commit>/
<path>`. The library's own downloader (2.4) throws away what a killed download had; so the bytes are
streamed here, and continued with a range request.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from itertools import islice

from reprollm.errors import EngineUnavailable, InvalidInput, SourceFailed
from reprollm.snapshot.files import MAX_FILES
from reprollm.sources.host import denied
from reprollm.sources.http import client, open_bytes
from reprollm.sources.listing import RemoteFile
from reprollm.sources.reference import Reference

TOKEN = "HF_TOKEN"
MAX_ENTRIES = 2 * MAX_FILES


class HuggingFace:
    """The hub that huggingface_hub is configured for; see `reprollm.sources.host.Host`."""

    name = "hub"

    def __init__(self, endpoint: str | None = None) -> None:
        try:
            from huggingface_hub import HfApi
        except ImportError:
            raise EngineUnavailable(
                "expected the package huggingface_hub for fetching models, found none; install it "
                "with pip install 'reprollm[hub]'"
            ) from None
        # Its warnings name addresses with their queries, which may be signatures.
        logging.getLogger("huggingface_hub").setLevel(logging.ERROR)
        self._api = HfApi(endpoint=endpoint, library_name="reprollm")
        self._http = client()
        self.address: str = self._api.endpoint

    def commit_of(self, repo: str, revision: str | None) -> str | None:
        """Return the full commit that a revision means now."""
        with _asking(f"{repo} at {self.address}"):
            return self._api.model_info(repo, revision=revision).sha

    def files(self, reference: Reference) -> list[RemoteFile]:
        """Return the files of a repository at a commit."""
        from huggingface_hub.hf_api import RepoFile

        repo, commit = reference.repo, reference.commit
        found = self.commit_of(repo, commit)
        if found != commit:
            raise InvalidInput(
                f"expected the commit {commit} of {repo}, found that the hub means {found!a:.60} "
                "by it; take the full id of a commit"
            )
        with _asking(f"commit {commit} of {repo} at {self.address}"):
            tree = self._api.list_repo_tree(repo, recursive=True, revision=commit)
            entries = list(islice(tree, MAX_ENTRIES))
        return [
            RemoteFile(
                entry.path,
                entry.size if type(entry.size) is int else -1,
                entry.lfs.sha256 if entry.lfs else None,
                None if entry.lfs else entry.blob_id,
            )
            for entry in entries
            if isinstance(entry, RepoFile)
        ]

    def stream(
        self, reference: Reference, path: str, offset: int
    ) -> AbstractContextManager[tuple[int, Iterator[bytes]]]:
        """Open a file's bytes from `offset` on."""
        from huggingface_hub import get_token, hf_hub_url

        url = hf_hub_url(reference.repo, path, revision=reference.commit, endpoint=self.address)
        token = get_token()
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        what = f"{path} of {reference.repo} at {self.address}"
        return open_bytes(self._http, url, headers, offset, what, TOKEN)


@contextmanager
def _asking(what: str) -> Iterator[None]:
    """Turn what huggingface_hub raises into our errors, without its texts and addresses."""
    import httpx2
    from huggingface_hub.errors import HfHubHTTPError, OfflineModeIsEnabled

    try:
        yield
    except OfflineModeIsEnabled:
        raise InvalidInput(
            "expected to be allowed to use the network, found HF_HUB_OFFLINE set; unset it to fetch"
        ) from None
    except HfHubHTTPError as error:
        status = error.response.status_code
        if status in (401, 403, 404):
            raise InvalidInput(denied(status, what, TOKEN)) from None
        raise SourceFailed(f"expected {what}, found HTTP {status}; try again later") from None
    except (httpx2.HTTPError, httpx2.InvalidURL, OSError) as error:
        raise SourceFailed(
            f"expected {what}, found no answer ({type(error).__name__}); check the network, or "
            "name a mirror in HF_ENDPOINT"
        ) from None
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise SourceFailed(
            f"expected {what}, found a reply of another form ({type(error).__name__})"
        ) from None
