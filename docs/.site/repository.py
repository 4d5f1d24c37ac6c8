"""Pages of the site that lie elsewhere in the repository, and the links to them.

In the repository a link names a file; on the site the same file is a page, or a file beside the
pages. A link to a file that is neither is reported, which `--strict` turns into a failure.
"""

from __future__ import annotations

import logging
import posixpath
import re
from pathlib import Path

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page

# Where a file of the repository stands on the site.
PLACES = {
    "README.md": "index.md",
    "CHANGELOG.md": "changes.md",
    "CONTRIBUTING.md": "contributing.md",
    "envs/README.md": "environments.md",
    "experiments/normalisation/README.md": "demo.md",
    "ledger/README.md": "ledger.md",
    "LICENSE": "LICENSE.txt",
    "CITATION.cff": "CITATION.cff",
}
_FILES = {page: file for file, page in PLACES.items()}
_LINK = re.compile(r"(\]\()(?![a-z]+:|#)([^)\s#]+)(#[^)\s]*)?(?=\))")
_LOG = logging.getLogger("mkdocs.hooks.repository")


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the repository's own pages to those of the docs folder."""
    root = Path(config.config_file_path).parent
    for name, place in PLACES.items():
        content = (root / name).read_text(encoding="utf-8")
        files.append(File.generated(config, place, content=content))
    return files


def on_page_markdown(markdown: str, page: Page, config: MkDocsConfig, files: Files) -> str:
    """Let links lead where their file stands on the site."""
    root = Path(config.config_file_path).parent
    here = _FILES.get(page.file.src_uri, f"docs/{page.file.src_uri}")

    def moved(link: re.Match[str]) -> str:
        target = posixpath.normpath(posixpath.join(posixpath.dirname(here), link[2]))
        place = PLACES.get(target, target.removeprefix("docs/"))
        if target not in PLACES and not target.startswith("docs/"):
            wrong = "is no page of the site" if (root / target).exists() else "does not exist"
            _LOG.warning("%s links to %s, which %s", here, link[2], wrong)
        beside = posixpath.relpath(place, posixpath.dirname(page.file.src_uri) or ".")
        return f"{link[1]}{beside}{link[3] or ''}"

    return _LINK.sub(moved, markdown)
