"""The card of a snapshot: what its lock proves, claims, and leaves unknown."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from card.conftest import MakeLock
from command import runner
from gguf_files import METADATA, gguf_bytes, text, texts, u32
from reprollm.card import card_of
from reprollm.card.rows import rows, summary
from reprollm.card.subject import of_record
from reprollm.snapshot import load_lock, pin
from reprollm.snapshot.lock import Lock, write_lock

APACHE = (Path(__file__).parents[2] / "LICENSE").read_text(encoding="utf-8")
SCOUT = "meta-llama/Llama-3.1-8B-Instruct"


def test_a_folders_name_proves_nothing(make_lock: MakeLock) -> None:
    lock = make_lock()
    assert lock.name == "Llama-3.1-8B-Instruct"
    card = card_of(lock)
    assert card.match is None
    assert (card.rated, card.osaid, card.cutoff) == (None, None, None)
    assert (card.licence.identity, card.licence.kind) == (None, "unknown")


def test_a_repository_in_the_lock_says_which_version_it_is(make_lock: MakeLock) -> None:
    card = card_of(make_lock(SCOUT))
    assert card.match is not None
    assert (card.match.version.name, card.match.relation) == ("Llama 3.1", "is")
    assert SCOUT in card.match.evidence
    assert card.cutoff is not None and card.cutoff.month == "2023-12"
    assert card.rated is not None and card.rated.model == "Llama-3.1-405B-Instruct"
    assert (card.licence.identity, card.licence.basis) == ("LicenseRef-llama-3.1", "family")


def test_sizes_of_one_version_may_differ(make_lock: MakeLock) -> None:
    for size, month in (("8B", "2023-03"), ("70B", "2023-12")):
        card = card_of(make_lock(f"meta-llama/Meta-Llama-3-{size}-Instruct"))
        assert card.cutoff is not None and card.cutoff.month == month


def test_an_architecture_that_does_not_fit_speaks_against_the_repository(
    make_lock: MakeLock,
) -> None:
    card = card_of(make_lock("google/gemma-3-27b-it"))
    assert card.match is None
    assert any("gemma3, its files say llama" in remark for remark in card.remarks)


def test_a_claimed_base_is_a_base_and_no_more(make_lock: MakeLock) -> None:
    card = card_of(make_lock("someone/tuned", f"license: llama3.1\nbase_model: {SCOUT}"))
    assert card.match is not None and card.match.relation == "derived from"
    assert not card.own
    shown = dict(rows(card))
    assert "for its base" in shown["training cutoff"]
    assert "(of its base)" in shown["openness"]
    assert (card.licence.identity, card.licence.basis) == ("LicenseRef-llama-3.1", "claim")


def test_an_architecture_of_one_family_is_only_a_remark(make_lock: MakeLock) -> None:
    card = card_of(make_lock(kind="qwen3"))
    assert card.match is None
    assert any("qwen3 is that of Qwen, which anybody may train" in each for each in card.remarks)


def test_a_licence_is_recognised_by_its_words(make_lock: MakeLock) -> None:
    holder = APACHE.replace("[yyyy] [name of copyright owner]", "2025 Some One")
    wrapped = "\n\n".join(" ".join(part.split()) for part in APACHE.split("\n\n"))
    for copy in (APACHE, holder, wrapped.replace('"', "“")):
        licence = card_of(make_lock(LICENSE=copy)).licence
        assert (licence.identity, licence.kind, licence.basis) == (
            "Apache-2.0",
            "permissive",
            "text",
        )
        assert licence.text is not None and licence.text.path == "LICENSE"


def test_a_word_added_to_a_licence_makes_it_unknown(make_lock: MakeLock) -> None:
    lock = make_lock(card="license: apache-2.0", LICENSE="No war.\n" + APACHE)
    licence = card_of(lock).licence
    assert licence.kind == "unknown"
    assert "is none that is known" in licence.evidence
    changed = card_of(make_lock(LICENSE=APACHE + "\nNo commercial use.\n")).licence
    assert (changed.kind, changed.basis) == ("unknown", "title")


def test_where_text_and_claim_differ_the_stricter_class_stands(make_lock: MakeLock) -> None:
    licence = card_of(make_lock(card="license: cc-by-nc-4.0", LICENSE=APACHE)).licence
    assert (licence.identity, licence.kind) == ("Apache-2.0", "research-only")
    assert [other.id for other in licence.others] == ["CC-BY-NC-4.0"]


def test_the_licence_of_the_code_is_not_the_models(make_lock: MakeLock) -> None:
    title = "DEEPSEEK LICENSE AGREEMENT\nVersion 1.0\n"
    licence = card_of(make_lock(LICENSE__CODE=APACHE, LICENSE__MODEL=title)).licence
    assert (licence.identity, licence.kind) == ("LicenseRef-deepseek", "community")


def test_a_licence_nobody_knows_gets_a_reference_and_the_texts_digest(make_lock: MakeLock) -> None:
    lock = make_lock(card="license: other\nlicense_name: my own licence", LICENSE="Ask me.\n")
    licence = card_of(lock).licence
    assert (licence.identity, licence.kind) == ("LicenseRef-my-own-licence", "unknown")
    assert licence.text is not None
    assert licence.text.sha256 == next(f.sha256 for f in lock.files if f.path == "LICENSE")


@pytest.mark.parametrize(
    "card",
    [
        "base_model: [org/a, 'org/b']\nlanguage: en\ndatasets: []",
        "language:\n- en\nbase_model:\n- org/a   # the base\n- org/b\nother:\n- x",
        'base_model:\n  - "org/a"\n  - org/b\nlanguage: "en"',
    ],
)
def test_claims_are_read_in_every_usual_form(card: str, make_lock: MakeLock) -> None:
    claims = make_lock(card=card).licence.claims
    assert claims is not None
    assert claims.base_model == ("org/a", "org/b")
    assert claims.language == ("en",)


def test_a_hostile_front_matter_costs_nothing_and_shows_nothing(make_lock: MakeLock) -> None:
    bomb = "a: &a [x,x]\n" + "\n".join(f"b{n}: &b{n} [*a,*a]" for n in range(2000))
    card = f"license: \x1b[31mred\n{bomb}\nbase_model:\n" + "- x\n" * 5000
    claims = make_lock(card=card).licence.claims
    assert claims is not None
    assert len(claims.base_model) == 100


def test_a_lock_of_the_first_form_has_a_card_too(make_lock: MakeLock, tmp_path: Path) -> None:
    lock = make_lock(card="license: gemma", LICENSE=APACHE)
    old = replace(lock, licence=replace(lock.licence, files=(), claims=None))
    path = tmp_path / "old.lock.json"
    path.write_text(_first_form(old), encoding="utf-8")
    card = card_of(load_lock(path))
    assert (card.licence.identity, card.licence.basis) == ("LicenseRef-gemma", "claim")


def _first_form(lock: Lock) -> str:
    import json

    value = json.loads(replace(lock, schema="reprollm/lock/1").to_json())
    del value["licence"]["files"], value["licence"]["claims"]
    return json.dumps(value)


def test_names_of_another_hub_prove_nothing(make_lock: MakeLock) -> None:
    lock = make_lock(SCOUT)
    assert lock.hub is not None
    card = card_of(replace(lock, hub=replace(lock.hub, host="modelscope")))
    assert card.match is None
    assert any("of modelscope, where names are not known" in remark for remark in card.remarks)


def test_hostile_claims_reach_the_terminal_as_escapes(
    make_lock: MakeLock,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    lock = make_lock(
        "meta-llama/Llama-3.1-\x1b[2J",
        "license: \x1b]0;x\nlicense_name: a\u202eb",
        LICENSE="\x1b[0m",
    )
    path = tmp_path / "x.lock.json"
    write_lock(lock, path, replace=False)
    run = runner(monkeypatch, capsys)
    shown, as_json = run("model", "show", str(path)), run("model", "show", str(path), "--json")
    assert shown.code == as_json.code == 0
    assert as_json.out.isascii()
    for hidden in ("\x1b", "\u202e"):
        assert hidden not in shown.out


def test_a_record_of_a_ledger_gives_the_same_card_as_the_lock(make_lock: MakeLock) -> None:
    lock = make_lock(SCOUT, "license: llama3.1", LICENSE=APACHE)
    assert card_of(of_record(lock.to_record())) == card_of(lock)
    assert summary(card_of(lock)) == (
        "licence Apache-2.0 (community); training data closed (European Open Source AI Index); "
        "training cutoff 2023-12"
    )


def test_a_gguf_file_without_a_card_speaks_for_itself(tmp_path: Path) -> None:
    said = {
        "general.license": text("llama3.1"),
        "general.base_model.count": u32(1),
        "general.base_model.0.repo_url": text(f"https://huggingface.co/{SCOUT}"),
        "general.languages": texts("en", "de"),
    }
    (tmp_path / "model").mkdir()
    (tmp_path / "model" / "x.gguf").write_bytes(gguf_bytes({**METADATA, **said}))
    lock = pin(tmp_path / "model")
    card = card_of(lock)
    assert (card.licence.identity, card.licence.basis) == ("LicenseRef-llama-3.1", "claim")
    assert card.match is not None
    assert (card.match.version.name, card.match.relation) == ("Llama 3.1", "derived from")
    assert lock.licence.claims is not None and lock.licence.claims.language == ("en", "de")


@pytest.mark.parametrize(
    "facts",
    [
        {"adapter": {"base_model": SCOUT}},
        {"merge": {"base": None, "models": ["org/other", SCOUT]}},
    ],
)
def test_adapters_and_merges_are_derived_from_what_they_name(facts: dict[str, object]) -> None:
    found = card_of(of_record({"name": "x", "facts": facts})).match
    assert found is not None
    assert (found.version.name, found.relation) == ("Llama 3.1", "derived from")


@pytest.mark.parametrize("facts", [None, [], {"licence": 5, "hub": {"repo": 1}, "model_type": 7}])
def test_a_record_in_no_known_form_says_nothing(facts: object) -> None:
    assert card_of(of_record({"name": "x", "facts": facts})).match is None
