"""Counting what was sent, and saying it: exact numbers, both languages, the table's columns."""

from __future__ import annotations

import csv
import io
from dataclasses import replace
from typing import Any

import pytest

from reprollm.errors import InvalidInput
from reprollm.exposure.account import Account, NamedModel, coverage, timing, verdicts
from reprollm.exposure.carried import Carried, Carrier, Exposed, exposures, read_carried
from reprollm.exposure.declared import Declared, declaration_records
from reprollm.exposure.spans import span
from reprollm.exposure.statement import sentences, to_latex, to_markdown
from reprollm.exposure.table import COLUMNS, rows
from reprollm.exposure.verdict import Model
from reprollm.exposure.wording import WORDS
from reprollm.records.kinds import check

POLICY = "a" * 64
DIGEST = "d" * 64
NOW = "2026-11-21T12:00:00.000Z"


def record(item: str, field: str = "source_text", **changes: Any) -> dict[str, Any]:
    return {
        "item": item,
        "field": field,
        "role": "prompt",
        "address": "https://api.example.org:443",
        "server": "openai",
        "policy": POLICY,
        "created": NOW,
        **changes,
    }


ACCOUNT = Account(
    name="letters_1%",
    items=("i1", "i2", "i3", "i4"),
    fields=("source_text", "gold"),
    exposed=(
        record("i1"),
        record("i1", "gold", role="few_shot", created="2026-12-02T00:00:00.000Z"),
        record("i2"),
        record("e1", "gold", role="few_shot"),
    ),
    models=(NamedModel("hosted", Model("5" * 64, False)),),
    policies={
        POLICY: {
            "trains_on_inputs": "no",
            "retention_days": 30,
            "url": "https://example.org/terms",
            "retrieved": "2026-10-01",
        }
    },
    asked={"https://api.example.org:443": ("hosted",)},
    prompts_open=True,
)


def with_declared(*declared: Declared) -> Account:
    return replace(ACCOUNT, declared=declared)


def test_gold_that_was_sent_in_any_role_is_a_state_of_its_own() -> None:
    found = coverage(ACCOUNT)
    assert (found.items, found.with_gold, found.without_gold, found.beside) == (4, 1, 1, 1)
    [endpoint] = found.endpoints
    assert (endpoint.with_gold, endpoint.without_gold) == (1, 1)
    assert (endpoint.first, endpoint.last) == ("2026-11-21", "2026-12-02")


def test_what_an_attempt_exposes_is_counted_in_distinct_requests_it_sends() -> None:
    carried = Carried({"a": ("source_text",), "b": ("gold",)}, {"e": ("gold",)})
    carriers = [Carrier("r1", "a", ("e",)), Carrier("r1", "b", ("e",)), Carrier("r2", "a", ("e",))]
    assert exposures(carried, carriers, {"r1", "r2"}) == [
        Exposed("a", "source_text", "prompt", 2),
        Exposed("b", "gold", "prompt", 1),
        Exposed("e", "gold", "few_shot", 2),
    ]
    assert exposures(carried, carriers, set()) == []


def test_the_list_of_what_is_carried_survives_its_file_and_nothing_else_does() -> None:
    carried = Carried({"ä": ("gold", "source_text"), "b": ()}, {"e": ("question",)})
    content = carried.to_bytes()
    assert read_carried(content).to_bytes() == content
    for broken in (b"{}", content.replace(b"gold", b"silver"), content + b" ", b"[]"):
        with pytest.raises(InvalidInput):
            read_carried(broken)


def test_the_statement_counts_and_does_not_hide_what_is_not_declared() -> None:
    [sent, beside, endpoint, model, temporal, outside, close] = sentences(ACCOUNT, "en")
    assert "Of the 4 items" in sent and "1 were sent with their gold" in sent
    assert "2 of 4" in sent
    assert "1 further items" in beside and "1 of them with their gold" in beside
    assert "30 days" in endpoint and POLICY in endpoint
    assert "no fixed weights" in model
    assert "2 possible, 2 unknown" in temporal
    assert outside.endswith("this covers recorded runs only.")
    assert "trained" in close


def test_use_outside_is_said_as_declared() -> None:
    denied = with_declared(Declared("use", "*", None, {"outside": False}))
    assert "declared: no." in " ".join(sentences(denied, "en"))
    assert denied.outside == "no"
    told = {"outside": True, "where": "browser", "service": "Chat", "from": "2023-02"}
    used = with_declared(Declared("use", "*", None, {**told, "until": "2023-03"}))
    said = " ".join(sentences(used, "de"))
    assert "ja (Browser, Chat, zwischen 2023-02 und 2023-03)" in said


def test_both_languages_say_the_same_things() -> None:
    assert WORDS["en"].keys() == WORDS["de"].keys()
    for account in (ACCOUNT, replace(ACCOUNT, exposed=()), with_declared()):
        assert len(sentences(account, "en")) == len(sentences(account, "de"))


def test_pinned_weights_have_a_release_by_which_items_were_public_or_not() -> None:
    told = {"sha256": DIGEST, "type": "hub"}
    model = NamedModel("tiny", Model("5" * 64, True, span("2024-06-15"), span("2023-12")))
    account = replace(
        with_declared(
            Declared("publication", "i1", None, {"first_seen": "2020", **told}),
            Declared("publication", "i2", None, {"first_seen": "2025", **told}),
            Declared(
                "creation", "i3", None,
                {"created": "2025-01-01", "sha256": DIGEST, "type": "git_commit", "proved": True},
            ),
            Declared("publication", "i3", "source_text", {"expected": True}),
        ),
        exposed=(),
        models=(model,),
    )  # fmt: skip
    found = timing(account, model.model)
    assert (found.public, found.later) == (1, 1)
    counted = verdicts(account, model.model)
    assert counted["source_text"]["expected"] == 1
    assert counted["gold"] == {
        "expected": 0, "possible": 1, "unlikely": 0, "impossible_by_time": 1, "unknown": 2,
    }  # fmt: skip
    said = " ".join(sentences(account, "en"))
    assert "none was sent" in said
    assert "1 items were shown to be public by the release, 1 were proved" in said


def test_texts_from_outside_cannot_act_in_latex_or_markdown() -> None:
    assert r"letters\_1\%" in to_latex([sentences(ACCOUNT, "en")])
    hostile = replace(ACCOUNT, name="<b>[x](y) \\input{z}")
    assert "<b>" not in to_markdown([sentences(hostile, "en")]).replace("\\<", "")
    assert "\\input{" not in to_latex([sentences(hostile, "en")])


def test_a_row_has_the_table_s_own_columns_and_words() -> None:
    paper = {
        "title": "Briefe", "published": True, "earliest_draft": "2026-08-16", "comparison": False,
        "dataset": "Letters", "task": "normalisation", "split": "test", "split_items": 16,
    }  # fmt: skip
    [row] = rows(ACCOUNT, paper)
    assert tuple(row) == COLUMNS
    assert row == {
        "Title": "Briefe",
        "Applicable": "Y",
        "Published": "Y",
        "Date (earliest draft)": "16/08/2026",
        "Running period": "November 2026 - December 2026",
        "Prompts available": "Y",
        "Repository available": "-",
        "Model": "hosted",
        "Model access": "API - POST MARCH 2023 OR OPT-OUT",
        "Sampling etc.": "N",
        "Comparison": "N",
        "Different evaluation scale": "-",
        "Custom datasets": "-",
        "Datasets leaked": "Letters; normalisation; test; 2; 12.5%",
    }
    text = io.StringIO()
    csv.DictWriter(text, COLUMNS).writerow(row)
    assert text.getvalue().count(",") >= len(COLUMNS) - 1


def test_a_browser_s_use_is_a_row_of_its_own_and_no_leak_is_said() -> None:
    told = {"outside": True, "where": "browser", "service": "Chat", "model": "m", "from": "2023-02"}
    used = with_declared(Declared("use", "i1", "gold", told), Declared("use", "i2", "gold", told))
    [sent, browser] = rows(used, {})
    assert sent["Model access"].startswith("API")
    assert browser["Model access"] == "BROWSER"
    assert browser["Running period"] == "February 2023"
    assert browser["Datasets leaked"].endswith("entire set; 2; 50.0%")
    [local] = rows(replace(ACCOUNT, exposed=()), {})
    assert (local["Model access"], local["Datasets leaked"]) == ("LOCAL", "")


def test_an_api_whose_terms_allow_training_is_not_called_the_other() -> None:
    for word in ("opt_out", "yes", "unknown"):
        policies = {POLICY: {**ACCOUNT.policies[POLICY], "trains_on_inputs": word}}
        [row] = rows(replace(ACCOUNT, policies=policies), {})
        assert row["Model access"] == "API"


def test_declarations_become_records_once() -> None:
    declared = [
        Declared("use", "*", None, {"outside": False}),
        Declared("use", "*", None, {"outside": False}),
        Declared("creation", "i1", "gold", {"created": "2025"}),
    ]
    records = declaration_records(declared, "1" * 64, NOW)
    assert len(records) == 2
    for each in records:
        check(each)
    assert declaration_records(declared, "1" * 64, NOW, records) == []
    assert len(declaration_records(declared, None, NOW, records)) == 2
