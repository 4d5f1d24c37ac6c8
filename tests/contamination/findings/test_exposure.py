"""What was sent, and what time allows to conclude: facts, one for the data set, one an item."""

from __future__ import annotations

from typing import Any

from reprollm.contamination.findings.exposure import findings
from reprollm.contamination.material import Material
from reprollm.exposure.declared import Declared, declaration_records
from reprollm.records.kinds import check, new

SNAPSHOT, PLAN, DIGEST = "5" * 64, "1" * 64, "d" * 64
NOW = "2026-11-21T12:00:00.000Z"
LOCAL: dict[str, Any] = {"family": "transformers"}
HOSTED: dict[str, Any] = {"family": "server", "server": {"url": "https://x", "trust": "claimed"}}


def sent(item: str, field: str, role: str = "prompt") -> dict[str, Any]:
    record = new(
        "exposed", attempt="a" * 32, run="2" * 64, plan=PLAN, item=item, field=field, role=role,
        requests=1, address="https://x:443", server="openai", policy=None, created=NOW,
    )  # fmt: skip
    check(record)
    return record


def material(
    *exposed: dict[str, Any],
    declared: tuple[Declared, ...] = (),
    engine: dict[str, Any] = LOCAL,
    declares: bool = True,
) -> Material:
    checks: dict[str, Any] = {"exposure": {} if declares else None}
    core = {"snapshot": SNAPSHOT, "engine": engine, "checks": checks}
    records = declaration_records(declared, PLAN, NOW)
    return Material(
        "e" * 64,
        PLAN,
        core,
        items=("i1", "i2", "i3"),
        gold=True,
        exposed=exposed,
        declarations=tuple(records),
    )


def test_nothing_is_found_where_nothing_was_declared_or_sent() -> None:
    assert findings(material(declares=False)) == []


def test_a_data_set_that_was_not_sent_is_said_to_cover_recorded_runs_only() -> None:
    [whole] = findings(material())
    assert (whole.subject, whole.evidence["claim"]) == ("*", "fact")
    assert (whole.evidence["verdict"], whole.evidence["n"]) == ("not_sent", 3)
    assert whole.evidence["detail"]["covers"] == "recorded runs only"
    assert whole.evidence["detail"]["temporal"]["gold"]["unknown"] == 3
    assert whole.evidence["p"] is None


def test_each_item_that_was_sent_is_a_finding_with_fields_and_roles() -> None:
    exposed = (sent("i1", "source_text"), sent("i1", "gold", "few_shot"), sent("i2", "source_text"))
    whole, first, second = findings(material(*exposed, engine=HOSTED))
    assert whole.evidence["verdict"] == "sent_with_gold"
    detail = whole.evidence["detail"]
    assert (detail["with_gold"], detail["without_gold"], detail["beside"]) == (1, 1, 0)
    assert (first.subject, first.evidence["verdict"]) == ("i1", "sent_with_gold")
    assert first.evidence["detail"]["fields"] == {"gold": ["few_shot"], "source_text": ["prompt"]}
    assert second.evidence["verdict"] == "sent_without_gold"
    assert second.evidence["detail"]["temporal"] == {"source_text": "possible", "gold": "unknown"}


def test_examples_from_another_file_are_beside_the_data_set() -> None:
    whole, example = findings(material(sent("e1", "gold", "few_shot"), engine=HOSTED))
    assert (whole.evidence["verdict"], whole.evidence["detail"]["beside"]) == ("not_sent", 1)
    assert example.subject == "e1"


def test_proved_creation_after_a_shown_release_counts_for_pinned_weights_alone() -> None:
    declared = (
        Declared("use", "*", None, {"outside": False}),
        Declared("release", SNAPSHOT, None, {"released": "2024-06-15", "sha256": DIGEST}),
        Declared(
            "creation", "*", "gold",
            {"created": "2025-01-01", "type": "time_stamp", "sha256": DIGEST, "proved": True},
        ),
        Declared("publication", "*", "source_text", {"expected": True, "because": "1775"}),
    )  # fmt: skip
    [pinned] = findings(material(declared=declared))
    assert pinned.evidence["detail"]["temporal"]["gold"]["impossible_by_time"] == 3
    assert pinned.evidence["detail"]["temporal"]["source_text"]["expected"] == 3
    assert pinned.evidence["detail"]["covers"] == "recorded runs and declared use"
    assert pinned.evidence["parameters"]["released"] == "2024-06-15"
    [hosted] = findings(material(declared=declared, engine=HOSTED))
    assert hosted.evidence["detail"]["temporal"]["gold"]["impossible_by_time"] == 0
