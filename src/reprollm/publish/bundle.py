"""One call that makes a bundle: verify, collect, describe, list, sign, write.

The ledger must hold; what does not is never published. While files are collected no commit can
move the log on. Everything is measured before the archive is begun, and a file that changes in
between stops the publication. Memory stays the same however long the log is.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from reprollm.bundles.members import Measured, Member, measure
from reprollm.bundles.statement import SUMS, body, key_members, signed, sums
from reprollm.errors import InvalidInput, StorageFailed
from reprollm.ledger.lock import reading
from reprollm.ledger.segments import read_checkpoints
from reprollm.ledger.verify import verify
from reprollm.publish.account import Account, account_of
from reprollm.publish.archive import write_archive
from reprollm.publish.description import REPORT, Description
from reprollm.publish.experiment_files import ExperimentFiles, experiment_files
from reprollm.publish.ledger_files import FOLDER as LEDGER
from reprollm.publish.ledger_files import ledger_members
from reprollm.publish.order import Order, Part, Progress, Published
from reprollm.publish.shipped import shipped_members
from reprollm.publish.tables import write_tables
from reprollm.signing.judge import Judged, judge

if TYPE_CHECKING:
    from reprollm.withholding.redaction import Redaction

_RECORDS = "environment/records"


def publish(order: Order, progress: Progress | None = None) -> Published:
    """Make a bundle.

    Raises:
        VerificationFailed: the ledger or a signature does not hold, or the experiment's files are
            not those of the published run.
        InvalidInput: something is missing or in the way, or something withheld would show.
        Busy: a commit is going on, or a file changed while it was read.
        StorageFailed: the file system refused; no bundle, or the old one, is at the output.
    """
    told = progress or Progress()
    if order.withholding is not None and not order.signers:
        raise InvalidInput(
            "expected a key to sign the statement of withholding, found none; make one with: "
            "reprollm key new, or name one with --key or --ssh-key"
        )
    with reading(order.ledger), _workplace() as place:
        verify(order.ledger, on_records=told.verified).require()
        judged = judge(order.ledger, read_checkpoints(order.ledger))
        judged.require()
        return _Publication(order, account_of(order.ledger), judged, place, told).run()


@dataclass
class _Publication:
    """One publication on its way; `place` is a folder for what is made."""

    order: Order
    account: Account
    judged: Judged
    place: Path
    progress: Progress
    members: list[Member] = field(default_factory=list)
    files: ExperimentFiles | None = None
    report: Member | None = None
    redaction: Redaction | None = None

    def run(self) -> Published:
        order, files = self.order, self._experiment()
        ledger = self._ledger(files)
        self.members = ledger_members(ledger, [plan.plan for plan in self.account.plans])
        self._add_missing(key_members(order.signers))
        self.members += [*self._kept(files), *self._tables(ledger), *self._environments()]
        description = self._description()
        measured = self._measured([*self.members, *shipped_members()])
        pages = description.pages(measured)
        measured += self._measured(pages)
        crate = description.crate(measured)
        measured += self._measured([crate])
        self._refuse_leaks([*self.members, *pages, crate])
        listed = sums(measured)
        statement = body(self.account.checkpoint, listed)
        measured += map(measure, [Member(SUMS, listed), *signed(statement, order.signers)])
        fresh = write_archive(
            order.output, measured, replace=order.replace, on_bytes=self.progress.packed
        )
        return Published(
            path=order.output,
            fresh=fresh,
            checkpoint=self.account.checkpoint,
            statement=statement,
            signed=bool(order.signers),
            checkpoint_signers=description.signers,
            parts=_parts(measured),
            left_out=description.left_out,
            warnings=self.redaction.warnings if self.redaction else (),
        )

    def _description(self) -> Description:
        return Description(
            account=self.account,
            title=self._title(),
            files=self.files,
            signers=self._checkpoint_signers(),
            redaction=self.redaction,
            left_out=self._left_out(),
        )

    def _title(self) -> str:
        plan, experiment = self.account.plan, self.order.experiment
        if plan is not None and plan.core.get("title"):
            return str(plan.core["title"])
        if experiment is not None:
            return experiment.config.title
        tools = sorted({record["tool"] for record in self.account.imports})
        return f"Answers taken from logs of {', '.join(tools)}"

    def _checkpoint_signers(self) -> tuple[str, ...]:
        size = self.account.checkpoint.size
        return tuple(
            f"{signer.name} (time stamp, {signer.time})" if signer.time else signer.name
            for signer in self.judged.signers
            if signer.size == size
        )

    def _experiment(self) -> list[Member]:
        """Return the experiment's files; find out whether there is a report."""
        plan, experiment = self.account.plan, self.order.experiment
        folders = [self.order.ledger]
        found: list[Member] = []
        if experiment is not None and plan is not None:
            models = (experiment, *self.order.sisters)
            self.files = experiment_files(models, [each.core for each in self.account.standing])
            found += self.files.members
            folders.append(experiment.file.parent)
        elif plan is not None:
            raise InvalidInput(
                f"expected the experiment whose plan is in {self.order.ledger}, found a ledger "
                "alone; name the experiment, and the ledger with --ledger"
            )
        reports = [folder / REPORT for folder in folders if (folder / REPORT).is_file()]
        self.report = Member(REPORT, reports[0]) if reports else None
        return found

    def _ledger(self, files: Sequence[Member]) -> Path:
        """Return the ledger folder that is published: the ledger, or what is left of it."""
        if self.order.withholding is None:
            return self.order.ledger
        from reprollm.withholding.withhold import withheld_ledger

        into = self.place / LEDGER
        into.mkdir()
        self.redaction = withheld_ledger(
            self.order.ledger,
            self.order.withholding,
            into,
            candidates=files,
            encodings=self._encodings(),
        )
        self.account = account_of(into)
        return into

    def _encodings(self) -> list[str]:
        if self.order.experiment is None:
            return []
        config = self.order.experiment.config
        return [part.encoding for part in (config.data, config.few_shot) if part is not None]

    def _kept(self, files: Sequence[Member]) -> Iterator[Member]:
        """Yield those of `files` that may be published."""
        left_out = self._left_out()
        yield from (member for member in files if member.path not in left_out)
        if self.redaction is not None:
            from reprollm.withholding.redaction import FILE

            yield Member(FILE, self.redaction.content)
        elif self.report is not None:
            yield self.report

    def _left_out(self) -> tuple[str, ...]:
        """Return what stays behind, the report too: it may show texts as pictures."""
        if self.redaction is None:
            return ()
        reports = [REPORT] if self.report is not None else []
        return (*(file.path for file in self.redaction.left_out), *reports)

    def _add_missing(self, members: Sequence[Member]) -> None:
        paths = {member.path for member in self.members}
        self.members += [member for member in members if member.path not in paths]

    def _tables(self, ledger: Path) -> list[Member]:
        folder = self.place / "tables"
        folder.mkdir()
        return write_tables(ledger, self.account, folder)

    def _environments(self) -> Iterator[Member]:
        for item in self.account.environments:
            text = json.dumps(item.facts, indent=1, sort_keys=True, ensure_ascii=False)
            yield Member(f"{_RECORDS}/{item.environment}.json", text.encode() + b"\n")

    def _refuse_leaks(self, members: Sequence[Member]) -> None:
        """Look through all that is particular to this bundle before anything is written."""
        if self.redaction is None:
            return
        from reprollm.withholding.leaks import leaks

        found = leaks(members, self.redaction.texts, encodings=self._encodings())
        if found:
            raise InvalidInput(
                f"expected nothing withheld in the bundle, found {found[0].path}: {found[0].what}"
                + (f" (and {len(found) - 1} more)" if len(found) > 1 else "")
            )

    def _measured(self, members: Sequence[Member]) -> list[Measured]:
        found = []
        for member in members:
            found.append(measure(member))
            self.progress.packed(found[-1].size)
        return found


@contextmanager
def _workplace() -> Iterator[Path]:
    """Give a folder for what is made on the way; it is gone afterwards."""
    try:
        folder = tempfile.TemporaryDirectory(prefix="reprollm-publish-")
    except OSError as error:
        raise StorageFailed(
            f"could not make a folder in {tempfile.gettempdir()}: {error.strerror or error}; make "
            "room, or name another folder in the variable TMPDIR"
        ) from error
    with folder as path:
        yield Path(path)


def _parts(members: Sequence[Measured]) -> tuple[Part, ...]:
    found: dict[str, list[int]] = {}
    for member in members:
        folder, slash, _ = member.path.partition("/")
        found.setdefault(f"{folder}/" if slash else "(top)", []).append(member.size)
    return tuple(Part(name, len(sizes), sum(sizes)) for name, sizes in sorted(found.items()))
