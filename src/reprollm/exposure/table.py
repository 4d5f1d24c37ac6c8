"""The columns of the Leak, Cheat, Repeat table, one row a data set and way of access.

The columns and the words in them are those of the collaborative table of Balloccu, Schmidtová,
Lango and Dušek, "Leak, Cheat, Repeat" (EACL 2024, arXiv 2402.03927), so that a row can be handed in
there as it is: dates as `16/08/2023`, periods as `June 2023`, `Y`, `N`, and `-` for what is not
known. The browser counts as `BROWSER` whoever used it; an API as the table's other word just where
the recorded policy says that inputs are not used for training.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from fractions import Fraction
from typing import Any

from reprollm.exposure.account import Account, Endpoint, coverage
from reprollm.exposure.declared import EVERY, Declared
from reprollm.exposure.spans import span

COLUMNS = (
    "Title",
    "Applicable",
    "Published",
    "Date (earliest draft)",
    "Running period",
    "Prompts available",
    "Repository available",
    "Model",
    "Model access",
    "Sampling etc.",
    "Comparison",
    "Different evaluation scale",
    "Custom datasets",
    "Datasets leaked",
)
UNKNOWN = "-"
_API_NOT_TRAINED_ON = "API - POST MARCH 2023 OR OPT-OUT"
_MONTHS = (
    "January February March April May June July August September October November December".split()
)


def rows(account: Account, paper: Mapping[str, Any]) -> list[dict[str, str]]:
    """Return the rows of one data set: one for each endpoint, one for each declared use.

    One row without a leak stands for a data set that was not sent anywhere.

    Args:
        account: what is known of it.
        paper: what is declared of the paper, by the keys of the section `paper`; what is None or
            missing is unknown.
    """
    found = [*_sent(account, paper), *_declared(account, paper)]
    return found or [
        {**_common(account, paper), "Model": _models(account), "Model access": "LOCAL"}
    ]


def _sent(account: Account, paper: Mapping[str, Any]) -> Iterator[dict[str, str]]:
    for each in coverage(account).endpoints:
        names = account.asked.get(each.address, ())
        yield {
            **_common(account, paper),
            "Running period": _period(each.first, each.last),
            "Model": ", ".join(names) or UNKNOWN,
            "Model access": _access(each, account),
            "Datasets leaked": _leaked(account, paper, each.with_gold + each.without_gold),
        }


def _declared(account: Account, paper: Mapping[str, Any]) -> Iterator[dict[str, str]]:
    for (where, service, model, first, last), items in _uses(account.declared).items():
        count = len(account.items) if EVERY in items else len(items & set(account.items))
        yield {
            **_common(account, paper),
            "Running period": _period(first, last or first) if first else UNKNOWN,
            "Model": model or service,
            "Model access": "BROWSER" if where == "browser" else where.replace("_", " ").upper(),
            "Datasets leaked": _leaked(account, paper, count),
        }


def _uses(declared: tuple[Declared, ...]) -> dict[tuple[Any, ...], set[str]]:
    """Return the items of each declared use: one use stands in a record for each item and field."""
    uses: dict[tuple[Any, ...], set[str]] = {}
    for each in declared:
        said = each.evidence
        if each.what == "use" and said.get("outside") is True:
            names = ("where", "service", "model", "from", "until")
            uses.setdefault(tuple(said.get(name) for name in names), set()).add(each.subject)
    return uses


def _common(account: Account, paper: Mapping[str, Any]) -> dict[str, str]:
    prompts = paper.get("prompts")
    return {
        "Title": str(paper.get("title") or account.name),
        "Applicable": "Y",
        "Published": _word(paper.get("published")),
        "Date (earliest draft)": _date(paper.get("earliest_draft")),
        "Running period": UNKNOWN,
        "Prompts available": _word(account.prompts_open if prompts is None else prompts),
        "Repository available": _word(paper.get("repository")),
        "Model": UNKNOWN,
        "Model access": UNKNOWN,
        # The data file and every item that was asked are on record: nothing is drawn unseen.
        "Sampling etc.": _word(bool(paper.get("sampled"))),
        "Comparison": _word(paper.get("comparison")),
        "Different evaluation scale": _word(paper.get("different_scale")),
        "Custom datasets": _word(paper.get("custom_data")),
        "Datasets leaked": "",
    }


def _models(account: Account) -> str:
    return ", ".join(dict.fromkeys(named.name for named in account.models)) or UNKNOWN


def _access(found: Endpoint, account: Account) -> str:
    policy = account.policies.get(found.policy or "")
    kept_out = policy is not None and policy["trains_on_inputs"] == "no"
    return _API_NOT_TRAINED_ON if kept_out else "API"


def _leaked(account: Account, paper: Mapping[str, Any], count: int) -> str:
    """Return `name; task; split; number of instances; fraction of the split`, or nothing."""
    if not count:
        return ""
    of = paper.get("split_items") or len(account.items)
    parts = (
        str(paper.get("dataset") or account.name),
        str(paper.get("task") or UNKNOWN),
        str(paper.get("split") or "entire set"),
        str(count),
        _percent(count, of),
    )
    return "; ".join(part.replace(";", ",") for part in parts)


def _percent(count: int, of: int) -> str:
    """Return a share in per cent with one decimal, rounded half to even on the exact fraction."""
    tenths = round(Fraction(1000 * count, of))
    return f"{tenths // 10}.{tenths % 10}%"


def _word(value: object) -> str:
    return UNKNOWN if value is None else "Y" if value else "N"


def _date(value: object) -> str:
    day = span(str(value)) if value else None
    if day is None:
        return UNKNOWN
    year, month, number = day.first.split("-")
    return f"{number}/{month}/{year}" if day.first == day.last else str(value)


def _period(first: str, last: str) -> str:
    """Return the months from one day to another as the table writes them."""
    begin, end = (span(each) for each in (first, last))
    if begin is None or end is None:
        return UNKNOWN
    months = [_month(begin.first), _month(end.last)]
    return " - ".join(dict.fromkeys(months))


def _month(day: str) -> str:
    return f"{_MONTHS[int(day[5:7]) - 1]} {day[:4]}"
