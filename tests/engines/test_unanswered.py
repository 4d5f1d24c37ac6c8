"""What a failure record says of an exception."""

import pytest

from reprollm.engines.unanswered import failure_message


def raised(error: Exception) -> Exception:
    with pytest.raises(type(error)) as caught:
        raise error
    return caught.value


def test_a_failure_says_where_it_arose_and_nothing_that_the_library_said() -> None:
    message = failure_message(raised(ValueError("prompt [17, 4711] of 2 tokens: 'Vnd er sprach'")))
    assert message.startswith(f"raised in {__name__}, line ")
    for secret in ("4711", "tokens", "sprach"):
        assert secret not in message


@pytest.mark.parametrize(
    "error", [MemoryError(), RuntimeError("CUDA out of memory. Tried to allocate 4711 bytes")]
)
def test_want_of_memory_is_named_without_its_size(error: Exception) -> None:
    assert failure_message(raised(error)) == "the memory is not enough for this request alone"


def test_an_exception_that_was_never_raised_has_a_message_too() -> None:
    assert "nowhere in particular" in failure_message(ValueError("x"))
