from __future__ import annotations

from reprollm.engines.vllm.variables import INVARIANT, PINNED, pin_variables


def test_what_decides_answers_or_reaches_the_network_overrules_the_user() -> None:
    environment = {"VLLM_ENABLE_V1_MULTIPROCESSING": "1", "VLLM_USE_MODELSCOPE": "true"}
    pin_variables(invariant=False, environment=environment, imported=False)
    assert PINNED.items() <= environment.items()


def test_plugins_are_loaded_only_where_the_user_names_them() -> None:
    environment: dict[str, str] = {}
    pin_variables(invariant=False, environment=environment, imported=False)
    assert environment["VLLM_PLUGINS"] == ""
    environment = {"VLLM_PLUGINS": "mine"}
    pin_variables(invariant=False, environment=environment, imported=False)
    assert environment["VLLM_PLUGINS"] == "mine"


def test_batch_invariant_kernels_are_on_where_they_are_wanted_and_nowhere_else() -> None:
    environment = {INVARIANT: "1"}
    assert pin_variables(invariant=False, environment=environment, imported=False) is False
    assert environment[INVARIANT] == "0"
    assert pin_variables(invariant=True, environment=environment, imported=False) is True


def test_kernels_that_were_chosen_before_stay_and_are_said_as_they_are() -> None:
    environment = {INVARIANT: "0"}
    assert pin_variables(invariant=True, environment=environment, imported=True) is False
    assert environment[INVARIANT] == "0"
