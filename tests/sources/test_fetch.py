"""Fetching from both hubs, against stand-ins on loopback (see `hub_stand_in`)."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest

from reprollm.errors import (
    Busy,
    InvalidInput,
    SnapshotChanged,
    SnapshotRefused,
    SourceFailed,
    StorageFailed,
)
from reprollm.snapshot import pin
from reprollm.snapshot.check import verify
from reprollm.sources.fetch import Fetched, fetch, survey
from reprollm.sources.host import Host
from reprollm.sources.huggingface import HuggingFace
from reprollm.sources.modelscope import ModelScope
from reprollm.sources.reference import Reference, parse_reference
from sources.hub_stand_in import COMMIT, Repository, StandIn, sha256

HERE = Reference("org/tiny", COMMIT)
HOSTS: dict[str, Callable[[StandIn], Host]] = {
    "hub": lambda running: HuggingFace(running.address),
    "modelscope": lambda running: ModelScope({"MODELSCOPE_DOMAIN": running.address}),
}
both = pytest.mark.parametrize("kind", HOSTS)


@contextmanager
def quiet(what: str, total: int) -> Iterator[Callable[[int], None]]:
    yield lambda count: None


def bring(
    host: Host, into: Path = Path("tiny"), exclude: Sequence[str] = (), include: Sequence[str] = ()
) -> Fetched:
    return fetch(host, HERE, survey(host, HERE, include, exclude), into, exclude, quiet)


@pytest.fixture(autouse=True)
def no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("reprollm.sources.transfer.time.sleep", lambda seconds: None)


@both
def test_a_model_arrives_whole_and_is_pinned_with_where_it_came_from(
    kind: str, hub: StandIn, model_files: dict[str, bytes]
) -> None:
    fetched = bring(HOSTS[kind](hub))
    there = {path.name: path.read_bytes() for path in Path("tiny").iterdir()}
    assert there == model_files
    assert fetched.lock.hub is not None
    assert (fetched.lock.hub.repo, fetched.lock.hub.commit) == ("org/tiny", COMMIT)
    assert fetched.lock.hub.host == (None if kind == "hub" else "modelscope")
    assert fetched.lock.snapshot == pin(Path("tiny")).snapshot
    verify(Path("tiny"), fetched.lock)
    assert fetched.lock.licence.claims is not None
    assert fetched.lock.licence.claims.base_model == ("org/base",)
    assert [path.name for path in Path().iterdir()] == ["tiny"]


@both
def test_pickles_and_code_are_left_out_and_listed(kind: str, hub: StandIn) -> None:
    fetched = bring(HOSTS[kind](hub))
    assert fetched.left == (
        ("modeling_tiny.py", "code"),
        ("pytorch_model.bin", "weights that may run code when loaded"),
    )
    assert not hub.repository.asked(".bin") and not hub.repository.asked("modeling_tiny")


@both
def test_a_hub_that_lies_about_a_file_is_refused(kind: str, hub: StandIn) -> None:
    path = "model-00001-of-00002.safetensors"
    true = hub.repository.files[path]
    hub.repository.lies[path] = true[:-1] + bytes([true[-1] ^ 1])
    with pytest.raises(SnapshotChanged, match=sha256(true)):
        bring(HOSTS[kind](hub))
    assert not Path("tiny").exists()
    del hub.repository.lies[path]
    assert bring(HOSTS[kind](hub)).lock.snapshot == pin(Path("tiny")).snapshot


def test_a_small_file_is_checked_by_its_git_blob_id(hub: StandIn) -> None:
    content = hub.repository.files["config.json"]
    hub.repository.lies["config.json"] = content.replace(b"64", b"65")
    with pytest.raises(SnapshotChanged, match="Git blob id"):
        bring(HOSTS["hub"](hub))


@both
def test_a_hub_that_sends_more_than_it_lists_is_cut_off(kind: str, hub: StandIn) -> None:
    path = "model-00002-of-00002.safetensors"
    hub.repository.lies[path] = hub.repository.files[path] + b"\0"
    with pytest.raises(SnapshotChanged, match="found more"):
        bring(HOSTS[kind](hub))


@both
def test_a_broken_connection_is_continued_where_it_broke(kind: str, hub: StandIn) -> None:
    hub.repository.cut, hub.repository.cuts = 40_000, 2
    bring(HOSTS[kind](hub))
    ranges = dict.fromkeys(asked for _, asked, _ in hub.repository.requests if asked)
    assert list(ranges) == ["bytes=40000-", "bytes=80000-"]


NOWHERE = "http://127.0.0.1:9"


@both
def test_a_hub_that_is_not_there_ends_in_a_sentence(kind: str) -> None:
    host = HOSTS[kind](StandIn(NOWHERE, NOWHERE, Repository({})))
    with pytest.raises(SourceFailed, match=NOWHERE):
        survey(host, HERE)
    with pytest.raises(InvalidInput, match="page of the model's commits"):
        parse_reference("org/tiny@main", host.commit_of)


@both
def test_a_hub_that_answers_in_another_form_ends_in_a_sentence(kind: str, hub: StandIn) -> None:
    hub.repository.listed = [{"type": "file", "Type": "blob"}]
    with pytest.raises((SourceFailed, SnapshotRefused)):
        survey(HOSTS[kind](hub), HERE)
    hub.repository.lies["api"] = b"<html>"
    with pytest.raises(SourceFailed):
        survey(HOSTS[kind](hub), HERE)


def test_a_reply_that_will_not_change_is_not_asked_for_again(hub: StandIn) -> None:
    hub.repository.status = 451
    with pytest.raises(SourceFailed, match="HTTP 451"):
        bring(HOSTS["hub"](hub))
    assert len(hub.repository.asked("/resolve/")) == 1


def test_a_hub_that_always_breaks_off_ends_in_a_sentence_and_leaves_nothing_whole(
    hub: StandIn,
) -> None:
    hub.repository.cut, hub.repository.cuts = 0, 1000
    with pytest.raises(SourceFailed, match="start the command again to go on"):
        bring(HOSTS["hub"](hub))
    assert not Path("tiny").exists()


@both
@pytest.mark.parametrize("revision", ["main", "master", "", "0123456"])
def test_names_that_move_are_refused_with_the_commit_they_mean(
    kind: str, revision: str, hub: StandIn
) -> None:
    hub.repository.names["0123456"] = COMMIT
    text = f"org/tiny@{revision}" if revision else "org/tiny"
    with pytest.raises(InvalidInput, match=f"at this moment it is org/tiny@{COMMIT}"):
        parse_reference(text, HOSTS[kind](hub).commit_of)


def test_a_name_that_the_hub_does_not_know_is_refused_too(hub: StandIn) -> None:
    with pytest.raises(InvalidInput, match="page of the model's commits shows it"):
        parse_reference("org/tiny@v9", HuggingFace(hub.address).commit_of)


@pytest.mark.parametrize("text", ["tiny", "../x@" + COMMIT, "org/tiny/x@" + COMMIT, "@" + COMMIT])
def test_what_names_no_repository_is_refused(text: str) -> None:
    with pytest.raises(InvalidInput, match="expected a repository and a commit"):
        parse_reference(text, lambda repo, revision: None)


@both
def test_a_commit_that_does_not_exist_is_refused(kind: str, hub: StandIn) -> None:
    host = HOSTS[kind](hub)
    with pytest.raises(InvalidInput, match="HTTP 404"):
        survey(host, Reference("org/tiny", "f" * 40))


@both
def test_a_gated_model_says_which_variable_holds_the_token(kind: str, hub: StandIn) -> None:
    hub.repository.gated = True
    variable = "HF_TOKEN" if kind == "hub" else "MODELSCOPE_API_TOKEN"
    with pytest.raises(InvalidInput, match=f"accept its licence .* set {variable}"):
        survey(HOSTS[kind](hub), HERE)


def test_a_token_reaches_the_hub_but_not_the_host_it_redirects_to(
    hub: StandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_TOKEN", "hf_secret")
    hub.repository.gated = False
    bring(HOSTS["hub"](hub))
    assert {secret for _, _, secret in hub.repository.asked("/resolve/")} == {"Bearer hf_secret"}
    assert {secret for _, _, secret in hub.repository.asked("/cdn/")} == {None}


@pytest.mark.parametrize("path", ["../evil.json", "/etc/x.json", "a/../../b.json", "a\u202e.json"])
def test_paths_that_lead_out_of_the_folder_are_refused(path: str, hub: StandIn) -> None:
    hub.repository.listed = [{"type": "file", "path": path, "size": 1, "oid": "1" * 40}]
    with pytest.raises(SnapshotRefused):
        survey(HOSTS["hub"](hub), HERE)


@pytest.mark.parametrize(
    "entry",
    [
        {"type": "file", "path": "a.json", "size": -1, "oid": "1" * 40},
        {"type": "file", "path": "a.json", "size": 1, "oid": "main"},
        {"type": "file", "path": "a.json", "size": "1", "oid": "1" * 40},
    ],
)
def test_a_listing_without_size_or_digest_is_refused(
    entry: dict[str, object], hub: StandIn
) -> None:
    hub.repository.listed = [entry]
    with pytest.raises(SnapshotRefused):
        survey(HOSTS["hub"](hub), HERE)


def test_a_modelscope_file_without_a_digest_is_refused(hub: StandIn) -> None:
    hub.repository.listed = [{"Type": "blob", "Path": "model.safetensors", "Size": 5}]
    with pytest.raises(SnapshotRefused, match="digest"):
        survey(HOSTS["modelscope"](hub), HERE)


def test_a_repository_of_pickles_alone_is_refused(hub: StandIn) -> None:
    for path in [path for path in hub.repository.files if path.endswith(".safetensors")]:
        del hub.repository.files[path]
    with pytest.raises(InvalidInput, match=r"found none to fetch .*pytorch_model.bin"):
        survey(HOSTS["hub"](hub), HERE)


def test_of_the_weights_only_the_included_are_taken(hub: StandIn) -> None:
    hub.repository.files |= {"a-Q4_K_M.gguf": b"GGUF1", "a-Q8_0.gguf": b"GGUF2"}
    choice = survey(HOSTS["hub"](hub), HERE, ["*Q4_K_M*"], ["*.index.json"])
    weights = [file.path for file in choice.taken if file.is_weights]
    assert weights == ["a-Q4_K_M.gguf"]
    assert ("a-Q8_0.gguf", "not included") in choice.left
    assert ("model.safetensors.index.json", "excluded") in choice.left


def test_a_model_that_asks_for_code_is_refused_before_its_weights_come(hub: StandIn) -> None:
    config = hub.repository.files["config.json"]
    asking = b'{"auto_map": {"AutoModel": "modeling_tiny.X"},' + config.lstrip()[1:]
    hub.repository.files["config.json"] = asking
    with pytest.raises(SnapshotRefused, match="auto_map"):
        bring(HOSTS["hub"](hub))
    assert not hub.repository.asked("/cdn/")
    assert bring(HOSTS["hub"](hub), exclude=["*.py"]).lock.excluded == ("*.py",)


def test_an_index_that_does_not_fit_is_refused_before_the_weights_come(hub: StandIn) -> None:
    hub.repository.files["consolidated.safetensors"] = b"x"
    with pytest.raises(SnapshotRefused, match=r"consolidated\.safetensors"):
        bring(HOSTS["hub"](hub))
    assert not hub.repository.asked("/cdn/")


def test_too_little_room_is_said_before_anything_comes(
    hub: StandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Disk:
        free = 1000

    monkeypatch.setattr("shutil.disk_usage", lambda path: Disk)
    with pytest.raises(StorageFailed, match="1,000 free"):
        bring(HOSTS["hub"](hub))
    assert not hub.repository.asked("/resolve/")


def test_a_folder_that_is_there_is_checked_and_pinned_without_a_download(hub: StandIn) -> None:
    first = bring(HOSTS["hub"](hub))
    asked = len(hub.repository.asked("/resolve/"))
    assert bring(HOSTS["hub"](hub)).lock == first.lock
    assert len(hub.repository.asked("/resolve/")) == asked
    Path("tiny/config.json").write_text("{}")
    with pytest.raises(SnapshotChanged, match=r"config\.json is not what the hub lists"):
        bring(HOSTS["hub"](hub))


def test_what_is_no_longer_listed_or_wanted_leaves_a_begun_download(hub: StandIn) -> None:
    hub.repository.files["model.fp16.safetensors"] = b"x"
    with pytest.raises(SnapshotRefused, match=r"fp16.* --exclude"):
        bring(HOSTS["hub"](hub))
    hub.repository.files["config.json"] += b"\n"
    fetched = bring(HOSTS["hub"](hub), exclude=["*.fp16.*", "tokenizer_config.json"])
    assert Path("tiny/config.json").read_bytes() == hub.repository.files["config.json"]
    assert "tokenizer_config.json" not in {file.path for file in fetched.lock.files}


def test_a_begun_download_of_another_model_is_not_mixed_in(hub: StandIn) -> None:
    hub.repository.cut, hub.repository.cuts = 0, 1000
    with pytest.raises(SourceFailed):
        bring(HOSTS["hub"](hub))
    with pytest.raises(InvalidInput, match="found one of another model"):
        bring(HOSTS["modelscope"](hub))


def test_two_at_once_do_not_write_into_one_folder(hub: StandIn) -> None:
    from filelock import FileLock

    with FileLock("tiny.partial.lock"), pytest.raises(Busy):
        bring(HOSTS["hub"](hub))
