from reprollm.compare.causes import Cause, causes


def test_only_differing_facts_are_named_most_likely_first():
    first = {
        "host": "a",
        "cpu": {"capability": "AVX2"},
        "packages": [{"name": "torch", "version": "2.13"}, {"name": "click", "version": "8"}],
        "engine": {"dtype": "float32"},
    }
    second = {
        "host": "b",
        "cpu": {"capability": "DEFAULT"},
        "packages": [{"name": "click", "version": "8"}, {"name": "torch", "version": "2.12"}],
        "engine": {"dtype": "bfloat16"},
    }
    assert causes(first, second) == [
        Cause("engine.dtype", "float32", "bfloat16"),
        Cause("cpu.capability", "AVX2", "DEFAULT"),
        Cause("packages.torch", "2.13", "2.12"),
        Cause("host", "a", "b"),
    ]


def test_a_fact_that_one_side_lacks_is_absent_there():
    first = {"variables": [{"name": "OMP_NUM_THREADS", "value": "1"}]}
    assert causes(first, {"variables": []}) == [
        Cause("variables.OMP_NUM_THREADS", "1", "absent"),
    ]


def test_what_a_machine_computes_is_not_named_as_a_cause():
    first, second = (
        {"engine": {"probe": {"reference": "a"}}},
        {"engine": {"probe": {"reference": "b"}}},
    )
    assert causes(first, second) == []


def test_equal_environments_have_no_causes():
    facts = {"a": [{"name": "x", "value": "1", "sha256": "0"}], "b": None, "c": [1, 2]}
    assert causes(facts, facts) == []


def test_what_a_run_declares_is_not_named_as_a_cause():
    first = {"engine": {"declared": {"level": "L3", "policy": "strict", "evidence": "a"}}}
    second = {"engine": {"declared": {"level": None, "policy": "strict", "evidence": None}}}
    assert causes(first, second) == []
