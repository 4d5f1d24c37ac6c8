"""What an author might do to score records of any release before he publishes them."""

from __future__ import annotations

from typing import Any

Record = dict[str, Any]


def raised(records: list[Record]) -> list[Record]:
    return [{**records[0], "value": "0.999999"}, *records[1:]]


def counting_more(records: list[Record]) -> list[Record]:
    return [{**record, "n": record["n"] + 1} for record in records]


def another_table(records: list[Record]) -> list[Record]:
    return [{**record, "table_sha256": "0" * 64} for record in records]


def without_the_stratum(records: list[Record]) -> list[Record]:
    return [record for record in records if record["level"] == "all"]


def twice(records: list[Record]) -> list[Record]:
    return [records[0], *records]


def twice_differently(records: list[Record]) -> list[Record]:
    return [*records, {**records[0], "value": "1.000000"}]


def of_another_run(records: list[Record]) -> list[Record]:
    return [{**record, "run": "ab" * 32} for record in records]


def of_another_plan(records: list[Record]) -> list[Record]:
    return [{**record, "plan": "ab" * 32} for record in records]


def of_another_measure(records: list[Record]) -> list[Record]:
    return [{**record, "score": "character_error_rate"} for record in records]


def undefined(records: list[Record]) -> list[Record]:
    return [{**record, "value": None, "undefined": record["n"]} for record in records]


# Each change, and what is said of it.
OF_ANY_RELEASE = [
    (raised, "value 0.999999"),
    (counting_more, "found n 6"),
    (another_table, "table_sha256 0000"),
    (without_the_stratum, "stratum umlaut, sampling greedy is not recorded"),
    (twice, "is recorded twice"),
    (twice_differently, "is recorded twice"),
    (of_another_plan, "expected plan"),
    (of_another_measure, "character_error_rate"),
    (undefined, "value None"),
]
