"""The temporal verdict's truth table, and what records make of it."""

from __future__ import annotations

from typing import Any

import pytest

from reprollm.exposure.declared import Declared, cutoff_declared
from reprollm.exposure.spans import Span
from reprollm.exposure.verdict import Known, Model, known_of, model_of, pinned, verdict

SNAPSHOT = "5" * 64
DIGEST = "d" * 64


def on(day: str) -> Span:
    return Span(day, day)


EARLY, CUTOFF, BETWEEN, RELEASE, LATE = (
    on("2023-01-01"), on("2024-03-31"), on("2024-05-01"), on("2024-06-15"), on("2025-01-01"),
)  # fmt: skip
FIXED = Model(SNAPSHOT, True, RELEASE, CUTOFF)
UNDATED = Model(SNAPSHOT, True)
CLAIMED = Model(SNAPSHOT, True, None, CUTOFF)
HOSTED = Model(SNAPSHOT, False, RELEASE, CUTOFF)


@pytest.mark.parametrize(
    ("known", "model", "expected"),
    [
        (Known(), FIXED, "unknown"),
        (Known(expected=True, created=LATE, proved=True), FIXED, "expected"),
        (Known(created=LATE, proved=True), FIXED, "impossible_by_time"),
        (Known(created=LATE, proved=True), Model(SNAPSHOT, True, RELEASE), "impossible_by_time"),
        (Known(created=LATE), FIXED, "unlikely"),
        (Known(created=LATE), Model(SNAPSHOT, True, RELEASE), "unlikely"),
        (Known(created=LATE, proved=True), CLAIMED, "unlikely"),
        (Known(created=LATE, proved=True), UNDATED, "unknown"),
        (Known(created=LATE, proved=True), HOSTED, "unlikely"),
        (Known(created=RELEASE, proved=True), FIXED, "unlikely"),
        (Known(created=BETWEEN, proved=True), FIXED, "unlikely"),
        (Known(created=BETWEEN, public=(BETWEEN,)), FIXED, "unlikely"),
        (Known(created=BETWEEN, sent=(BETWEEN,)), FIXED, "possible"),
        (Known(created=EARLY, proved=True), FIXED, "unknown"),
        (Known(public=(EARLY,)), FIXED, "possible"),
        (Known(public=(BETWEEN,)), FIXED, "possible"),
        (Known(public=(RELEASE,)), FIXED, "possible"),
        (Known(public=(LATE,)), FIXED, "unknown"),
        (Known(public=(EARLY,)), CLAIMED, "possible"),
        (Known(public=(BETWEEN,)), CLAIMED, "unknown"),
        (Known(public=(EARLY,)), UNDATED, "unknown"),
        (Known(public=(LATE,)), HOSTED, "possible"),
        (Known(sent=(LATE,)), FIXED, "unknown"),
        (Known(sent=(EARLY,)), FIXED, "possible"),
        (Known(sent=(None,)), FIXED, "possible"),
        (Known(sent=(None,)), UNDATED, "unknown"),
        (Known(sent=(LATE,)), HOSTED, "possible"),
        (Known(created=LATE, proved=True, sent=(LATE,)), FIXED, "impossible_by_time"),
        (Known(created=LATE, proved=True, public=(EARLY,)), FIXED, "possible"),
        (Known(created=LATE, proved=True, public=(on("2024-12-01"),)), FIXED, "unknown"),
    ],
)
def test_the_truth_table(known: Known, model: Model, expected: str) -> None:
    assert verdict(known, model) == expected


def test_a_hosted_alias_is_never_impossible_whatever_is_known() -> None:
    days = (None, EARLY, BETWEEN, LATE)
    for created in days:
        for public in days:
            for proved in (True, False):
                known = Known(False, created, proved, (public,) if public else ())
                assert verdict(known, HOSTED) != "impossible_by_time"


def test_a_month_that_holds_the_release_proves_nothing() -> None:
    month = Span("2024-06-01", "2024-06-31")
    assert verdict(Known(created=month, proved=True), FIXED) == "unlikely"
    released = Model(SNAPSHOT, True, month)
    assert verdict(Known(created=on("2024-06-20"), proved=True), released) == "unknown"


def declared(what: str, subject: str = "*", **evidence: Any) -> Declared:
    return Declared(what, subject, None, evidence)


def test_a_date_without_the_digest_of_its_evidence_counts_for_nothing() -> None:
    bare = declared("publication", first_seen="2020-01-01", type="page")
    shown = declared("publication", first_seen="2020-01-01", type="page", sha256=DIGEST)
    assert verdict(known_of([], [bare]), FIXED) == "unknown"
    assert verdict(known_of([], [shown]), FIXED) == "possible"
    created = declared("creation", created="2025-01-01", type="git_commit", proved=True)
    assert verdict(known_of([], [created]), FIXED) == "unknown"
    assert (
        model_of(SNAPSHOT, True, [declared("release", SNAPSHOT, released="2024")]).released is None
    )


def test_only_checked_commits_and_time_stamps_are_proofs() -> None:
    told = {"created": "2025-01-01", "sha256": DIGEST}
    for kind, proved, expected in [
        ("git_commit", True, "impossible_by_time"),
        ("time_stamp", True, "impossible_by_time"),
        ("git_commit", False, "unlikely"),
        ("page", True, "unlikely"),
    ]:
        creation = declared("creation", type=kind, proved=proved, **told)
        assert verdict(known_of([], [creation]), FIXED) == expected


def test_of_several_creations_the_earliest_counts() -> None:
    late = declared("creation", created="2025-01-01", sha256=DIGEST, type="git_commit", proved=True)
    early = declared("creation", created="2023-01-01", sha256=DIGEST, type="page")
    assert verdict(known_of([], [late, early]), FIXED) == "unknown"


def test_use_outside_counts_and_its_denial_does_not() -> None:
    used = Declared("use", "*", None, {"outside": True, "where": "browser", "from": "2023"})
    denied = Declared("use", "*", None, {"outside": False})
    assert verdict(known_of([], [used, denied]), FIXED) == "possible"
    assert verdict(known_of([], [denied]), FIXED) == "unknown"


def test_a_model_takes_its_own_release_and_the_latest_cutoff() -> None:
    found = model_of(
        SNAPSHOT,
        True,
        [
            declared("release", SNAPSHOT, released="2024-07", sha256=DIGEST, cutoff="2023-12"),
            declared("release", SNAPSHOT, released="2024-06-20", sha256=DIGEST),
            declared("release", "6" * 64, released="2020", sha256=DIGEST),
            cutoff_declared(SNAPSHOT, "2024-01", "c" * 64, {"document": "card"}),
        ],
    )
    assert found == Model(SNAPSHOT, True, on("2024-06-20"), Span("2024-01-01", "2024-01-31"))


@pytest.mark.parametrize(
    ("engine", "expected"),
    [
        ({"family": "transformers"}, True),
        ({"family": "llamacpp"}, True),
        ({"family": "server", "server": {"url": None, "trust": "owned"}}, True),
        ({"family": "server", "server": {"url": "http://x", "trust": "attested"}}, True),
        ({"family": "server", "server": {"url": "http://x", "trust": "claimed"}}, False),
        ({"family": "server"}, False),
    ],
)
def test_weights_are_fixed_where_their_hash_was_checked(
    engine: dict[str, Any], expected: bool
) -> None:
    assert pinned(engine) is expected
