"""The files about exposure beside an experiment: declarations and policies, strict YAML.

Every entry is checked here, once; what leaves this module are declarations as records hold them.
`docs/exposure.md` explains the files to who writes them.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal, TypeAlias, TypeVar

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationError,
    model_validator,
)

from reprollm.canon import Json
from reprollm.errors import DataInvalid, ExperimentInvalid, ReprollmError
from reprollm.experiment.document import Document, read_document
from reprollm.experiment.fields import FilePath, Line
from reprollm.experiment.refusal import refusal
from reprollm.exposure.declared import EVERY, Declared
from reprollm.exposure.proofs import commit_time
from reprollm.exposure.spans import span

DECLARATIONS = "reprollm/declarations/1"
POLICY = "reprollm/policy/1"
DEFAULT_NAME = "declarations.yaml"

Stamped: TypeAlias = Callable[[bytes, bytes, bytes], tuple[str, str]]
"""Returns the time of an RFC 3161 stamp and the SHA-256 of its root, on which its worth rests.

Given are the answer, the chain as PEM, and the text.
"""

_Section_ = TypeVar("_Section_", bound="_Section")


def _date(value: str) -> str:
    if span(value) is None:
        raise ValueError(
            f"expected a date such as 2024, 2024-06 or 2024-06-01, found {value!r:.40}"
        )
    return value


def _hex(value: str) -> str:
    if len(value) != 64 or not set(value) <= set("0123456789abcdef"):
        raise ValueError(f"expected a SHA-256 of 64 hex digits, found {value!r:.80}")
    return value


def _bare(value: str) -> str:
    if value != value.strip() or not value or "\0" in value:
        raise ValueError(f"expected an item's id, found {value!r:.80}")
    return value


def _text(value: Any) -> Any:
    """Return a whole number as it was written: a year, or an item's id."""
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else value


Date = Annotated[str, BeforeValidator(_text), AfterValidator(_date)]
Sha256 = Annotated[str, AfterValidator(_hex)]
Item = Annotated[str, BeforeValidator(_text), AfterValidator(_bare)]
ItemField: TypeAlias = Literal["source_text", "question", "gold", "rationale"]
Place: TypeAlias = Literal[
    "browser", "api", "co_authors", "annotation_tool", "translation", "search", "other"
]
EvidenceType: TypeAlias = Literal[
    "git_commit",
    "time_stamp",
    "hub",
    "doi",
    "web_archive",
    "crawl_index",
    "paper",
    "page",
    "statement",
]


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class EvidenceSection(_Section):
    """What shows a date: of which type, where it is, and the SHA-256 of a kept copy.

    `commit` is the id of a `git_commit`, whose `file` holds the commit object; a `time_stamp` has
    the authority's `chain` and the file that it is `over`.
    """

    type: EvidenceType
    url: Line | None = None
    file: FilePath | None = None
    sha256: Sha256 | None = None
    commit: Line | None = None
    chain: FilePath | None = None
    over: FilePath | None = None

    @model_validator(mode="after")
    def _files_have_digests(self) -> EvidenceSection:
        if self.file is not None and self.sha256 is None:
            raise ValueError(
                "expected the SHA-256 of the file of an evidence, found none; a copy without it "
                "could be exchanged later"
            )
        return self


class _About(_Section):
    """Of which items and fields something is declared: every one where none is named."""

    items: Annotated[tuple[Item, ...], Field(min_length=1)] | None = None
    fields: Annotated[tuple[ItemField, ...], Field(min_length=1)] | None = None

    def places(self) -> Iterator[tuple[str, str | None]]:
        """Yield each subject with each field."""
        for item in self.items or (EVERY,):
            for field in self.fields or (None,):
                yield item, field


class UseSection(_About):
    """A use of items that this tool did not see."""

    where: Place
    service: Line
    model: Line | None = None
    start: Date | None = Field(default=None, alias="from")
    until: Date | None = None
    policy: Sha256 | None = None
    note: Line | None = None


class PublicationSection(_About):
    """Where items are public, and when they were first seen there."""

    url: Line
    first_seen: Date | None = None
    evidence: EvidenceSection | None = None


class CreationSection(_About):
    """When items were made."""

    created: Date
    evidence: EvidenceSection | None = None


class ExpectedSection(_Section):
    """Source texts that stand in every training text anyway, and why."""

    items: Annotated[tuple[Item, ...], Field(min_length=1)] | None = None
    because: Line


class ReleaseSection(_Section):
    """When the weights with a snapshot's hash were released."""

    snapshot: Sha256
    released: Date | None = None
    cutoff: Date | None = None
    evidence: EvidenceSection | None = None


class PolicySection(_Section):
    """The policy file of an endpoint."""

    endpoint: Line
    file: FilePath


class PaperSection(_Section):
    """What the columns of the Leak, Cheat, Repeat table say of a paper and no ledger knows."""

    title: Line | None = None
    published: bool | None = None
    earliest_draft: Date | None = None
    prompts: bool | None = None
    repository: bool | None = None
    sampled: bool | None = None
    comparison: bool | None = None
    different_scale: bool | None = None
    custom_data: bool | None = None
    dataset: Line | None = None
    task: Line | None = None
    split: Line | None = None
    split_items: Annotated[int, Field(ge=1)] | None = None


class DeclarationsFile(_Section):
    """The whole file. `use: []` declares that there was none; without `use` nothing is declared."""

    schema_version: Literal["reprollm/declarations/1"] = Field(alias="schema")
    use: tuple[UseSection, ...] | None = None
    publications: tuple[PublicationSection, ...] = ()
    creations: tuple[CreationSection, ...] = ()
    expected: tuple[ExpectedSection, ...] = ()
    releases: tuple[ReleaseSection, ...] = ()
    policies: tuple[PolicySection, ...] = ()
    paper: PaperSection | None = None


class PolicyFile(_Section):
    """What the operator of a server says about training on inputs, and how long they are kept."""

    schema_version: Literal["reprollm/policy/1"] = Field(alias="schema")
    trains_on_inputs: Literal["no", "opt_out", "yes", "unknown"]
    retention_days: Annotated[int, Field(ge=0)] | None = None
    url: Line
    retrieved: Date
    evidence: EvidenceSection


@dataclass(frozen=True)
class Policy:
    """A policy file: its digest, and what it says as records hold it."""

    sha256: str
    facts: dict[str, Json]


@dataclass(frozen=True)
class Declarations:
    """What a file declares, and what it says of the paper (None where it says nothing)."""

    declared: tuple[Declared, ...]
    paper: PaperSection | None


def read_policy(path: Path) -> Policy:
    """Return the policy in a file.

    Raises:
        ExperimentInvalid: a key is unknown, missing or malformed.
        DataInvalid: the copy that it names is missing or another.
    """
    document, policy = _read(path, PolicyFile)
    _kept(document, policy.evidence)
    facts: dict[str, Json] = {
        "trains_on_inputs": policy.trains_on_inputs,
        "retention_days": policy.retention_days,
        "url": policy.url,
        "retrieved": policy.retrieved,
        **_shown(policy.evidence),
    }
    return Policy(hashlib.sha256(document.content).hexdigest(), facts)


def read_declarations(path: Path, stamped: Stamped | None = None) -> Declarations:
    """Return what a file declares; every file that it names is read and held to its digest.

    Args:
        path: the file.
        stamped: checks time stamps; without it none counts as proof.

    Raises:
        ExperimentInvalid: a key is unknown, missing or malformed.
        DataInvalid: evidence is missing, is another than declared, or shows another time.
    """
    document, file = _read(path, DeclarationsFile)
    declared: list[Declared] = []
    if file.use is not None and not file.use:
        declared.append(Declared("use", EVERY, None, {"outside": False}))
    for use in file.use or ():
        told = {**_plain(use, "where", "service", "model", "until", "policy", "note")}
        declared += _each("use", use, {"outside": True, "from": use.start, **told})
    for publication in file.publications:
        dated = {"url": publication.url, "first_seen": publication.first_seen}
        _kept(document, publication.evidence)
        declared += _each("publication", publication, {**dated, **_of(publication.evidence)})
    for creation in file.creations:
        proof = _proof(document, creation, stamped)
        told = {"created": creation.created, **_of(creation.evidence), **proof}
        declared += _each("creation", creation, told)
    for expected in file.expected:
        told = {"type": "public_domain", "expected": True, "because": expected.because}
        items = expected.items or (EVERY,)
        declared += [Declared("publication", item, "source_text", told) for item in items]
    for release in file.releases:
        _kept(document, release.evidence)
        told = {**_plain(release, "released", "cutoff"), **_of(release.evidence)}
        declared.append(Declared("release", release.snapshot, None, told))
    for named in file.policies:
        policy = read_policy(path.parent / named.file)
        told = {"policy": policy.sha256, **policy.facts}
        declared.append(Declared("policy", named.endpoint, None, told))
    return Declarations(tuple(declared), file.paper)


def _read(path: Path, model: type[_Section_]) -> tuple[Document, _Section_]:
    document = read_document(path)
    if not isinstance(document.value, dict):
        raise ExperimentInvalid(f"expected a mapping of keys to values in {path}, found another")
    try:
        return document, model.model_validate(document.value)
    except ValidationError as error:
        raise refusal(error, model, document) from None


def _plain(section: BaseModel, *names: str) -> dict[str, Any]:
    return {name: getattr(section, name) for name in names}


def _each(what: str, about: _About, evidence: dict[str, Any]) -> list[Declared]:
    return [Declared(what, item, field, evidence) for item, field in about.places()]


def _of(evidence: EvidenceSection | None) -> dict[str, Any]:
    return {} if evidence is None else _shown(evidence)


def _shown(evidence: EvidenceSection) -> dict[str, Any]:
    """Return an evidence as records hold it; a policy's own address stays the policy's."""
    told = {"type": evidence.type, "evidence_url": evidence.url, "sha256": evidence.sha256}
    return told | ({"commit": evidence.commit} if evidence.commit else {})


def _kept(document: Document, evidence: EvidenceSection | None) -> bytes:
    """Return the bytes of an evidence's file, held to its digest; nothing where it has none."""
    if evidence is None or evidence.file is None:
        return b""
    content = _bytes(document, evidence.file)
    found = hashlib.sha256(content).hexdigest()
    if found != evidence.sha256:
        raise DataInvalid(
            f"expected {document.path.parent / evidence.file}, named in {document.path}, to have "
            f"the SHA-256 {evidence.sha256}, found {found}; it was changed, restore it, or declare "
            "anew what it shows"
        )
    return content


def _bytes(document: Document, name: str) -> bytes:
    folder = document.path.parent
    path = folder / name
    try:
        if not path.resolve(strict=True).is_relative_to(folder.resolve()):
            raise DataInvalid(
                f"expected {path}, named in {document.path}, inside {folder}, found a link out of "
                "it; copy the file there"
            )
        return path.read_bytes()
    except OSError as error:
        raise DataInvalid(
            f"could not read {path}, named in {document.path}: {error.strerror}"
        ) from None


def _proof(
    document: Document, creation: CreationSection, stamped: Stamped | None
) -> dict[str, Json]:
    """Return whether an evidence of creation is a proof; refuse one that shows another time."""
    evidence = creation.evidence
    content = _kept(document, evidence)
    if evidence is None or not content:
        return {"proved": False}
    where, root = f"in {document.path}", None
    try:
        if evidence.type == "git_commit" and evidence.commit is not None:
            time = commit_time(content, evidence.commit)
        elif evidence.type == "time_stamp" and evidence.chain and evidence.over and stamped:
            chain = _bytes(document, evidence.chain)
            time, root = stamped(content, chain, _bytes(document, evidence.over))
        else:
            return {"proved": False}
    except ReprollmError as error:
        raise DataInvalid(f"{error} ({where})") from None
    shown, said = span(time), span(creation.created)
    if shown is None or said is None or not (said.first <= shown.first <= said.last):
        raise DataInvalid(
            f"expected the creation of {creation.created} {where} to be the time that its evidence "
            f"shows, found {time}; write the evidence's own date"
        )
    return {"proved": True} | ({} if root is None else {"root": root})
