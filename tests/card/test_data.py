"""The data files: well-formed, and no fact without its source."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from importlib import resources
from pathlib import Path

import pytest
from pydantic import TypeAdapter, ValidationError

from reprollm.card import load_catalogue
from reprollm.card.entries import DIMENSIONS, LEFT_OUT_IN_2026, Family, Source
from reprollm.card.page import page

CATALOGUE = load_catalogue()
DATE = re.compile(r"20\d\d(-(0[1-9]|1[0-2])(-\d\d)?)?\Z")
MONTH = re.compile(r"20\d\d-(0[1-9]|1[0-2])\Z")
VERSIONS = [(family, version) for family in CATALOGUE.families for version in family.versions]
FAMILIES = {
    "Apertus", "BLOOMZ", "DeepSeek", "EuroLLM", "Falcon", "Gemma", "Kimi", "Llama",
    "Mistral and Mixtral", "OLMo", "Phi", "Pythia", "Qwen", "SmolLM",
}  # fmt: skip


def sources() -> Iterator[Source]:
    for entry in CATALOGUE.licences:
        yield entry.source
    for _, version in VERSIONS:
        for fact in (version.licence, version.cutoff, version.osaid):
            if fact is not None:
                yield fact.source


def test_every_fact_names_a_document_and_its_date() -> None:
    found = list(sources())
    assert len(found) > 80
    for source in found:
        assert len(source.document) > 10
        assert DATE.match(source.date), source


def test_all_families_are_there() -> None:
    assert {family.family for family in CATALOGUE.families} == FAMILIES


def test_every_rating_names_the_commit_that_holds_it() -> None:
    assert re.fullmatch("[0-9a-f]{40}", CATALOGUE.index.commit)
    for system in CATALOGUE.index.systems:
        assert system.forms
        for form in system.forms:
            assert re.fullmatch("[0-9a-f]{40}", form.commit)
            assert DATE.match(form.date)
            assert form.ratings.keys() <= DIMENSIONS.keys()


def test_ratings_of_twelve_dimensions_are_those_since_march_2026() -> None:
    counts = set()
    for system in CATALOGUE.index.systems:
        for form in system.forms:
            twelve = not set(LEFT_OUT_IN_2026) & form.ratings.keys()
            assert twelve == (form.date >= "2026-03-13"), (system.model, form.date)
            counts.add(len(form.ratings))
    assert {12, 14} <= counts


def test_every_reference_between_the_files_leads_somewhere() -> None:
    rated = {system.model for system in CATALOGUE.index.systems}
    for _, version in VERSIONS:
        assert version.rated is None or version.rated in rated, version.name
        assert version.licence is None or CATALOGUE.licence(version.licence.id), version.name
    identities = [entry.id for entry in CATALOGUE.licences]
    assert len(identities) == len(set(identities))


def test_a_text_a_title_or_a_claim_means_one_licence_only() -> None:
    for name in ("words", "titles", "claims"):
        values = [value for entry in CATALOGUE.licences for value in getattr(entry, name)]
        assert len(values) == len(set(values)), name
    words = [value for entry in CATALOGUE.licences for value in entry.words]
    assert all(re.fullmatch("[0-9a-f]{64}", value) for value in words)


def test_cutoffs_are_months() -> None:
    cutoffs = [version.cutoff for _, version in VERSIONS if version.cutoff]
    assert len(cutoffs) > 15
    for cutoff in cutoffs:
        assert MONTH.match(cutoff.month)
        assert cutoff.later is None or MONTH.match(cutoff.later)


@pytest.mark.parametrize(
    ("licence", "about", "threshold"),
    [
        ("LicenseRef-llama-2", "users", 700_000_000),
        ("LicenseRef-llama-3", "users", 700_000_000),
        ("LicenseRef-llama-3.1", "users", 700_000_000),
        ("LicenseRef-llama-3.2", "users", 700_000_000),
        ("LicenseRef-llama-3.3", "users", 700_000_000),
        ("LicenseRef-llama-4", "users", 700_000_000),
        ("LicenseRef-qwen", "users", 100_000_000),
        ("LicenseRef-tongyi-qianwen", "users", 100_000_000),
        ("LicenseRef-kimi-k2-modified-mit", "users", 100_000_000),
        ("LicenseRef-kimi-k2-modified-mit", "revenue", 20_000_000),
    ],
)
def test_thresholds_stand_as_numbers(licence: str, about: str, threshold: int) -> None:
    entry = CATALOGUE.licence(licence)
    assert entry is not None
    found = {condition.about: condition.threshold for condition in entry.conditions}
    assert found[about] == threshold


def test_the_european_union_is_excluded_where_the_use_policies_say_so() -> None:
    excluding = {
        entry.id
        for entry in CATALOGUE.licences
        for condition in entry.conditions
        if condition.about == "region"
    }
    assert excluding == {f"LicenseRef-llama-{version}" for version in ("3.2", "3.3", "4")}


def test_a_rating_without_a_source_does_not_load() -> None:
    folder = resources.files("reprollm.card") / "data" / "families"
    family = json.loads((folder / "apertus.json").read_text(encoding="utf-8"))
    TypeAdapter(Family).validate_python(family, strict=False)
    del family["versions"][0]["cutoff"]["source"]
    with pytest.raises(ValidationError):
        TypeAdapter(Family).validate_json(json.dumps(family))


def test_the_page_of_models_is_made_from_the_data() -> None:
    written = (Path(__file__).parents[2] / "docs" / "models.md").read_text(encoding="utf-8")
    assert written == page(CATALOGUE), "run python -m reprollm.card.page > docs/models.md"
