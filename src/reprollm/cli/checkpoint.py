"""`reprollm checkpoint`: sign, stamp, show and compare the log's checkpoints."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from reprollm.cli.progress import counting, records_in
from reprollm.cli.terminal import safe, whole

if TYPE_CHECKING:
    from reprollm.records.checkpoint import Checkpoint
    from reprollm.signing.growth import Growth
    from reprollm.signing.judge import Judged, Signer
    from reprollm.signing.log import Log

_LEDGER = click.argument("ledger", type=click.Path(path_type=Path))
_FILE = click.Path(path_type=Path, dir_okay=False)
_FOUND = click.Path(path_type=Path, dir_okay=False, exists=True)
_KEPT_LIMIT = 1024 * 1024


@click.group(name="checkpoint")
def command() -> None:
    """Sign, stamp, show and compare the log's checkpoints."""


@command.command(epilog="Example: reprollm checkpoint sign ledger/normalisation")
@_LEDGER
@click.option("--key", "key_file", type=_FILE, help="Your note key's file, if not the usual one.")
@click.option(
    "--ssh-key",
    type=_FILE,
    help="Sign with this SSH key instead; a public key where an agent or hardware has the rest.",
)
@click.option("--json", "as_json", is_flag=True, help="Print what was signed as JSON.")
def sign(ledger: Path, key_file: Path | None, ssh_key: Path | None, as_json: bool) -> None:
    """Sign the last checkpoint of LEDGER, with your note key or an SSH key.

    The log is read whole before: nothing is signed that the records do not give.
    """
    from reprollm.signing import note, ssh_keygen, sshsig, store
    from reprollm.signing.judge import judge
    from reprollm.signing.key_file import default_path, read_key

    if key_file and ssh_key:
        raise click.UsageError("--key and --ssh-key exclude each other")
    folder = store.ledger_folder(ledger)
    signing = None if ssh_key else read_key(key_file or default_path())
    log = _sound(folder)
    last = log.last
    if signing:
        verifier = signing.verifier()
        path = store.add_note(folder, last, note.sign(last.body(), signing), verifier)
        who = f"{verifier.name} ({verifier.key_id.hex()})"
    else:
        assert ssh_key is not None
        text, namespace = last.body().encode(), sshsig.CHECKPOINT_NAMESPACE
        signature = ssh_keygen.sign(text, ssh_key, namespace)
        key = sshsig.verify(signature, text, namespace).key
        path = store.add_ssh(folder, last, signature, key)
        who = f"{key.kind} {key.fingerprint}"
    judge(folder, log.checkpoints).require()
    if as_json:
        click.echo(json.dumps({**_named(last), "signer": who, "file": str(path)}, indent=2))
        return
    click.echo(f"signed {last.size} records as {safe(who)}", err=True)
    click.echo(path)


@command.command(
    epilog="Example: reprollm checkpoint stamp ledger/demo --url https://tsa.example.org/tsr"
)
@_LEDGER
@click.option("--url", envvar="REPROLLM_TSA_URL", help="The authority to ask ($REPROLLM_TSA_URL).")
@click.option(
    "--chain", type=_FOUND, help="The authority's certificates as PEM, its root included."
)
@click.option("--request-to", type=_FILE, help="Write the request here and ask nobody.")
@click.option("--response", type=_FOUND, help="Take this answer of an authority and ask nobody.")
@click.option("--json", "as_json", is_flag=True, help="Print the stamp as JSON.")
def stamp(
    ledger: Path,
    url: str | None,
    chain: Path | None,
    request_to: Path | None,
    response: Path | None,
    as_json: bool,
) -> None:
    """Have a time-stamping authority (RFC 3161) stamp the last checkpoint of LEDGER.

    The authority learns the SHA-256 of the checkpoint's three lines. On a machine that reaches
    none, write the request with --request-to, have it answered elsewhere (curl -H 'Content-Type:
    application/timestamp-query' --data-binary @FILE URL), and bring the answer with --response.
    """
    from reprollm.records.receipt import replace_file
    from reprollm.signing import authority, store
    from reprollm.signing import stamp as stamps
    from reprollm.signing.judge import judge

    if request_to and response:
        raise click.UsageError("--request-to and --response exclude each other")
    if not (url or request_to or response):
        raise click.UsageError(
            "expected --url, --request-to or --response: whom to ask for a stamp"
        )
    folder = store.ledger_folder(ledger)
    log = _sound(folder)
    last = log.last
    text = last.body().encode()
    asked = stamps.request(text)
    if request_to:
        replace_file(request_to, asked.as_bytes())
        said = {**_named(last), "request": str(request_to)}
        click.echo(json.dumps(said, indent=2) if as_json else request_to)
        return
    if response:
        answer = response.read_bytes()
    else:
        assert url is not None
        answer = authority.ask(url, asked.as_bytes())
        stamps.check_answer(answer, asked)
    pem = stamps.chain(answer, chain.read_bytes() if chain else b"")
    found = stamps.verify(answer, pem, text)
    path = store.add_stamp(folder, last, answer, pem)
    judge(folder, log.checkpoints).require()
    if as_json:
        stamped = {"time": found.time, "authority": found.authority, "root_certificate": found.root}
        click.echo(json.dumps({**_named(last), **stamped, "file": str(path)}, indent=2))
        return
    click.echo(f"{last.size} records seen at {found.time} by {safe(found.authority)}", err=True)
    click.echo(f"its root certificate has the SHA-256 {found.root}: compare it with what the "
               "authority publishes", err=True)  # fmt: skip
    click.echo(path)


@command.command(epilog="Example: reprollm checkpoint show ledger/normalisation")
@_LEDGER
@click.option("--json", "as_json", is_flag=True, help="Print checkpoint and signatures as JSON.")
def show(ledger: Path, as_json: bool) -> None:
    """Print the last checkpoint of LEDGER: three lines to hand to a co-author, registry or DOI.

    Whoever keeps them can later prove that nothing before them was changed. Signatures and time
    stamps are listed on standard error.
    """
    from reprollm.errors import InvalidInput
    from reprollm.ledger.segments import read_checkpoints
    from reprollm.signing.judge import judge
    from reprollm.signing.store import ledger_folder

    folder = ledger_folder(ledger)
    checkpoints = read_checkpoints(folder)
    if not checkpoints:
        raise InvalidInput(
            f"expected a checkpoint in {folder}, found none; run: reprollm ledger commit {folder}"
        )
    last, judged = checkpoints[-1], judge(folder, checkpoints)
    if as_json:
        click.echo(json.dumps(_shown(last, judged), indent=2))
    else:
        click.echo(whole(last.body()), nl=False)
        for line in _lines(judged):
            click.echo(safe(line), err=True)
    judged.require()


@command.command(epilog="Example: reprollm checkpoint compare kept.txt ledger/normalisation")
@click.argument("old", type=click.File("rb"))
@_LEDGER
@click.option("--key", metavar="KEY", help="Verifier key, or its file, that must have signed OLD.")
@click.option("--proof", type=_FILE, help="Write the consistency proof (RFC 9162) here.")
@click.option("--json", "as_json", is_flag=True, help="Print the comparison as JSON.")
def compare(old: Any, ledger: Path, key: str | None, proof: Path | None, as_json: bool) -> None:
    """Prove that the log of LEDGER still begins with what the checkpoint OLD says.

    OLD is a file, or `-`, with the three lines that someone kept, or a whole signed note. LEDGER
    may also be an unpacked bundle.
    """
    from reprollm.errors import naming
    from reprollm.records.receipt import replace_file
    from reprollm.signing import growth
    from reprollm.signing.log import read_log
    from reprollm.signing.store import ledger_folder

    with naming(old.name):
        kept = growth.read_kept(old.read(_KEPT_LIMIT))
    signed = growth.signers(kept, _keys(key))
    folder = ledger_folder(ledger)
    with counting("reading records", records_in(folder)) as on_records:
        log = read_log(folder, on_records)
    grown = growth.compare(kept, log)
    if proof:
        replace_file(proof, grown.text().encode())
    if as_json:
        click.echo(json.dumps({**grown.to_json(), "signers": signed}, indent=2))
    else:
        _print_growth(grown)
    for name in signed:
        click.echo(f"the kept checkpoint is signed by {safe(name)}", err=True)
    if kept.signatures and not signed:
        click.echo("the kept checkpoint's signatures were not checked: name a --key", err=True)


def _keys(named: str | None) -> list[Any]:
    from reprollm.signing.trusted import verifier_key

    return [verifier_key(named)] if named else []


def _print_growth(grown: Growth) -> None:
    before, after = grown.before, grown.after
    click.echo(f"{safe(after.origin)} has grown from {before.size} to {after.size} records")
    click.echo(f"the first {before.size} are unchanged: their root is {before.root.hex()}")


def _sound(folder: Path) -> Log:
    """Return a log whose roots and signatures so far all hold: nothing contradicts the next one."""
    from reprollm.signing.judge import judge
    from reprollm.signing.log import read_log

    with counting("reading records", records_in(folder)) as on_records:
        log = read_log(folder, on_records)
    log.require_roots()
    judge(folder, log.checkpoints).require()
    return log


def _named(last: Checkpoint) -> dict[str, Any]:
    return {"origin": last.origin, "size": last.size, "root": last.root.hex()}


def _shown(last: Checkpoint, judged: Judged) -> dict[str, Any]:
    return {
        "schema": "reprollm/checkpoint/1",
        **_named(last),
        "text": last.body(),
        "signers": [signer.to_json() for signer in judged.signers],
        "problems": [{"defect": p.defect, "sentence": p.sentence} for p in judged.problems],
        "notices": list(judged.notices),
    }


def _lines(judged: Judged) -> list[str]:
    lines = [_line(signer) for signer in judged.signers] or ["nobody has signed this log"]
    lines += [f"note: {notice}" for notice in judged.notices]
    return lines + [f"PROBLEM {p.defect}: {p.sentence}" for p in judged.problems]


def _line(signer: Signer) -> str:
    if signer.kind == "rfc3161":
        return (
            f"{signer.size} records stamped at {signer.time} by {signer.name}, root certificate "
            f"{signer.key}"
        )
    remark = f" ({signer.remark})" if signer.remark else ""
    return f"{signer.size} records signed by {signer.name}{remark}: {signer.key}"
