"""Whatever cells and files come: cells survive, and what is malformed is refused by a sentence."""

from __future__ import annotations

import json
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from reprollm.canon import dumps
from reprollm.errors import InvalidInput
from reprollm.experiment.data import read_data
from reprollm.sealing.check import opening_defects
from reprollm.sealing.seal import parse_seal
from reprollm.sealing.secrets import parse_secrets
from reprollm.sealing.table import DELIMITERS, Format, Table, to_csv
from sealing.building import sealed

MADE = sealed()
CELLS = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=12)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 5) | st.text(max_size=4) | st.just("0" * 64),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.just("seed"), inner, max_size=1),
    max_leaves=4,
)


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("any") / "items.csv"


@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(cells=st.lists(CELLS, min_size=1, max_size=4), delimiter=st.sampled_from(DELIMITERS))
def test_any_cell_is_read_as_it_was_written(file: Path, cells: list[str], delimiter: str) -> None:
    rows = tuple({"id": f"n{place}", "source": cell} for place, cell in enumerate(cells))
    file.write_bytes(to_csv(Table(("id", "source"), rows), Format(delimiter=delimiter)))
    data = read_data(file, "id", ("source",), "utf-8", delimiter)
    assert [row.cells["source"] for row in data.rows] == cells


@settings(max_examples=150, deadline=None)
@given(data=st.data())
def test_a_seal_or_secrets_with_anything_changed_is_refused_or_has_a_defect(
    data: st.DataObject,
) -> None:
    is_seal = data.draw(st.booleans())
    content = MADE.made.seal if is_seal else MADE.made.secrets
    value = json.loads(content)
    parent, key = _a_place(data, value)
    new = data.draw(JSON)
    if new == parent[key] and type(new) is type(parent[key]):
        return
    parent[key] = new
    changed = dumps(value) + b"\n"
    with suppress(InvalidInput):
        seal = parse_seal(changed if is_seal else MADE.made.seal, "seal.json")
        secrets = parse_secrets(MADE.made.secrets if is_seal else changed, "secrets.json")
        closed = not is_seal and parent is value and new is None
        schema = not is_seal and key == "schema"
        assert closed or schema or list(opening_defects(seal, secrets))


def _a_place(data: st.DataObject, value: Any) -> tuple[Any, Any]:
    """Return a container in `value` and one of its keys or places."""
    while True:
        key = data.draw(
            st.sampled_from(sorted(value) if isinstance(value, dict) else range(len(value)))
        )
        inner = value[key]
        if not isinstance(inner, dict | list) or not inner or data.draw(st.booleans()):
            return value, key
        value = inner
