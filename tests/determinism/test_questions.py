import hashlib
from pathlib import Path

import pytest

from reprollm.determinism.job import Job, Pass
from reprollm.determinism.questions import invented_texts, longest, questions
from reprollm.determinism.variation import BASELINE, first_worker, other_workers
from reprollm.errors import PromptTooLong
from reprollm.experiment.engine import EngineSettings
from reprollm.snapshot.lock import write_lock
from reprollm.snapshot.model import LocatedModel, Model, load_model, locate_model
from reprollm.snapshot.pin import pin
from tiny_models import BOS, CONTEXT, EOS, PAD, make_llama

SETTINGS = EngineSettings("transformers", "float32", "cpu", "strict", 8)


@pytest.fixture(scope="module")
def located(tmp_path_factory: pytest.TempPathFactory) -> tuple[Model, LocatedModel]:
    folder = tmp_path_factory.mktemp("model")
    lock = folder / "tiny.lock.json"
    write_lock(pin(make_llama(folder / "tiny")), lock, replace=False)
    model = load_model(lock)
    return model, locate_model(model)


def test_every_machine_asks_the_same_texts() -> None:
    texts = list(invented_texts(40))
    assert texts == list(invented_texts(40))
    assert all(8 <= len(text) <= 120 and text.isascii() for text in texts)
    assert len(set(texts)) == 40
    joined = hashlib.sha256("\n".join(texts).encode()).hexdigest()
    assert joined.startswith("6e398617533ec3ec")


def test_every_second_prompt_begins_like_the_others_for_caches_to_reuse(located) -> None:
    asked = questions(*located, SETTINGS, 12, 8)
    shared = [each.prompt_ids[:8] for each in asked[1::2]]
    assert len(set(shared)) == 1
    assert len({each.prompt_ids[:8] for each in asked[::2]}) == 6


def test_greedy_and_sampled_requests_take_turns_and_hold_no_special_token(located) -> None:
    asked = questions(*located, SETTINGS, 12, 8)
    assert [each.settings.greedy for each in asked] == [True, False] * 6
    assert len({each.request for each in asked}) == 12
    for each in asked:
        assert not {PAD, EOS} & set(each.prompt_ids)
        assert each.prompt_ids.count(BOS) == 1
        assert each.settings.stop_ids == (EOS,)
        assert each.settings.max_tokens == 8
    assert longest(asked) == max(len(each.prompt_ids) for each in asked) + 8


def test_another_dtype_asks_other_requests_with_the_same_prompts(located) -> None:
    one = questions(*located, SETTINGS, 4, 8)
    other = questions(*located, EngineSettings("transformers", "bfloat16", "cpu", "fast", 8), 4, 8)
    assert [each.prompt_ids for each in one] == [each.prompt_ids for each in other]
    assert {each.request for each in one}.isdisjoint(each.request for each in other)


def test_answers_that_leave_no_room_for_a_prompt_are_refused(located) -> None:
    with pytest.raises(PromptTooLong, match="--tokens 510"):
        questions(*located, SETTINGS, 4, CONTEXT - 2)
    [asked] = questions(*located, SETTINGS, 1, CONTEXT - 9)
    assert len(asked.prompt_ids) <= 9


def test_one_process_asks_all_that_needs_no_other(located) -> None:
    worker = first_worker(SETTINGS, 7)
    names = [variation.name for variation, _ in worker.passes]
    assert names == [BASELINE, "again", "shuffled", "one at a time", "by threes"]
    for _, each in worker.passes:
        assert sorted(index for part in each.parts() for index in part) == list(range(7))
    parts = {each.name: [len(part) for part in each.parts()] for _, each in worker.passes}
    assert parts["again"] == [7]
    assert parts["one at a time"] == [1] * 7
    assert parts["by threes"] == [3, 3, 1]
    orders = {each.name: each.order for _, each in worker.passes}
    assert orders["shuffled"] != orders["again"]


def test_the_others_change_one_thing_each() -> None:
    found = {
        variation.name: (worker, variation)
        for worker in other_workers(SETTINGS, 7, 1, (3, 32), True)
        for variation, _ in worker.passes
    }
    assert list(found) == [
        "restarted", "batch size 3", "batch size 32", "2 threads", "plainest kernels",
    ]  # fmt: skip
    assert found["restarted"][0].settings == SETTINGS
    assert found["batch size 32"][0].settings.batch_size == 32
    assert found["2 threads"][0].settings.threads == 2
    assert found["2 threads"][0].variables == {"OMP_NUM_THREADS": "2"}
    assert found["plainest kernels"][0].variables == {"ATEN_CPU_CAPABILITY": "default"}
    counting = [name for name, (_, variation) in found.items() if variation.counts]
    assert counting == ["restarted", "batch size 3", "batch size 32"]


@pytest.mark.parametrize(
    ("family", "device", "threads", "names"),
    [
        ("transformers", "cuda", 16, ["restarted", "1 thread"]),
        ("llamacpp", "cpu", 4, ["restarted", "1 thread"]),
        ("server", "cpu", 1, ["restarted"]),
        ("vllm", "cpu", 1, ["restarted", "2 threads", "plainest kernels"]),
    ],
)
def test_only_what_an_engine_honours_is_varied(family, device, threads, names) -> None:
    settings = EngineSettings(family, "float32", device, "strict", 8)
    workers = other_workers(settings, 4, threads, (), True)
    assert [variation.name for worker in workers for variation, _ in worker.passes] == names


def test_a_job_survives_its_file(located, tmp_path: Path) -> None:
    asked = tuple(questions(*located, SETTINGS, 3, 8))
    job = Job(
        lock=tmp_path / "x.lock.json",
        adapters=((tmp_path / "a.lock.json", "0.5"),),
        run="ab",
        settings=SETTINGS,
        requests=asked,
        passes=(Pass("baseline", (0, 1, 2)), Pass("by threes", (2, 0, 1), 3)),
    )
    assert Job.from_json(job.to_json()) == job
