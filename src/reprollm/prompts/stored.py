"""A plan as it lies in a ledger: `plans/<plan id>/plan.json` and `requests.parquet`.

`plan.json` is written last, after the plan's shard: where it stands, the plan is in the ledger.
What is read back is checked against its own identity, so that an edited file cannot answer for the
plan that was published.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from reprollm.canon import Json, loads_object
from reprollm.errors import ExperimentInvalid, InvalidInput, LeafMismatch, NotCanonical
from reprollm.experiment.engine import EngineSettings
from reprollm.experiment.file_hashes import file_hashes
from reprollm.experiment.load import Experiment
from reprollm.exposure import carried
from reprollm.exposure.carried import Carried, Carrier
from reprollm.prompts.requests import Request
from reprollm.prompts.settings import Settings
from reprollm.records.identity import plan_id, request_id
from reprollm.records.shard import ShardReference

if TYPE_CHECKING:
    import pyarrow as pa

SCHEMA = "reprollm/plan-file/1"
_KEYS: dict[str, type] = {
    "schema": str,
    "plan": str,
    "experiment": str,
    "core": dict,
    "requests": int,
    "requests_root": str,
    "slices": int,
    "shard": dict,
    "created": str,
}
_SHARD_KEYS: dict[str, type] = {"group": str, "sha256": str, "records": int}


@dataclass(frozen=True)
class StoredPlan:
    """What `plan.json` says.

    Attributes:
        folder: where it lies.
        plan: the plan id, hex.
        experiment: the experiment's name.
        core: what the plan was made from.
        requests: how many there are.
        requests_root: RFC 6962 root over the leaves of the request records, in order, hex.
        slices: into how many jobs the experiment is divided.
        shard: the shard that holds the plan, snapshot and request records.
        created: when the plan was first published.
    """

    folder: Path
    plan: str
    experiment: str
    core: dict[str, Any]
    requests: int
    requests_root: str
    slices: int
    shard: ShardReference
    created: str

    @property
    def engine(self) -> EngineSettings:
        """The engine that the plan demands."""
        return EngineSettings.from_json(self.core["engine"])

    def to_json(self) -> dict[str, Json]:
        """Return the content of `plan.json`."""
        return {
            "schema": SCHEMA,
            "plan": self.plan,
            "experiment": self.experiment,
            "core": self.core,
            "requests": self.requests,
            "requests_root": self.requests_root,
            "slices": self.slices,
            "shard": dict(self.shard.to_json()),
            "created": self.created,
        }

    def table(self) -> pa.Table:
        """Return the requests, checked to be those that the plan id names.

        Raises:
            InvalidInput: the table cannot be read.
            LeafMismatch: the table holds other requests than the plan.
        """
        from reprollm.prompts.table import read_table

        table = read_table(self.folder / "requests.parquet")
        if plan_id(self.core, table["request"].to_pylist()) != self.plan:
            raise LeafMismatch(
                f"expected the requests of plan {self.plan[:16]}… in {self.folder}, found others; "
                "run `reprollm plan` again"
            )
        return table

    def carriers(self, first: int, last: int) -> list[Carrier]:
        """Return requests first..last-1 with the items whose texts their prompts may hold."""
        part = self.table().slice(first, last - first).select(["request", "item", "few_shot"])
        return [
            Carrier(row["request"], row["item"], tuple(row["few_shot"])) for row in part.to_pylist()
        ]

    def texts(self, first: int, last: int) -> Iterator[tuple[str, list[str]]]:
        """Yield item id and prompt of requests first..last-1."""
        part = self.table().slice(first, last - first).select(["item", "prompt"])
        for row in part.to_pylist():
            yield row["item"], [row["prompt"]]

    def carried(self) -> Carried:
        """Return which fields of which items the prompts carry.

        Where no list was kept, because an earlier release made the plan or a bundle was reduced,
        what is not known counts as sent: every field that the plan has, of every item.

        Raises:
            LeafMismatch: the list is not the one that the plan names.
        """
        path = self.folder / carried.FILE
        if "carried_sha256" not in self.core or not path.is_file():
            return self._all_carried()
        content = path.read_bytes()
        if hashlib.sha256(content).hexdigest() != self.core["carried_sha256"]:
            raise LeafMismatch(
                f"expected the list of what prompts carry that plan {self.plan[:16]}… names in "
                f"{path}, found another; run `reprollm plan` again"
            )
        return carried.read_carried(content)

    def _all_carried(self) -> Carried:
        table = self.table().select(["item", "reference", "few_shot"]).to_pylist()
        fields = {
            row["item"]: ("source_text",) if row["reference"] is None else ("gold", "source_text")
            for row in table
        }
        examples = {example for row in table for example in row["few_shot"]}
        return Carried(fields, dict.fromkeys(examples, ("gold", "source_text")))

    def asked(self, first: int, last: int) -> list[Request]:
        """Return requests first..last-1, each checked against its id.

        Raises:
            InvalidInput: the table cannot be read.
            LeafMismatch: a request is not what its id names.
        """
        part = self.table().slice(first, last - first)
        return [self._request(row) for row in part.to_pylist()]

    def _request(self, row: dict[str, Any]) -> Request:
        settings = Settings.from_text(row["settings"])
        request = Request(row["request"], tuple(row["prompt_ids"]), settings, row["seed"])
        expected = request_id(
            snapshot=self.core["snapshot"],
            tokenizer=self.core["tokenizer"],
            settings=settings.to_json(),
            seed=request.seed,
            repetition=row["repetition"],
            engine=self.engine.family,
            dtype=self.engine.numerics,
            prompt_ids=request.prompt_ids,
        )
        if expected != request.request:
            raise LeafMismatch(
                f"expected request {request.request[:16]}… of item {row['item']!r:.80} in "
                f"{self.folder}, found other token ids or settings; run `reprollm plan` again"
            )
        return request


def read_plan(folder: Path) -> StoredPlan:
    """Return the plan in `folder`.

    Raises:
        InvalidInput: `plan.json` is missing or malformed.
    """
    path = folder / "plan.json"
    try:
        value = loads_object(path.read_bytes())
    except OSError as error:
        raise InvalidInput(f"could not read {path}: {error.strerror}") from None
    except NotCanonical as error:
        raise InvalidInput(f"expected a plan in {path}: {error}") from None
    if not _fits(value, _KEYS) or not _fits(value["shard"], _SHARD_KEYS):
        raise InvalidInput(f"expected a plan ({SCHEMA}) in {path}, found {', '.join(value)}")
    if value.pop("schema") != SCHEMA:
        raise InvalidInput(f"expected a plan of schema {SCHEMA} in {path}, found another schema")
    return StoredPlan(folder=folder, **{**value, "shard": ShardReference(**value["shard"])})


def _fits(value: dict[str, Any], keys: dict[str, type]) -> bool:
    return value.keys() == keys.keys() and all(type(value[k]) is t for k, t in keys.items())


def find_plan(ledger: Path, experiment: Experiment, snapshot: str) -> StoredPlan:
    """Return the plan in `ledger` that was made from `experiment` as it is now.

    Args:
        ledger: the ledger's folder.
        experiment: the experiment.
        snapshot: the snapshot id in its lock.

    Raises:
        ExperimentInvalid: there is none, because nothing is planned yet or a file was edited since.
    """
    files = file_hashes(experiment) | {"snapshot": snapshot}
    found = [read_plan(path.parent) for path in sorted(ledger.glob("plans/*/plan.json"))]
    fitting = [plan for plan in found if files.items() <= plan.core.items()]
    if not fitting:
        state = "one from other files" if found else "none"
        raise ExperimentInvalid(
            f"expected a plan of {experiment.file} as it is now in {ledger}, found {state}; "
            f"run `reprollm plan {experiment.config.name}` first"
        )
    return max(fitting, key=lambda plan: plan.created)
