"""Every attack of the matrix is caught, at the level and by the name that the matrix states."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

from attacks.forging import forgery
from attacks.judging import Said, by_reprollm, by_verify_py, by_verify_sql
from attacks.matrix import ATTACKS, Attack
from attacks.world import World
from reprollm.ledger.segments import read_checkpoints
from reprollm.review import verify as verify_py

SQL = Path(verify_py.__file__).with_name("verify.sql")
ARTEFACTS = frozenset(
    "record byte, salt, opening, leaf order, duplicate, drop, insert, swap, truncated shard, "
    "checkpoint size, root, origin, key, signature, time stamp, plan cell, view definition, "
    "extra file, another bundle's verify.py, score record, redaction statement, experiment file, "
    "crate, lying macro, symlink".split(", ")
)


@pytest.mark.parametrize("attack", ATTACKS, ids=[attack.name for attack in ATTACKS])
def test_an_attack_is_caught_by_name(
    attack: Attack, world: World, unpacked: dict[str, Path], tmp_path: Path
) -> None:
    forged = forgery(unpacked[attack.of], tmp_path / "forged")
    attack.change(forged, world)
    attack.after(forged)
    brought = _brought(attack.demand, world)
    said = by_reprollm(forged.root, **brought)
    alone = by_verify_py(forged.root, folder=tmp_path, **brought)
    _expect(said, attack)
    if attack.blind:
        assert alone.code == 0, alone
    else:
        assert (alone.code, alone.defects) == (said.code, said.defects)
    if attack.sql is not None:
        asked = by_verify_sql(forged.root, SQL)
        assert (asked.returncode != 0) == attack.sql, asked.stdout + asked.stderr


def test_the_matrix_names_every_artefact_and_no_attack_twice(
    record_property: Callable[[str, object], None],
) -> None:
    names = Counter(attack.name for attack in ATTACKS)
    assert [name for name, count in names.items() if count > 1] == []
    assert {attack.artefact for attack in ATTACKS} >= ARTEFACTS
    blind, bound = sum(bool(a.blind) for a in ATTACKS), sum(a.level is None for a in ATTACKS)
    record_property(
        "counted",
        f"attack matrix: {len(ATTACKS)} attacks on {len({a.artefact for a in ATTACKS})} artefacts; "
        f"{len(ATTACKS) - bound} caught by reprollm verify, {len(ATTACKS) - bound - blind} also by "
        f"verify.py, {bound} bound by nothing but the bundle's signature",
    )


def test_the_bundles_under_attack_hold(world: World, unpacked: dict[str, Path]) -> None:
    for path in (world.bundle, world.withheld, *unpacked.values()):
        assert (by_reprollm(path).code, by_verify_py(path).code) == (0, 0)
    for path in unpacked.values():
        asked = by_verify_sql(path, SQL)
        assert asked.returncode == 0, asked.stdout + asked.stderr


def _expect(said: Said, attack: Attack) -> None:
    if attack.level is None:
        assert said.code == 0 and attack.bound, said
        assert "nobody signed the bundle" in str(said.report["levels"][0]["unchecked"])
        return
    assert said.code == 10 + attack.level, said
    assert attack.defect in said.defects


def _brought(demand: str, world: World) -> dict[str, str]:
    """Return what the reader has from elsewhere."""
    if demand == "key":
        return {"key": world.key.verifier().text()}
    if demand == "checkpoint":
        return {"kept": world.kept}
    if demand == "last":
        return {"kept": read_checkpoints(world.ledger)[-1].body()}
    return {}
