"""What a bundle says of itself to machines: RO-Crate, PROV, CODECHECK, CFF, licences."""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from rocrate.rocrate import ROCrate
from ruamel.yaml import YAML

from publish.finished import CITATION, REQUESTS, TITLE, Finished, contents
from reprollm.bundles.statement import UNLISTED
from reprollm.canon import digest, dumps
from reprollm.errors import InvalidInput
from reprollm.publish.account import account_of
from reprollm.publish.bundle import publish
from reprollm.publish.citation import make_citation
from reprollm.publish.licences import model_licences, spdx_of
from reprollm.publish.readme import readme


@pytest.fixture
def cited(finished: Finished, tmp_path: Path) -> dict[str, bytes]:
    """The members of a bundle of an experiment that says whose it is."""
    (finished.experiment / "CITATION.cff").write_text(CITATION)
    (finished.experiment / "LICENSE").write_text("CC BY 4.0\n")
    return contents(publish(finished.order(tmp_path / "a.zip")).path)


def references(value: Any) -> set[str]:
    """Return all that `@id` objects in a value point to."""
    if isinstance(value, dict):
        found = {value["@id"]} if value.keys() == {"@id"} else set()
        return found.union(*map(references, value.values()))
    return set().union(*map(references, value)) if isinstance(value, list) else set()


def yaml_of(content: bytes) -> Any:
    return YAML(typ="safe", pure=True).load(content)


def test_rocrate_reads_the_crate_and_finds_its_workflow_and_run(unpacked_once: Path) -> None:
    crate = ROCrate(unpacked_once)
    assert crate.name == TITLE
    workflow = crate.mainEntity
    assert (workflow.id, workflow["programmingLanguage"].name) == (
        "workflow/Snakefile",
        "Snakemake",
    )
    assert set(workflow.type) == {"File", "SoftwareSourceCode", "ComputationalWorkflow"}
    action = crate.root_dataset["mentions"]
    assert action.type == "CreateAction"
    assert action["instrument"] == workflow
    assert action["actionStatus"] == "http://schema.org/CompletedActionStatus"
    assert action["startTime"] <= action["endTime"]
    assert {entity.id for entity in action["result"]} == {"ledger/", "tables/"}
    used = {entity.id for entity in action["object"]}
    assert {"experiment/experiment.yaml", "experiment/data/items.csv"} <= used
    profiles = {entity.id for entity in crate.root_dataset["conformsTo"]}
    assert "https://w3id.org/ro/wfrun/workflow/0.5" in profiles


def test_the_crate_names_every_file_with_its_size_and_digest(unpacked_once: Path) -> None:
    crate = ROCrate(unpacked_once)
    files = {e.id: e for e in crate.data_entities if "File" in e.type}
    listed = {str(p.relative_to(unpacked_once)) for p in unpacked_once.rglob("*") if p.is_file()}
    assert files.keys() == listed - {"ro-crate-metadata.json", *UNLISTED}
    for name, entity in files.items():
        content = (unpacked_once / name).read_bytes()
        assert entity["contentSize"] == str(len(content))
        assert entity["sha256"] == hashlib.sha256(content).hexdigest()
        assert entity["encodingFormat"]


def test_everything_that_the_crate_refers_to_is_in_it_or_on_the_web(unpacked_once: Path) -> None:
    graph = json.loads((unpacked_once / "ro-crate-metadata.json").read_bytes())["@graph"]
    known = {entity["@id"] for entity in graph}
    assert len(known) == len(graph)
    assert {r for r in references(graph) - known if not r.startswith("https://")} == set()


def test_rocrate_writes_what_it_has_read(unpacked_once: Path, tmp_path: Path) -> None:
    crate = ROCrate(unpacked_once)
    crate.metadata.write(tmp_path)
    before = json.loads((unpacked_once / "ro-crate-metadata.json").read_bytes())
    after = json.loads((tmp_path / "ro-crate-metadata.json").read_bytes())
    assert by_id(after) == by_id(before)


def by_id(document: dict[str, Any]) -> dict[str, Any]:
    entities: dict[str, Any] = {entity["@id"]: entity for entity in document["@graph"]}
    root = entities["./"]
    root["hasPart"] = sorted(part["@id"] for part in root["hasPart"])
    return entities


def test_authors_and_licence_go_into_the_crate(cited: dict[str, bytes]) -> None:
    crate = ROCrate(json.loads(cited["ro-crate-metadata.json"]))
    people = crate.root_dataset["author"]
    assert [(p.id, p.type, p["name"]) for p in people] == [
        ("https://orcid.org/0000-0002-1825-0097", "Person", "Anna Muster"),
        ("#author-2", "Organization", "A research group"),
    ]
    assert crate.root_dataset["mentions"]["agent"] == people
    assert crate.root_dataset["license"].id == "https://spdx.org/licenses/CC-BY-4.0"


def test_every_reference_of_the_provenance_is_described_in_it(unpacked_once: Path) -> None:
    document = json.loads((unpacked_once / "provenance" / "prov.jsonld").read_bytes())
    context, graph = document["@context"], document["@graph"]
    assert all(isinstance(term, str | dict) for term in context.values())
    known = {node["@id"]: node for node in graph}
    assert len(known) == len(graph)
    terms = {name for name, term in context.items() if isinstance(term, dict)}
    links = {name for name in terms if context[name]["@type"] == "@id"}
    for node in graph:
        assert node.keys() <= {"@id", "@type", *context}
        assert {kind.partition(":")[0] for kind in node["@type"]} == {"prov"}
        for name in links & node.keys():
            targets = node[name] if isinstance(node[name], list) else [node[name]]
            assert set(targets) <= known.keys(), (node["@id"], name)


def test_the_provenance_leads_from_the_bundle_to_the_plan(unpacked_once: Path) -> None:
    document = json.loads((unpacked_once / "provenance" / "prov.jsonld").read_bytes())
    known = {node["@id"]: node for node in document["@graph"]}
    log = known[known["#bundle"]["wasDerivedFrom"]]
    [answers] = [part for part in log["hadMember"] if part.startswith("#answers-of-")]
    [member] = known[answers]["hadMember"]
    attempt = known[known[member]["wasGeneratedBy"]]
    assert attempt["startedAtTime"] <= attempt["endedAtTime"]
    [requests] = [used for used in attempt["used"] if used.startswith("#requests-")]
    assert known[requests]["label"] == f"{REQUESTS} requests"
    plan = known[known[requests]["specializationOf"]]
    assert "prov:Plan" in plan["@type"]
    assert attempt["wasAssociatedWith"] == "#reprollm"


def test_codecheck_has_the_fields_of_its_specification_and_marks_the_blanks(
    unpacked_once: Path,
) -> None:
    content = (unpacked_once / "codecheck.yml").read_bytes()
    assert content.startswith(b"---\n")
    value = yaml_of(content)
    assert value["version"] == "https://codecheck.org.uk/spec/config/2.0/"
    assert value.keys() >= {"manifest", "paper", "codechecker", "summary", "certificate", "report"}
    assert value["paper"]["title"] == TITLE
    blanks = [
        value["paper"]["authors"][0]["name"], value["paper"]["authors"][0]["ORCID"],
        value["paper"]["reference"], value["codechecker"][0]["name"], value["summary"],
        value["certificate"], value["report"],
    ]  # fmt: skip
    assert all(blank.startswith("FIXME") for blank in blanks)
    for entry in value["manifest"]:
        assert (unpacked_once / entry["file"]).is_file()
        assert entry["comment"]


def test_codecheck_takes_authors_and_paper_from_the_citation(cited: dict[str, bytes]) -> None:
    paper = yaml_of(cited["codecheck.yml"])["paper"]
    assert paper["title"] == "Words and what became of them"
    assert paper["authors"][0] == {"name": "Anna Muster", "ORCID": "0000-0002-1825-0097"}
    assert paper["authors"][1]["ORCID"].startswith("FIXME")
    assert paper["reference"] == "https://doi.org/10.5281/zenodo.1"


def test_an_experiment_without_a_citation_gets_one(
    unpacked_once: Path, finished_once: Finished
) -> None:
    value = yaml_of((unpacked_once / "CITATION.cff").read_bytes())
    assert (value["cff-version"], value["title"], value["type"]) == ("1.2.0", TITLE, "dataset")
    assert value["message"]
    assert value["authors"][0]["name"].startswith("FIXME")
    assert (unpacked_once / "bundle.note").read_text().split("\n")[1] in value["identifiers"][0][
        "value"
    ]


def test_the_experiments_own_citation_is_taken_as_it_is(cited: dict[str, bytes]) -> None:
    assert cited["CITATION.cff"] == CITATION.encode() == cited["experiment/CITATION.cff"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a: [", "expected YAML"),
        ("- a", "expected keys and values"),
        ("cff-version: 1.2.0\nmessage: m\ntitle: t\n", "missing: authors"),
        ("cff-version: 1.2.0\nmessage: m\ntitle: t\nauthors: [{orcid: x}]\n", "authors with names"),
    ],
)
def test_a_citation_that_is_none_is_refused(
    finished: Finished, tmp_path: Path, text: str, message: str
) -> None:
    (finished.experiment / "CITATION.cff").write_text(text)
    with pytest.raises(InvalidInput, match=message):
        publish(finished.order(tmp_path / "a.zip"))


def test_licences_are_named_by_identifier_or_digest(cited: dict[str, bytes]) -> None:
    page = cited["LICENSES/README.md"].decode()
    own = hashlib.sha256(cited["experiment/LICENSE"]).hexdigest()
    data = hashlib.sha256(cited["experiment/data/LICENSE"]).hexdigest()
    assert f"| files in experiment/ | CC-BY-4.0 | experiment/LICENSE | {own} |" in page
    assert f"| files in experiment/data/ | not stated | experiment/data/LICENSE | {data} |" in page
    assert "| model tiny (snapshot " in page


@pytest.mark.parametrize(
    ("declared", "expected"),
    [
        ("apache-2.0", "Apache-2.0"),
        ("MIT", "MIT"),
        ("llama3.1", "LicenseRef-llama3.1"),
        ("my own licence!", "LicenseRef-my-own-licence"),
        (None, None),
    ],
)
def test_a_declared_licence_has_an_spdx_name(declared: str | None, expected: str | None) -> None:
    assert spdx_of(declared, declared or "") == expected


def test_a_model_that_declares_nothing_has_the_digest_of_its_licence_text() -> None:
    licence = {"file": "LICENSE", "sha256": "ab" * 32, "declared": None}
    snapshot = {"name": "m 1", "snapshot": "cd" * 32, "facts": {"licence": licence}}
    [found] = model_licences([snapshot])
    assert (found.spdx, found.sha256, found.text) == ("LicenseRef-m-1", "ab" * 32, "LICENSE")


def test_environment_records_give_the_id_they_are_named_by(unpacked_once: Path) -> None:
    [record] = (unpacked_once / "environment" / "records").glob("*.json")
    facts = json.loads(record.read_bytes())
    assert digest("reprollm/environment/v1", dumps(facts)) == record.stem


def test_the_page_answers_a_reviewers_questions(unpacked_once: Path) -> None:
    page = (unpacked_once / "README.md").read_text()
    note = (unpacked_once / "bundle.note").read_text().split("\n")
    assert page.startswith("# Words | and *marks*".replace("|", "\\|").replace("*", "\\*"))
    for needed in (
        "python3 -I -S verify.py", "sha256sum -c SHA256SUMS", "duckdb", "--checkpoint FILE",
        "proves nothing against the author", "    reprollm challenge", "    reprollm rerun ledger",
        "Nothing: every prompt, source, reference and answer is in this archive.",
        "--lock experiment/models/tiny.lock.json", "Nobody has signed it.", f"    {note[1]}\n",
    ):  # fmt: skip
        assert needed in page, needed


def test_changes_of_the_plan_stand_on_the_page(finished_once: Finished) -> None:
    changed = {"title": {"before": "a", "after": "b"}, "scores": {"before": [], "after": []}}
    deviation = {
        "plan": "a" * 64,
        "before": "b" * 64,
        "changed": changed,
        "kept": 5,
        "dropped": 1,
        "added": 0,
        "reason": "one item was *wrong*",
    }
    account = replace(account_of(finished_once.ledger), deviations=(deviation,))
    citation = make_citation(account, TITLE)
    page = readme(account, citation, [], lock=None, signers=[], withheld=None).decode()
    assert "was changed 1 time after it was first committed" in page
    assert "changed title, scores;\n  5 requests kept, 1 dropped, 0 added" in page
    assert "Reason: one item was \\*wrong\\*" in page
