"""Sealed texts never leave: refused before any record, and before any connection."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from engines.server.elsewhere import described, plan_elsewhere, unspecified, write_elsewhere
from engines.server.jobs import work_of
from engines.server.standins import StandIn, serving
from model_parts import alone, at
from reprollm.engines.attempt import answer_slice
from reprollm.engines.slices import Opened
from reprollm.errors import CommitmentMismatch, ExperimentInvalid
from reprollm.prompts.denial import watch_of
from reprollm.prompts.plan import make_plan, read_sources
from reprollm.sealing.egress import EgressDenied, Forbidden, watch
from reprollm.sealing.make import Wish
from reprollm.snapshot.lock import load_lock
from sealing.building import FURTHER, sealed


@pytest.fixture
def server(llama: Path) -> Iterator[StandIn]:
    with serving(StandIn("openai", folder=llama)) as started:
        yield unspecified(started)


def test_the_last_gate_is_before_any_record_and_any_connection(
    server: StandIn, llama: Path, tmp_path: Path
) -> None:
    job = plan_elsewhere(write_elsewhere(tmp_path, server), llama)
    guard = watch([Forbidden("the sealed variant 1", "i2", "Sprach")])

    def never() -> Opened:
        raise AssertionError("the engine was opened")

    with pytest.raises(EgressDenied, match="sealed variant 1 of 'i2'"):
        answer_slice(replace(work_of(job), watch=guard), never)
    assert not job.records()
    assert not server.seen


SEALED = sealed(Wish(FURTHER))
KEPT = next(
    version.cells[0][1]
    for (item, versions), group in zip(
        SEALED.secrets.twins.items, SEALED.seal.twins.items, strict=True
    )
    for number, version in enumerate(versions)
    if item == "d" and number != group.published
)
"""A variant of item d that was kept back."""


def plan_sealed(
    folder: Path, server: StandIn, model: Path, example: str = "", secrets: bool = True
) -> None:
    """Plan an experiment on the sealed data, with examples from a file of their own, if any."""
    written = write_elsewhere(
        folder,
        server,
        few_shot=bool(example),
        template="{% for e in examples %}{{ e.source }} {% endfor %}{{ source }}",
        more=", seal: data/seal.json",
        checks="contamination: {secrets: data/secrets.json}\n",
    )
    data = written / "data"
    (data / "items.csv").write_bytes(SEALED.made.data)
    (data / "seal.json").write_bytes(SEALED.made.seal)
    if secrets:
        (data / "secrets.json").write_bytes(SEALED.made.secrets)
    rows = f"id,source,reference\ne1,{example},x\ne2,anders,y\n"
    (data / "examples.csv").write_text(rows, encoding="utf-8")
    asked = described(written, model)
    make_plan(read_sources(asked, alone(load_lock(asked.lock))), at(model))


def test_the_published_file_may_leave(server: StandIn, llama: Path, tmp_path: Path) -> None:
    plan_sealed(tmp_path / "alone", server, llama)
    plan_sealed(tmp_path / "with examples", server, llama, example="ein freier Satz")
    plan_sealed(tmp_path / "without secrets", server, llama, secrets=False)


def test_a_variant_that_was_kept_back_is_denied_among_the_examples(
    server: StandIn, llama: Path, tmp_path: Path
) -> None:
    with pytest.raises(EgressDenied, match="sealed variant"):
        plan_sealed(tmp_path, server, llama, example=f'"{KEPT.upper()}"')
    assert not server.seen


def test_examples_that_cannot_be_checked_are_denied(
    server: StandIn, llama: Path, tmp_path: Path
) -> None:
    with pytest.raises(ExperimentInvalid, match="private part of the seal"):
        plan_sealed(tmp_path, server, llama, example="ein freier Satz", secrets=False)


def test_another_file_than_the_published_one_is_denied(
    server: StandIn, llama: Path, tmp_path: Path
) -> None:
    plan_sealed(tmp_path, server, llama)
    experiment = tmp_path / "experiment"
    data = experiment / "data" / "items.csv"
    data.write_bytes(data.read_bytes() + b"z,noch ein Satz,9\r\n")
    asked = described(experiment, llama)
    sources = read_sources(asked, alone(load_lock(asked.lock)))
    with pytest.raises(CommitmentMismatch, match="published data file"):
        watch_of(asked, sources.data)
