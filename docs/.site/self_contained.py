"""No page of the site asks another host for anything: no font, script, style or picture."""

from __future__ import annotations

import logging
import re

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.pages import Page

_TAG = re.compile(r"<(?:script|link|img|iframe|source|video|audio|object|embed)\b[^>]*>", re.I)
_ELSEWHERE = re.compile(r"""\b(?:src|href|data)\s*=\s*["']?(?:https?:)?//""", re.I)
_LOG = logging.getLogger("mkdocs.hooks.self_contained")


def on_post_page(output: str, page: Page, config: MkDocsConfig) -> str:
    """Report what a page would load from elsewhere."""
    for tag in _TAG.findall(output):
        # Links of this kind name a page, they do not load it.
        if _ELSEWHERE.search(tag) and not re.search(r'rel="(?:canonical|prev|next)"', tag):
            _LOG.warning("%s would load from another host: %s", page.file.src_uri, tag)
    return output
