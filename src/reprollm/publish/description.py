"""The descriptions of a bundle, put together from what the ledger and the experiment say."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from reprollm.bundles.members import Measured, Member
from reprollm.publish import codecheck, licences, provenance
from reprollm.publish.account import Account
from reprollm.publish.citation import Citation, make_citation, read_citation
from reprollm.publish.experiment_files import CITATION, ExperimentFiles
from reprollm.publish.ledger_files import FOLDER as LEDGER
from reprollm.publish.readme import Withheld, readme, tables_readme
from reprollm.signing.store import SUFFIXES, parse_place

if TYPE_CHECKING:
    from reprollm.withholding.redaction import Redaction

REPORT = "report.html"
_NAMES = {
    "README.md": "For the reviewer: what this is and how to check it",
    "verify.py": "Verifier: one file, Python's standard library alone",
    "verify.sql": "Verifier for the duckdb command line",
    "SPEC.md": "The formats, for whoever writes another verifier",
    "SCORES.md": "The definition of every score and interval",
    "CONCLUSIONS.md": "The definition of comparisons and claims",
    f"{LEDGER}/ledger.duckdb": "The log as tables and views, derived from the records",
    REPORT: "Report",
}


@dataclass(frozen=True)
class Description:
    """What a bundle is described from.

    Attributes:
        account: what the ledger says.
        title: the experiment's title, or what stands for it.
        files: the experiment's files; None for a ledger of imports alone.
        signers: who signed the last checkpoint, in words.
        redaction: what is withheld, or None.
        left_out: paths of files that stay behind because of it.
    """

    account: Account
    title: str
    files: ExperimentFiles | None
    signers: tuple[str, ...]
    redaction: Redaction | None
    left_out: tuple[str, ...]

    @cached_property
    def citation(self) -> Citation:
        """The experiment's own citation, or one made of what is known."""
        own = self.files.citation if self.files else None
        if own is not None and own.path not in self.left_out:
            return read_citation(own)
        return make_citation(self.account, self.title)

    def pages(self, measured: Sequence[Measured]) -> list[Member]:
        """Return the descriptions that name files, but not all their digests."""
        paths = sorted(item.path for item in measured)
        lock = self.files.lock_path if self.files else None
        page = readme(
            self.account,
            self.citation,
            paths,
            lock=lock if lock in paths else None,
            signers=self.signers,
            withheld=self._withheld(),
        )
        keys, fields = _keys(paths), self._withheld_fields()
        made = provenance.provenance(self.account, self.citation.title, keys, fields)
        return [
            Member(CITATION, self.citation.content),
            Member(codecheck.PATH, codecheck.codecheck(self.citation, paths)),
            Member(licences.PATH, self._licences(measured)),
            Member("tables/README.md", tables_readme()),
            Member(provenance.PATH, made),
            Member("README.md", page),
        ]

    def crate(self, measured: Sequence[Measured]) -> Member:
        """Return the description that names every file with its digest."""
        from reprollm.publish.crate import PATH, crate

        return Member(PATH, crate(self.account, self.citation, measured, _NAMES))

    def _licences(self, measured: Sequence[Measured]) -> bytes:
        parts = [licences.own()]
        if self.files is not None:
            by_path = {item.path: item for item in measured}
            declared = self.citation.licence
            parts += licences.experiment_licences(self.files.licences, declared, by_path)
        return licences.page([*parts, *licences.model_licences(self.account.snapshots)])

    def _withheld_fields(self) -> list[str]:
        return [entry["field"] for entry in self.redaction.withheld] if self.redaction else []

    def _withheld(self) -> Withheld | None:
        if self.redaction is None:
            return None
        listed = self.redaction.withheld
        return Withheld(
            public=tuple(item["field"] for item in listed if item["salt"] == "public"),
            secret=tuple(item["field"] for item in listed if item["salt"] == "secret"),
            values=self.redaction.statement["values"],
            reason=self.redaction.reason,
            left_out=self.left_out,
            notices=self.redaction.notices,
        )


def _keys(paths: Sequence[str]) -> Mapping[int, list[str]]:
    """Return the file names of the keys that signed each checkpoint, by its size."""
    found: dict[int, list[str]] = {}
    for path in paths:
        folder, _, name = path.rpartition("/")
        place = parse_place(name) if folder == f"{LEDGER}/signatures" else None
        if place is not None:
            found.setdefault(place.size, []).append(f"{place.key}.{SUFFIXES[place.kind]}")
    return found
