"""`reprollm exposure declare`: what the tool cannot see, into a file beside the experiment."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from reprollm.cli import terminal

if TYPE_CHECKING:
    from reprollm.experiment.exposure import Declarations
    from reprollm.experiment.load import Experiment
    from reprollm.exposure.declared import Declared

_WHAT = ("use", "no-use", "publication", "creation", "expected", "release", "policy")
_PLACES = ("browser", "api", "co_authors", "annotation_tool", "translation", "search", "other")
_FIELDS = ("source_text", "question", "gold", "rationale")
_EVIDENCE = (
    "git_commit",
    "time_stamp",
    "hub",
    "doi",
    "web_archive",
    "crawl_index",
    "paper",
    "page",
    "statement",
)
_OUTSIDE = {True: "sent to a model outside this tool", False: "never sent outside this tool"}
_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)


@click.command(
    epilog="Example: reprollm exposure declare normalisation use --where browser --service ChatGPT "
    "--field source_text --from 2024-03"
)
@click.argument("experiment")
@click.argument("what", type=click.Choice(_WHAT), required=False)
@click.option("--item", "items", multiple=True, help="Of this item; of all without. Repeatable.")
@click.option(
    "--field", "fields", multiple=True, type=click.Choice(_FIELDS), help="Of this field; of all."
)
@click.option("--where", type=click.Choice(_PLACES), help="use: through what.")
@click.option("--service", help="use: its name, as people know it.")
@click.option("--model", help="use: the model, if it is known.")
@click.option("--from", "start", metavar="DATE", help="use: the first day, month or year.")
@click.option("--until", metavar="DATE", help="use: the last day, month or year.")
@click.option("--note", help="use: anything else in one line.")
@click.option("--url", help="publication: where.")
@click.option("--date", metavar="DATE", help="When it was first seen, created or released.")
@click.option("--cutoff", metavar="DATE", help="release: the claimed training cutoff.")
@click.option("--snapshot", help="release: the snapshot's id; that of the experiment by default.")
@click.option("--because", help="expected: why, for example: printed in 1775, public domain.")
@click.option("--endpoint", help="policy: the server's address.")
@click.option("--policy-file", type=_FILE, help="policy: the policy file.")
@click.option("--evidence", type=click.Choice(_EVIDENCE), help="What shows the date.")
@click.option("--evidence-file", type=_FILE, help="The kept copy of it, in the same folder.")
@click.option("--evidence-url", help="Where it can be looked up.")
@click.option("--commit", help="git_commit: its id; the file holds `git cat-file commit ID`.")
@click.option("--chain", type=_FILE, help="time_stamp: the authority's chain as PEM.")
@click.option("--over", type=_FILE, help="time_stamp: the file that was stamped.")
@click.option(
    "--ledger",
    type=click.Path(file_okay=False, path_type=Path),
    help="Publish what is declared in this ledger too; commit it afterwards.",
)
@click.option("--json", "as_json", is_flag=True, help="Print the declarations as JSON.")
def command(
    experiment: str, what: str | None, ledger: Path | None, as_json: bool, **given: Any
) -> None:
    """Declare WHAT about the items of EXPERIMENT; without WHAT, check and show what is declared.

    EXPERIMENT is the name of a folder below experiments/, a folder, or an experiment.yaml. The
    declarations are written into the file that contamination.exposure names, else into
    declarations.yaml beside the experiment. A date counts only with an evidence whose copy is kept.
    """
    from reprollm.contamination.exposure import load_declarations
    from reprollm.experiment.declaring import add_entry
    from reprollm.experiment.exposure import DEFAULT_NAME
    from reprollm.experiment.load import load_all
    from reprollm.experiment.locate import locate

    models = load_all(locate(experiment, Path()))
    described = models[0]
    path = described.checks.declarations or described.file.parent / DEFAULT_NAME
    if what is None:
        declared = load_declarations(path)
    else:
        section, entry = _entry(what, models, path, given)
        declared = add_entry(path, section, entry, load_declarations)
    published = None if ledger is None else _publish(models, declared, ledger)
    if as_json:
        rows = [_plain(each) for each in declared.declared]
        click.echo(json.dumps({"file": str(path), "declared": rows, "published": published}))
    else:
        _show(path, declared, published)


def _entry(
    what: str, models: Sequence[Experiment], path: Path, given: dict[str, Any]
) -> tuple[str, dict[str, Any] | None]:
    """Return the section of the file and the entry; the file's own reader judges it."""
    from reprollm.experiment.declaring import within

    about = {"items": list(given["items"]) or None, "fields": list(given["fields"]) or None}
    if what == "no-use":
        return "use", None
    if what == "use":
        told = {name: given[name] for name in ("where", "service", "model", "until", "note")}
        return "use", _filled({**about, **told, "from": given["start"]})
    if what == "policy":
        file = given["policy_file"]
        named = within(path.parent, file) if file else None
        return "policies", _filled({"endpoint": given["endpoint"], "file": named})
    if what == "expected":
        return "expected", _filled({"items": about["items"], "because": given["because"]})
    evidence = _evidence(path.parent, given)
    if what == "publication":
        told = {"url": given["url"], "first_seen": given["date"], "evidence": evidence}
        return "publications", _filled({**about, **told})
    if what == "creation":
        return "creations", _filled({**about, "created": given["date"], "evidence": evidence})
    told = {
        "snapshot": given["snapshot"] or _snapshot(models),
        "released": given["date"],
        "cutoff": given["cutoff"],
        "evidence": evidence,
    }
    return "releases", _filled(told)


def _evidence(folder: Path, given: dict[str, Any]) -> dict[str, Any] | None:
    from reprollm.experiment.declaring import evidence_of, within

    if given["evidence"] is None:
        return None
    files = {
        name: within(folder, given[name]) if given[name] else None for name in ("chain", "over")
    }
    return evidence_of(
        folder,
        given["evidence"],
        given["evidence_file"],
        url=given["evidence_url"],
        commit=given["commit"],
        **files,
    )


def _filled(entry: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in entry.items() if value is not None}


def _snapshot(models: Sequence[Experiment]) -> str:
    from reprollm.errors import ExperimentInvalid
    from reprollm.snapshot.model import load_model

    if len(models) > 1:
        raise ExperimentInvalid(
            f"expected --snapshot for a release, as {models[0].file} has several models, found none"
        )
    return load_model(models[0].lock, models[0].adapters).lock.snapshot


def _publish(models: Sequence[Experiment], declared: Declarations, ledger: Path) -> int:
    """Publish for the plan of each model, where the ledger has it; return how many records."""
    from reprollm.contamination.exposure import claimed_cutoff, publish_declared
    from reprollm.prompts.stored import find_plan
    from reprollm.snapshot.model import load_model

    records = 0
    for described in models:
        lock = load_model(described.lock, described.adapters).lock
        plan = find_plan(ledger, described, lock.snapshot)
        shard = publish_declared([*declared.declared, *claimed_cutoff(lock)], plan.plan, ledger)
        records += shard.records if shard else 0
    return records


def _plain(declared: Declared) -> dict[str, Any]:
    return {
        "what": declared.what,
        "subject": declared.subject,
        "field": declared.field,
        "evidence": dict(declared.evidence),
    }


def _show(path: Path, declared: Declarations, published: int | None) -> None:
    rows = [
        (each.what, each.subject, each.field or "all", _said(each)) for each in declared.declared
    ]
    title = f"declared in {terminal.safe(str(path))}"
    out = terminal.console()
    out.print(terminal.table(title, ("what", "of", "field", "evidence"), rows))
    if published is not None:
        out.print(f"{published} declarations are new in the ledger; commit it", soft_wrap=True)


def _said(declared: Declared) -> str:
    """Return evidence in one cell, and whether a date of it counts."""
    shown = [
        _OUTSIDE[value] if name == "outside" else f"{name} {value}"
        for name, value in declared.evidence.items()
        if value is not None and name != "sha256" and not isinstance(value, dict)
    ]
    dated = declared.what in ("publication", "creation") and "expected" not in declared.evidence
    if dated and declared.dated is None:
        shown.append("does not count: no date with the digest of its evidence")
    return "; ".join(shown)
