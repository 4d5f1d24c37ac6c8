"""What of an experiment must not leave this machine, for those that ask a server elsewhere.

A sealed data set may be sent as it was published, and in no other version. So the data file must be
the published one, and where the seal's private part is on this machine, every prompt is searched
for what was kept back. Without it nothing can be searched for, and examples from another file than
the data are refused: they might be sealed.
"""

from __future__ import annotations

from collections.abc import Sequence

from reprollm.errors import ExperimentInvalid
from reprollm.experiment.data import DataFile
from reprollm.experiment.load import Experiment
from reprollm.prompts.requests import Prompt
from reprollm.sealing.candidates import require_published
from reprollm.sealing.egress import Watch, refuse_egress, sealed_watch
from reprollm.sealing.seal import load_seal
from reprollm.sealing.secrets import load_secrets


def address_elsewhere(experiment: Experiment) -> str | None:
    """Return the server's address where an experiment allows that it is not on this machine."""
    server = experiment.config.engine.server
    return server.url if server is not None and server.remote == "allowed" else None


def watch_of(experiment: Experiment, data: DataFile) -> Watch | None:
    """Return what to search prompts for before they leave; None where nothing is sealed or leaves.

    Raises:
        CommitmentMismatch: the data file is not the published one, or the seal does not open.
        ExperimentInvalid: examples cannot be checked, as the seal's private part is not here.
    """
    checks = experiment.checks
    if checks.seal is None or address_elsewhere(experiment) is None:
        return None
    seal = load_seal(checks.seal)
    require_published(seal, data.sha256)
    if checks.secrets is not None and checks.secrets.is_file():
        cells = [cell for row in data.rows for cell in row.cells.values()]
        return sealed_watch(seal, load_secrets(checks.secrets, seal), cells)
    if experiment.examples not in (None, experiment.data):
        raise ExperimentInvalid(
            f"expected the private part of the seal, to hold the examples in {experiment.examples} "
            "against it before they leave this machine, found none; name it as secrets under "
            "contamination, take the examples from the data file, or ask a model on this machine"
        )
    return None


def refuse_denied(experiment: Experiment, data: DataFile, prompts: Sequence[Prompt]) -> None:
    """Raise where a prompt of the experiment holds what must not leave this machine.

    Raises:
        EgressDenied: a prompt does.
        CommitmentMismatch, ExperimentInvalid: see `watch_of`.
    """
    address = address_elsewhere(experiment)
    guard = watch_of(experiment, data)
    if guard is not None and address is not None:
        refuse_egress(guard, ((prompt.item, [prompt.text]) for prompt in prompts), address)
