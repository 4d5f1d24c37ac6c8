"""`ro-crate-metadata.json`: the bundle described for repositories and search engines.

RO-Crate 1.1 under the profiles Process Run Crate 0.5, Workflow Run Crate 0.5 (Leo et al. 2024,
doi:10.1371/journal.pone.0309210) and Workflow RO-Crate 1.0: the Snakefile is the main workflow,
each run of a plan an action that used the experiment's files and made the ledger. That Snakemake
ran a given attempt is not on record, so no engine's action is claimed, as Provenance Run Crate
would want; attempts are told in `provenance/prov.jsonld`. The same bundle gives the same bytes.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from rocrate.model import ContextEntity, Dataset, File
from rocrate.model.entity import Entity
from rocrate.rocrate import ROCrate

from reprollm import __version__
from reprollm.bundles.members import Measured
from reprollm.ledger.read import Run
from reprollm.publish.account import Account
from reprollm.publish.citation import Citation
from reprollm.publish.licences import PATH as LICENCES
from reprollm.publish.licences import spdx_of
from reprollm.publish.shipped import SNAKEFILE

PATH = "ro-crate-metadata.json"
_VERSION = "1.1"
_PROFILES = (
    ("https://w3id.org/ro/wfrun/process/0.5", "Process Run Crate", "0.5"),
    ("https://w3id.org/ro/wfrun/workflow/0.5", "Workflow Run Crate", "0.5"),
    ("https://w3id.org/workflowhub/workflow-ro-crate/1.0", "Workflow RO-Crate", "1.0"),
)
_FOLDERS = {
    "ledger/": "The ledger: every request, answer and attempt, in an append-only log",
    "experiment/": "The experiment as its author wrote it",
    "workflow/": "The Snakemake workflow",
    "environment/": "Where attempts ran, and the pinned environments",
    "tables/": "The log's tables as Parquet",
    "provenance/": "The provenance of the results (W3C PROV)",
    "LICENSES/": "Licences",
}
_FORMATS = {
    "json": "application/json",
    "jsonl": "application/jsonl",
    "jsonld": "application/ld+json",
    "md": "text/markdown",
    "py": "text/x-python",
    "sql": "application/sql",
    "csv": "text/csv",
    "tsv": "text/tab-separated-values",
    "yaml": "application/yaml",
    "yml": "application/yaml",
    "cff": "application/yaml",
    "html": "text/html",
    "parquet": "application/vnd.apache.parquet",
    "duckdb": "application/vnd.duckdb",
}
_SOFTWARE = ("reprollm", "snakemake", "torch", "transformers", "tokenizers", "vllm", "duckdb")
_TEXTS = frozenset("checkpoint def jinja note pem pub sh sshsig sql smk txt vkey".split())
_STATUS = "http://schema.org/{}ActionStatus"
_BIOSCHEMAS = "https://bioschemas.org/profiles/"


def crate(
    account: Account,
    citation: Citation,
    measured: Sequence[Measured],
    names: Mapping[str, str],
) -> bytes:
    """Return the metadata of a bundle.

    Args:
        account: what the ledger says.
        citation: title, authors and licence.
        measured: the bundle's files, apart from this one and what signs it.
        names: what single files are, in words, by path.
    """
    made = _Crate(account, citation)
    made.files(measured, names)
    made.describe()
    made.actions()
    return made.content()


class _Crate:
    """A crate on its way; entities are added in an order that depends on the bundle alone."""

    def __init__(self, account: Account, citation: Citation) -> None:
        self.account, self.citation = account, citation
        self.crate = ROCrate(version=_VERSION)
        # A term of schema.org that the context of RO-Crate 1.1 lacks.
        self.crate.metadata.extra_terms["sha256"] = "http://schema.org/sha256"
        self.at: dict[str, Entity] = {}

    def files(self, measured: Sequence[Measured], names: Mapping[str, str]) -> None:
        listed = sorted(measured, key=lambda item: item.path.encode())
        paths = {item.path for item in listed}
        for folder, name in _FOLDERS.items():
            if any(path.startswith(folder) for path in paths):
                self.at[folder] = self.crate.add(
                    Dataset(self.crate, dest_path=folder, properties={"name": name})
                )
        for item in listed:
            facts = {"contentSize": str(item.size), "sha256": item.sha256}
            facts["encodingFormat"] = _format(item.path)
            facts["name"] = names.get(item.path, item.path)
            if item.path == SNAKEFILE:
                self._workflow(facts)
            else:
                entity = File(self.crate, dest_path=item.path, properties=facts)
                self.at[item.path] = self.crate.add(entity)

    def _workflow(self, facts: dict[str, str]) -> None:
        facts |= {"name": "From an experiment to a verified ledger", "version": __version__}
        self.at[SNAKEFILE] = self.crate.add_workflow(
            dest_path=SNAKEFILE,
            main=True,
            lang="snakemake",
            lang_version=self._packages().get("snakemake"),
            properties={
                **facts,
                "conformsTo": {"@id": f"{_BIOSCHEMAS}ComputationalWorkflow/1.0-RELEASE"},
            },
        )
        parameters = (
            ("experiment", "File", "input", "The experiment: experiment.yaml and what it names"),
            ("ledger", "Dataset", "output", "The log of all requests, answers and attempts"),
        )
        for name, kind, end, what in parameters:
            formal = {
                "@type": "FormalParameter",
                "name": name,
                "description": what,
                "additionalType": kind,
                "conformsTo": {"@id": f"{_BIOSCHEMAS}FormalParameter/1.0-RELEASE"},
            }
            parameter = self._context(f"#parameter-{name}", formal)
            self.at[SNAKEFILE].append_to(end, parameter, compact=True)
            self.at[parameter.id] = parameter

    def describe(self) -> None:
        """Say what the whole is, by whom, and under which licence."""
        root, account = self.crate.root_dataset, self.account
        point = account.checkpoint
        root["name"] = self.citation.title
        root["description"] = (
            f"All records of this experiment: {point.size} in the log {point.origin}, whose root "
            f"is {account.root}. README.md says how to check them."
        )
        root["datePublished"] = _time(account.ended)
        root["identifier"] = f"{point.origin} {point.size} {account.root}"
        root["license"] = self._licence()
        for identity, name, version in _PROFILES:
            facts = {"@type": ["CreativeWork", "Profile"], "name": name, "version": version}
            root.append_to("conformsTo", self._context(identity, facts))
        people = [self._author(number, author) for number, author in self._authors()]
        if people:
            root["author"] = _compact(people)
        for parameter, path in (
            ("#parameter-experiment", "experiment/experiment.yaml"),
            ("#parameter-ledger", "ledger/"),
        ):
            if path in self.at:
                self.at[path]["exampleOfWork"] = self.at[parameter]
        self.at["README.md"]["about"] = root

    def _authors(self) -> list[tuple[int, Any]]:
        return list(enumerate(self.citation.authors, start=1))

    def _author(self, number: int, author: Any) -> Entity:
        identity = f"https://orcid.org/{author.orcid}" if author.orcid else f"#author-{number}"
        kind = "Person" if author.person else "Organization"
        found = self._context(identity, {"@type": kind, "name": author.name})
        self.at[f"author {number}"] = found
        return found

    def _licence(self) -> Entity:
        spdx = spdx_of(self.citation.licence, "")
        if spdx is None or spdx.startswith("LicenseRef-"):
            return self.at[LICENCES]
        facts = {"@type": "CreativeWork", "name": spdx, "identifier": spdx}
        return self._context(f"https://spdx.org/licenses/{spdx}", facts)

    def actions(self) -> None:
        """Add what was run and what was imported, and the software that did it."""
        software = self._software()
        for run in self.account.runs:
            self._mention(self._run(run))
        for record in self.account.imports:
            facts = {
                "@type": "CreateAction",
                "name": f"Import of {record['samples']} samples from a log of {record['tool']}",
                "description": f"Unattested: {record['file']['name']} is all that says so",
                "instrument": software,
                "endTime": _time(record["created"]),
                "result": self.at["ledger/"],
            }
            self._mention(self._action(f"#import-{record['import'][:16]}", facts))

    def _run(self, run: Run) -> Entity:
        complete = run.answered == run.planned
        used = [path for path in self.at if path.startswith("experiment/") and path[-1] != "/"]
        current = self.account.current is not None and run.run == self.account.current.run
        facts: dict[str, Any] = {
            "@type": "CreateAction",
            "name": f"Run {run.run[:16]} of plan {run.plan[:16]}",
            "description": (
                f"{run.answered} of {run.planned} requests answered in {run.attempts} attempts"
                + ("; the run that the scores are about" if current else "")
            ),
            "instrument": self.at[SNAKEFILE],
            "startTime": _time(run.started),
            "actionStatus": _STATUS.format("Completed" if complete else "Failed"),
            "result": [self.at[path] for path in ("ledger/", "tables/") if path in self.at],
        }
        if run.ended:
            facts["endTime"] = _time(run.ended)
        # Files of an earlier plan are not in the bundle.
        if self.account.plan is not None and run.plan == self.account.plan.plan and used:
            facts["object"] = [self.at[path] for path in used]
        return self._action(f"#run-{run.run[:16]}", facts)

    def _action(self, identity: str, facts: dict[str, Any]) -> Entity:
        people = [entity for key, entity in self.at.items() if key.startswith("author ")]
        return self._context(identity, facts | ({"agent": _compact(people)} if people else {}))

    def _software(self) -> Entity:
        found = self._packages()
        parts = [
            self._context(
                f"https://pypi.org/project/{name}/{found[name]}/",
                {
                    "@type": "SoftwareApplication",
                    "name": name,
                    "softwareVersion": found[name],
                    "url": f"https://pypi.org/project/{name}/",
                },
            )
            for name in _SOFTWARE[1:]
            if name in found
        ]
        facts = {
            "@type": "SoftwareApplication",
            "name": "reprollm",
            "softwareVersion": found.get("reprollm", __version__),
            "description": "Experiments with local language models that others can check",
        }
        if parts:
            facts["softwareRequirements"] = _compact(parts)
        made = self._context("#reprollm", facts)
        self.at[SNAKEFILE]["softwareRequirements"] = made
        return made

    def _packages(self) -> dict[str, str]:
        """Return versions of packages in the environment of the current run's last attempt."""
        run = self.account.current
        ids = [item.environment for item in self.account.attempts if run and item.run == run.run]
        for environment in self.account.environments:
            if ids and environment.environment == ids[-1]:
                listed = environment.facts.get("packages", [])
                return {item["name"]: item["version"] for item in listed}
        return {}

    def _mention(self, action: Entity) -> None:
        self.crate.root_dataset.append_to("mentions", action, compact=True)

    def _context(self, identity: str, facts: dict[str, Any]) -> Entity:
        entity: Entity = self.crate.add(ContextEntity(self.crate, identity, properties=facts))
        return entity

    def content(self) -> bytes:
        """Return the JSON-LD, one spelling for one graph."""
        graph = self.crate.metadata.generate()
        text = json.dumps(graph, indent=1, sort_keys=True, ensure_ascii=False)
        return text.encode() + b"\n"


def _format(path: str) -> str:
    """Return the media type of a file by its suffix."""
    suffix = path.rpartition("/")[2].rpartition(".")[2]
    text = suffix in _TEXTS or "." not in path.rpartition("/")[2]
    return _FORMATS.get(suffix) or ("text/plain" if text else "application/octet-stream")


def _time(moment: str) -> str:
    """Return an RFC 3339 time with its offset written out, as the profiles' validator wants it."""
    return moment.removesuffix("Z") + "+00:00" if moment.endswith("Z") else moment


def _compact(entities: list[Any]) -> Any:
    """Return a single entity alone, as RO-Crate 1.1 writes single values."""
    return entities[0] if len(entities) == 1 else entities
