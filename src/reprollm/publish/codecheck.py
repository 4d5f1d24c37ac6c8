"""`codecheck.yml`: what a codechecker needs to begin (CODECHECK configuration, version 2.0).

Authors state what to check, the codechecker fills in the rest. Everything that only people can know
says `FIXME`, the placeholder that CODECHECK's own rules look for (CC-CFG-023).
"""

from __future__ import annotations

from collections.abc import Sequence

from reprollm.publish.citation import BLANK, Citation, dumped

PATH = "codecheck.yml"
_VERSION = "https://codecheck.org.uk/spec/config/2.0/"
_COMMENTS = {
    "tables/estimates.parquet": "The summary table: every number that the log records, with its "
    "interval",
    "tables/item_scores.parquet": "The score of each single answer, of which the summary is made",
    "tables/answers.parquet": "The final answer to every request",
    "report.html": "The report",
}


def codecheck(citation: Citation, paths: Sequence[str]) -> bytes:
    """Return the configuration.

    Args:
        citation: the experiment's citation.
        paths: all paths of the bundle.
    """
    authors = [
        {"name": author.name, "ORCID": author.orcid or f"{BLANK}: ORCID, digits only"}
        for author in citation.authors
    ] or [{"name": f"{BLANK}: author's name", "ORCID": f"{BLANK}: ORCID, digits only"}]
    value = {
        "version": _VERSION,
        "paper": {
            "title": citation.title,
            "authors": authors,
            "reference": citation.reference or f"{BLANK}: DOI of the paper, as a URL",
        },
        "manifest": [
            {"file": path, "comment": comment}
            for path, comment in _COMMENTS.items()
            if path in paths
        ],
        "codechecker": [
            {"name": f"{BLANK}: codechecker's name", "ORCID": f"{BLANK}: ORCID, digits only"}
        ],
        "summary": f"{BLANK}: what the codechecker did and found",
        "repository": f"{BLANK}: where this bundle is published",
        "check_time": f"{BLANK}: when the check was made",
        "certificate": f"{BLANK}: number of the certificate, YYYY-NNN",
        "report": f"{BLANK}: DOI of the certificate, as a URL",
    }
    return dumped(value, explicit=True)
