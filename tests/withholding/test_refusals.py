"""What would show a withheld text although its opening is gone, and what is said of it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ledger.building import FACTS
from reprollm.bundles.members import Member
from reprollm.canon import digest, dumps
from reprollm.errors import InvalidInput
from reprollm.records.shard import publish
from reprollm.withholding.leaks import leaks
from reprollm.withholding.redaction import Redaction
from reprollm.withholding.withhold import parse_withholding, withheld_ledger
from withholding.overlapping import LONG, TIME, answered, generation, imported, say


@pytest.fixture
def ledger(tmp_path: Path) -> Path:
    return tmp_path / "ledger"


def withhold(ledger: Path, *demands: str, **options: Any) -> Redaction:
    allow = options.pop("allow_overlap", False)
    reason = options.pop("reason", "copyright")
    into = ledger.with_name(f"into-{len(list(ledger.parent.iterdir()))}")
    wanted = parse_withholding(demands, reason, allow_overlap=allow)
    return withheld_ledger(ledger, wanted, into, **options)


def test_an_output_that_quotes_a_withheld_reference_is_refused_with_its_count(ledger: Path) -> None:
    answered(ledger, "und er sprach")
    with pytest.raises(InvalidInput) as refused:
        withhold(ledger, "reference:salt-public")
    sentence = str(refused.value)
    assert "openings of output show reference (6 times, first in record 10)" in sentence
    assert "withhold output too, or accept it with --allow-overlap" in sentence
    assert "und er sprach" not in sentence
    withhold(ledger, "reference,output:salt-public")


def test_an_accepted_overlap_stands_in_the_statement_and_is_no_leak_afterwards(
    ledger: Path,
) -> None:
    answered(ledger, "und er sprach")
    redaction = withhold(ledger, "reference:salt-public", allow_overlap=True)
    assert redaction.statement["overlaps"] == [
        {"count": 6, "field": "reference", "shown_by": "openings of output"}
    ]
    member = Member("tables/x.csv", b"und er sprach 1")
    assert leaks([member], redaction.texts) == []


def test_a_published_prompt_that_holds_the_output_s_token_ids_is_refused(ledger: Path) -> None:
    made = answered(ledger)
    ids = list(range(500, 520))
    publish(ledger, "note-test", [generation(made, 0, LONG, ids)])
    say(ledger, "note", text="see tokens " + ", ".join(map(str, ids[3:14])), created=TIME)
    with pytest.raises(InvalidInput, match=r"note records, field text show output_ids"):
        withhold(ledger, "output:salt-secret")


SAYINGS: dict[str, tuple[str, dict[str, Any]]] = {
    "a note": ("note", {"text": f"it said: {LONG}!", "created": TIME}),
    "a note in hex": ("note", {"text": LONG.encode().hex(), "created": TIME}),
    "a finding": (
        "finding",
        {
            "run": "ab" * 32,
            "plan": "ab" * 32,
            "finding": "memorised",
            "subject": "i0",
            "evidence": {"spans": [{"text": LONG}]},
            "created": TIME,
        },
    ),
    "a failure's message": (
        "failure",
        {
            "attempt": "0" * 32,
            "run": "ab" * 32,
            "plan": "ab" * 32,
            "request": "ab" * 32,
            "reason": "ValueError",
            "message": f"cannot encode '{LONG}'",
            "failed": TIME,
        },
    ),
    "an environment": (
        "environment",
        {
            "environment": digest("reprollm/environment/v1", dumps({**FACTS, "note": LONG})),
            "facts": {**FACTS, "note": LONG},
        },
    ),
}
PLACES = {
    "a note": "note records, field text",
    "a note in hex": "note records, field text",
    "a finding": "finding records, field evidence.spans.text",
    "a failure's message": "failure records, field message",
    "an environment": "environment records, field facts.note",
}


@pytest.mark.parametrize("what", SAYINGS)
def test_a_record_that_quotes_a_withheld_text_is_refused_by_its_field(
    what: str, ledger: Path
) -> None:
    made = answered(ledger)
    publish(ledger, "note-answer", [generation(made, 0, LONG, [1, 2, 3])])
    kind, fields = SAYINGS[what]
    say(ledger, kind, **fields)
    with pytest.raises(InvalidInput) as refused:
        withhold(ledger, "output:salt-secret")
    sentence = str(refused.value)
    assert f"{PLACES[what]} show output (1 times" in sentence
    assert "plan and run again" in sentence
    assert "Niderlanden" not in sentence
    accepted = withhold(ledger, "output:salt-secret", allow_overlap=True)
    assert [overlap["shown_by"] for overlap in accepted.statement["overlaps"]] == [PLACES[what]]


Claims = Callable[[int, bytes], dict[str, Any]]
CLAIMS: dict[str, tuple[Claims, str]] = {
    "the id of each item is its answer": (
        lambda n, text: {"item": text.decode().lower()},
        "imported records, field item show output",
    ),
    "the stratum is the answer": (
        lambda n, text: {"stratum": f"{text.decode()}."},
        "imported records, field stratum show output",
    ),
    "the other tool repeats each answer": (
        lambda n, text: {"claimed": {"scores": {"match": {"answer": text.decode()}}}},
        "imported records, field claimed.scores.match.answer show output",
    ),
    "the other tool counts tokens": (
        lambda n, text: {"claimed": {"usage": {"output_tokens": 3 * n + 7}}},
        "imported records, field claimed.usage.output_tokens (its length) show",
    ),
    "a number is the length": (
        lambda n, text: {"claimed": {"x": len(text) + 2}},
        "imported records, field claimed.x (its length) show output",
    ),
    "a number in a text is the length": (
        lambda n, text: {"claimed": {"x": str(len(text))}},
        "imported records, field claimed.x (its length) show output",
    ),
}


@pytest.mark.parametrize("what", CLAIMS)
def test_short_answers_and_lengths_are_found_in_the_records_beside_them(
    what: str, ledger: Path
) -> None:
    claims, sentence = CLAIMS[what]
    outputs = [b"Bern", b"Rome!", b"no", b"17 or 18"]
    samples = [
        ({"output": text, "prompt": b"?"}, claims(n, text)) for n, text in enumerate(outputs)
    ]
    imported(ledger, samples)
    with pytest.raises(InvalidInput) as refused:
        withhold(ledger, "output,prompt:salt-secret")
    assert sentence in str(refused.value)


def test_claims_that_tell_nothing_of_the_texts_are_published(ledger: Path) -> None:
    samples = [
        (
            {"output": text, "prompt": b"?", "reference": b"x"},
            {"claimed": {"score": {"c": 1}, "epoch": n, "limit": 100}, "stratum": "all"},
        )
        for n, text in enumerate([b"Bern", b"Rome!", b"no", b"17 or 18"])
    ]
    imported(ledger, samples)
    redaction = withhold(ledger, "output,prompt,reference:salt-secret")
    assert redaction.statement["overlaps"] == []
    assert redaction.statement["values"] == 12


def test_a_padded_length_of_an_older_release_is_found(ledger: Path) -> None:
    made = answered(ledger)
    first, second = (generation(made, n, LONG, [n]) for n in (0, 1))
    first.record["batch"]["padded"] = 32
    second.record["batch"]["padded"] = 64
    publish(ledger, "note-answer", [first, second])
    say(ledger, "note", text="x", created=TIME)
    with pytest.raises(InvalidInput, match=r"generation records, field batch.padded \(its length"):
        withhold(ledger, "prompt:salt-secret")


def test_a_reason_that_quotes_a_withheld_text_is_refused(ledger: Path) -> None:
    answered(ledger)
    with pytest.raises(InvalidInput, match="a reason that quotes nothing withheld"):
        withhold(ledger, "reference:salt-public", reason="because 'und er sprach' is mine")


def test_a_file_whose_name_shows_a_withheld_text_is_refused(ledger: Path) -> None:
    answered(ledger)
    member = Member("experiment/und_er_sprach.csv", b"x")
    with pytest.raises(InvalidInput, match="rename it"):
        withhold(ledger, "reference:salt-public", candidates=[member])


def test_files_are_left_out_by_what_they_show_and_others_stay(ledger: Path) -> None:
    answered(ledger)
    candidates = [
        Member("experiment/README.md", b"An experiment about spelling.\n"),
        Member("experiment/answers.csv", "id,text\n1,Und er sprach\n".encode("utf-16")),
        Member("experiment/latin.csv", "größe,und er sprach".encode("cp1252")),
        Member("experiment/packed.gz", b"\x1f\x8b\x08"),
    ]
    redaction = withhold(
        ledger, "reference:salt-public", candidates=candidates, encodings=["cp1252"]
    )
    assert [file.path for file in redaction.left_out] == [
        "experiment/answers.csv",
        "experiment/latin.csv",
        "experiment/packed.gz",
    ]


def test_withholding_what_the_ledger_does_not_hold_is_refused(ledger: Path) -> None:
    imported(ledger, [({"output": b"Bern"}, {})])
    with pytest.raises(InvalidInput, match="there is nothing to withhold"):
        withhold(ledger, "reference:salt-public")


def test_a_folder_without_a_log_is_refused(ledger: Path) -> None:
    ledger.mkdir()
    with pytest.raises(InvalidInput, match="expected a log"):
        withhold(ledger, "reference:salt-public")


def test_what_scores_and_endings_tell_is_counted(ledger: Path) -> None:
    made = answered(ledger)
    publish(ledger, "note-answer", [generation(made, 0, LONG, [1, 2, 3])])
    score = {
        "run": made.run,
        "plan": made.plan,
        "score": "exact_match",
        "sampling": "greedy",
        "level": "stratum",
        "stratum": "s",
        "aggregation": "mean_of_ratios",
        "value": "1.000000",
        "n": 1,
        "undefined": 0,
        "runaway": 0,
        "table_sha256": "ab" * 32,
        "created": TIME,
    }
    say(ledger, "score", **score)
    redaction = withhold(ledger, "output:salt-secret")
    told = " ".join(redaction.notices)
    assert "1 of 7 answers ended because they reached the longest length" in told
    assert "1 are about a single answer" in told
    assert "1 say that every answer is its reference" in told
    assert redaction.warnings[0].startswith("7 withheld answers have at most 8 tokens")


def test_public_salts_are_warned_of(ledger: Path) -> None:
    answered(ledger)
    [warning] = withhold(ledger, "reference:salt-public").warnings
    assert warning.startswith("the salts of reference stay public")
    assert withhold(ledger, "reference:salt-secret").warnings == ()
