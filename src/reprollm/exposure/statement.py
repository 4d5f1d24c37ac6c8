"""The statement for the paper: what was sent, was public and is declared, in sentences.

Every number is counted from records; no sentence is left out because it is inconvenient, and none
says more than the records do.
"""

from __future__ import annotations

from collections.abc import Mapping

from reprollm.exposure.account import (
    Account,
    Coverage,
    Endpoint,
    Facts,
    NamedModel,
    coverage,
    timing,
    verdicts,
)
from reprollm.exposure.verdict import Model
from reprollm.exposure.wording import WORDS

_LATEX = str.maketrans(
    {
        "\\": r"\textbackslash{}",
        "{": r"\{",
        "}": r"\}",
        "$": r"\$",
        "&": r"\&",
        "#": r"\#",
        "%": r"\%",
        "_": r"\_",
        "^": r"\textasciicircum{}",
        "~": r"\textasciitilde{}",
    }
)
_MARKDOWN = str.maketrans({character: f"\\{character}" for character in r"\`*_{}[]<>#|"})


def sentences(account: Account, language: str) -> list[str]:
    """Return the statement on one data set, one sentence after the other, as plain text.

    Args:
        account: what is known of it.
        language: `en` or `de`.
    """
    say = WORDS[language]
    found = coverage(account)
    facts = Facts(account.exposed, account.declared)
    told = [_sent(say, account, found)]
    if found.beside:
        told.append(say["beside"].format(beside=found.beside, with_gold=found.beside_with_gold))
    told += [_endpoint(say, each, account.policies) for each in found.endpoints]
    for named in account.models:
        told.append(_model(say, named, account, facts))
        told.append(_temporal(say, named, account, facts))
    told.append(_outside(say, account))
    told.append(say["close"])
    return told


def to_markdown(paragraphs: list[list[str]]) -> str:
    """Return statements as Markdown, a paragraph each; texts from outside cannot act as markup."""
    return "\n".join(" ".join(each).translate(_MARKDOWN) + "\n" for each in paragraphs)


def to_latex(paragraphs: list[list[str]]) -> str:
    """Return statements as LaTeX text, a paragraph each, every special character escaped."""
    return "\n".join(" ".join(each).translate(_LATEX) + "\n" for each in paragraphs)


def _sent(say: Mapping[str, str], account: Account, found: Coverage) -> str:
    words = say["sent"] if found.sent else say["not_sent"]
    return words.format(
        name=account.name,
        items=found.items,
        with_gold=found.with_gold,
        without_gold=found.without_gold,
        sent=found.sent,
    )


def _endpoint(
    say: Mapping[str, str], found: Endpoint, policies: Mapping[str, Mapping[str, object]]
) -> str:
    return say["endpoint"].format(
        address=found.address,
        server=found.server,
        with_gold=found.with_gold,
        without_gold=found.without_gold,
        period=_period(say, found.first, found.last),
        policy=_policy(say, found.policy, policies),
    )


def _period(say: Mapping[str, str], first: str, last: str) -> str:
    return say["on" if first == last else "between"].format(first=first, last=last)


def _policy(
    say: Mapping[str, str], digest: str | None, policies: Mapping[str, Mapping[str, object]]
) -> str:
    if digest is None:
        return say["no_policy"]
    facts = policies.get(digest)
    if facts is None:
        return say["policy_digest"].format(sha256=digest)
    days = facts.get("retention_days")
    return say["policy"].format(
        trains=say[str(facts["trains_on_inputs"])],
        days=say["days_unknown"] if days is None else say["days"].format(days=days),
        url=facts["url"],
        retrieved=facts["retrieved"],
        sha256=digest,
    )


def _model(say: Mapping[str, str], named: NamedModel, account: Account, facts: Facts) -> str:
    model, found = named.model, timing(account, named.model, facts)
    return say["pinned" if model.pinned else "hosted"].format(
        model=named.name,
        released=_released(say, model),
        cutoff=_cutoff(say, model),
        public=found.public,
        later=found.later,
    )


def _released(say: Mapping[str, str], model: Model) -> str:
    if model.released is None:
        return say["not_released"]
    return say["released"].format(day=model.released.last)


def _cutoff(say: Mapping[str, str], model: Model) -> str:
    if model.cutoff is None:
        return say["no_cutoff"]
    return say["cutoff"].format(month=model.cutoff.last[:7])


def _temporal(say: Mapping[str, str], named: NamedModel, account: Account, facts: Facts) -> str:
    fields = []
    for name, counts in verdicts(account, named.model, facts).items():
        words = [f"{n} {_verdict(say, word)}" for word, n in counts.items() if n]
        fields.append(say["field"].format(field=say[name], verdicts=", ".join(words)))
    return say["temporal"].format(model=named.name, fields="; ".join(fields))


def _verdict(say: Mapping[str, str], word: str) -> str:
    return say["unknown_verdict" if word == "unknown" else word]


def _outside(say: Mapping[str, str], account: Account) -> str:
    uses = [
        each.evidence
        for each in account.declared
        if each.what == "use" and each.evidence.get("outside") is True
    ]
    told = []
    for use in uses:
        first, last = use.get("from"), use.get("until")
        period = say["from"].format(first=first) if first else ""
        if first and last:
            period = _period(say, str(first), str(last))
        words = say["use" if period else "use_undated"]
        told.append(
            words.format(where=say[str(use["where"])], service=use["service"], period=period)
        )
    return say[f"outside_{account.outside}"].format(uses="; ".join(dict.fromkeys(told)))
