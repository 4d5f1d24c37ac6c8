"""`reprollm publish`: from a ledger that holds to one file that a stranger can check."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

from reprollm.cli.progress import counting, records_in

if TYPE_CHECKING:
    from reprollm.bundles.statement import Signers
    from reprollm.experiment.load import Experiment
    from reprollm.publish.order import Published

_FILE = click.Path(path_type=Path, dir_okay=False)


@click.command(epilog="Example: reprollm publish normalisation -o bundle.zip")
@click.argument("experiment")
@click.option("-o", "--output", type=_FILE, required=True, help="The bundle to write.")
@click.option(
    "--ledger",
    type=click.Path(file_okay=False, path_type=Path),
    help="Ledger folder; ledger/<experiment's name> by default.",
)
@click.option("--key", "key_file", type=_FILE, help="Sign with this note key, not the usual one.")
@click.option(
    "--ssh-key",
    type=_FILE,
    help="Sign with this SSH key; a public key where an agent or hardware has the rest.",
)
@click.option("--unsigned", is_flag=True, help="Do not sign, though there is a key.")
@click.option(
    "--withhold",
    multiple=True,
    metavar="FIELD[,FIELD…]:MODE",
    help="Leave out prompt, source, reference, output or annotations, salt-public or "
    "salt-secret; repeatable.",
)
@click.option("--reason", help="Why something is withheld; goes into the bundle.")
@click.option(
    "--allow-overlap", is_flag=True, help="Publish although what stays repeats withheld texts."
)
@click.option("--replace", is_flag=True, help="Put the bundle in the place of another file.")
@click.option("--json", "as_json", is_flag=True, help="Print what was published as JSON.")
def command(
    experiment: str,
    output: Path,
    ledger: Path | None,
    key_file: Path | None,
    ssh_key: Path | None,
    unsigned: bool,
    withhold: tuple[str, ...],
    reason: str | None,
    allow_overlap: bool,
    replace: bool,
    as_json: bool,
) -> None:
    """Make the bundle of EXPERIMENT that a reviewer checks with nothing installed.

    EXPERIMENT is the name of a folder below experiments/, a folder, or an experiment.yaml; or a
    ledger folder, whose experiment is then looked for below experiments/. The ledger is verified
    before; one that does not hold is not published. The same ledger gives the same bytes.

    The bundle is signed with your note key (see: reprollm key new) or an SSH key, where there is
    one. Withheld texts leave log, root and signatures as they are.
    """
    from reprollm.publish.bundle import publish
    from reprollm.publish.order import Order, Progress

    if unsigned and (key_file or ssh_key):
        raise click.UsageError("--unsigned and --key or --ssh-key exclude each other")
    if reason and not withhold:
        raise click.UsageError("--reason says why something is withheld; add --withhold")
    models, ledger = _subject(experiment, ledger)
    described, sisters = (models[0], models[1:]) if models else (None, ())
    withholding = None
    if withhold:
        from reprollm.withholding.withhold import parse_withholding

        withholding = parse_withholding(withhold, reason, allow_overlap=allow_overlap)
    signers = _signers(key_file, ssh_key, unsigned)
    order = Order(ledger, described, output, signers, withholding, replace, sisters)
    with (
        counting("verifying records", records_in(ledger)) as verified,
        counting("packing bytes") as packed,
    ):
        done = publish(order, Progress(verified, packed))
    if as_json:
        click.echo(json.dumps(done.to_json(), indent=2))
    else:
        show(done)


def _subject(name: str, ledger: Path | None) -> tuple[tuple[Experiment, ...], Path]:
    """Return the experiment that `name` means, with each of its models, and the ledger.

    Nothing where `name` is a ledger alone.
    """
    from reprollm.experiment.load import load_all
    from reprollm.experiment.locate import locate

    if ledger is None and (Path(name) / "log").is_dir() and (Path(name) / "shards").is_dir():
        return _experiment_of(Path(name)), Path(name)
    models = load_all(locate(name, Path()))
    return models, ledger or Path("ledger") / models[0].config.name


def _experiment_of(ledger: Path) -> tuple[Experiment, ...]:
    """Return the experiment whose plan a ledger holds; nothing of one with imports alone."""
    from reprollm.errors import ExperimentInvalid
    from reprollm.experiment.load import load_all
    from reprollm.experiment.locate import locate
    from reprollm.ledger.read import RECORDED, current_runs

    run = current_runs(ledger)[0]
    if run.attestation != RECORDED or run.experiment is None:
        return ()
    try:
        return load_all(locate(run.experiment, Path()))
    except ExperimentInvalid as error:
        raise ExperimentInvalid(
            f"expected the experiment of {ledger}, {run.experiment!r}, below experiments/, found "
            f"none that can be read; type: reprollm publish FOLDER --ledger {ledger} -o BUNDLE"
        ) from error


def _signers(key_file: Path | None, ssh_key: Path | None, unsigned: bool) -> Signers:
    from reprollm.bundles.statement import Signers
    from reprollm.signing.key_file import default_path, read_key

    if unsigned:
        return Signers()
    if key_file is None and ssh_key is None and default_path().exists():
        key_file = default_path()
    return Signers(read_key(key_file) if key_file else None, ssh_key)


def show(done: Published) -> None:
    """Print what went in, the root, and how to hand it on."""
    from reprollm.cli.terminal import console, safe, table

    out = console()
    rows = [(part.name, f"{part.files:,}", f"{part.bytes:,}") for part in done.parts]
    state = "" if done.fresh else " (stood there already, byte for byte)"
    out.print(safe(f"{done.path}{state}"), soft_wrap=True)
    out.print(table("", ("part", ">files", ">bytes"), rows))
    signed = "signed" if done.signed else "not signed (make a key with: reprollm key new)"
    out.print(f"\nroot {done.checkpoint.root.hex()}", soft_wrap=True)
    out.print(f"the bundle is {signed}; its checkpoint is signed by: ", end="")
    out.print(safe(", ".join(done.checkpoint_signers) or "nobody"), soft_wrap=True)
    for path in done.left_out:
        out.print(safe(f"left out, because it shows withheld texts: {path}"), soft_wrap=True)
    for warning in done.warnings:
        out.print(safe(f"warning: {warning}"), soft_wrap=True)
    out.print(
        "\nHand these three lines to someone outside, now: a co-author, a registry, a preprint. "
        "They prove later that nothing was changed since.\n"
    )
    for line in done.checkpoint.body().splitlines():
        out.print(safe(line), soft_wrap=True)
