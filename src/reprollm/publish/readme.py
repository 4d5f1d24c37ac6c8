"""The reviewer's page: `README.md` at the top of a bundle, and `tables/README.md`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from importlib.resources import files
from typing import Any

from jinja2 import Environment, StrictUndefined

from reprollm import __version__
from reprollm.card import card_of
from reprollm.card.rows import summary
from reprollm.card.subject import of_record
from reprollm.environment import code_digest
from reprollm.experiment.engine import TRUST
from reprollm.ledger.remarks import TRUST_WORDS
from reprollm.publish.account import Account
from reprollm.publish.citation import Citation
from reprollm.publish.columns import ITEM_SCORES, TABLES

_TEMPLATE = "README.md.jinja"
_HOSTS = 12
_MARKS = str.maketrans({mark: f"\\{mark}" for mark in "\\`*_[]<>#|"})


@dataclass(frozen=True)
class Withheld:
    """What the page says of withholding.

    Attributes:
        public: the withheld fields whose salts are given.
        secret: the withheld fields whose salts are not.
        values: how many values are withheld.
        reason: in the publisher's words.
        left_out: paths of files that are left out because they would show withheld texts.
        notices: what records still tell of withheld texts.
    """

    public: tuple[str, ...]
    secret: tuple[str, ...]
    values: int
    reason: str
    left_out: tuple[str, ...]
    notices: tuple[str, ...]


def readme(
    account: Account,
    citation: Citation,
    paths: Sequence[str],
    *,
    lock: str | None,
    signers: Sequence[str],
    withheld: Withheld | None,
) -> bytes:
    """Return the page.

    Args:
        account: what the ledger says.
        citation: title and authors.
        paths: the bundle's paths.
        lock: path of the model's lock in the bundle, or None.
        signers: who signed the last checkpoint, in words.
        withheld: what is withheld, or None.
    """
    hosts = sorted({attempt.host for attempt in account.attempts})
    models = [f"{item['name']} ({item['snapshot'][:16]})" for item in account.snapshots]
    source = files("reprollm.publish").joinpath(_TEMPLATE).read_text(encoding="utf-8")
    environment = Environment(
        undefined=StrictUndefined, keep_trailing_newline=True, autoescape=False
    )
    text = environment.from_string(source).render(
        title=plain(citation.title),
        version=__version__,
        experiment=account.plan.experiment if account.plan else None,
        run=account.current,
        runs=len(account.runs),
        trust=TRUST_WORDS[account.current.trust or TRUST[-1]] if account.current else "",
        attempts=len(account.attempts),
        one_model=len(account.snapshots) == 1,
        models=plain(", ".join(models)),
        cards=[
            (plain(item["name"]), plain(summary(card_of(of_record(item)))))
            for item in account.snapshots
        ],
        statements=[plain(statement) for statement in account.statements],
        imports=plain(", ".join(_import(record) for record in account.imports)),
        size=account.checkpoint.size,
        ended=account.ended,
        body=account.checkpoint.body(),
        signers=[plain(name) for name in signers],
        stamps=any(path.endswith(".tsr") for path in paths),
        lock=lock,
        code=_code(account),
        report="report.html" in paths,
        deviations=[{**item, "reason": plain(item["reason"] or "")} for item in account.deviations],
        hosts=plain(", ".join(hosts[:_HOSTS]) + (", …" if len(hosts) > _HOSTS else "")) or "none",
        named=bool(citation.authors),
        **_withheld(withheld),
    )
    return text.encode()


def tables_readme() -> bytes:
    """Return the page about the Parquet exports, with what every column means."""
    lines = _TABLES_HEAD.splitlines()
    for table in (*TABLES, ITEM_SCORES):
        lines += ["", f"## {table.name}.parquet", "", f"A row is {table.row}.", ""]
        lines += ["| column | type | meaning |", "| --- | --- | --- |"]
        lines += [f"| {c.name} | {c.kind} | {c.means} |" for c in table.columns]
    return ("\n".join(lines) + "\n").encode()


def plain(text: str) -> str:
    """Return text from outside so that Markdown shows it as it stands, on one line."""
    return " ".join(text.split()).translate(_MARKS)


def _import(record: dict[str, Any]) -> str:
    return f"{record['samples']} from {record['file']['name']} of {record['tool']}"


def _withheld(withheld: Withheld | None) -> dict[str, Any]:
    """Return what the template needs to tell of withholding."""
    if withheld is None:
        return {"withheld": False}
    return {
        "withheld": True,
        "public": ", ".join(withheld.public),
        "secret": ", ".join(withheld.secret),
        "values": withheld.values,
        "reason": plain(withheld.reason),
        "left_out": ", ".join(f"`{path}`" for path in withheld.left_out),
        "notices": [plain(notice) for notice in withheld.notices],
    }


def _code(account: Account) -> str:
    """Return whether the workflow in the bundle is the code of the current run, in a sentence."""
    if account.current is None:
        return ""
    run = account.current.run
    codes = sorted({item.code for item in account.attempts if item.run == run})
    if codes == [code_digest("generate")]:
        return f"`workflow/` is that of reprollm {__version__}, whose code gave these answers."
    return (
        f"`workflow/` is that of reprollm {__version__}, with which this archive was made; the "
        f"answers were given by other code, of digest {', '.join(code[:16] for code in codes)}."
    )


_TABLES_HEAD = """\
# Tables

Parquet exports of the log, for R, pandas and whatever else reads Parquet. They are made from the
records and are no evidence themselves; the metadata of each file names the log, its size and root.
Withheld texts are null.

R, with the package arrow:

    library(arrow)
    answers <- read_parquet("tables/answers.parquet")
    table(answers$sampling, answers$finish)

Python, with pandas and pyarrow:

    import pandas as pd
    estimates = pd.read_parquet("tables/estimates.parquet")
    all_items = estimates[estimates.level == "all"]
    print(all_items[["sampling", "score", "aggregation", "value", "low", "high", "n"]])

`answers` and `item_scores` join on `run` and `index`, `answers` and `requests` on `plan` and
`index`. Log-probabilities are natural logarithms.
"""
