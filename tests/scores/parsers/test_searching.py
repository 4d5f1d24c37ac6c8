import re
import signal
import threading

import pytest

from reprollm.errors import InvalidInput
from reprollm.scores.parsers.searching import LONGEST_SEARCHED, search


def test_a_pattern_is_searched_in_the_beginning_of_an_output():
    pattern = re.compile("b")
    assert search(pattern, "a" * (LONGEST_SEARCHED - 1) + "b") is not None
    assert search(pattern, "a" * LONGEST_SEARCHED + "b") is None


def test_a_search_without_end_is_broken_off_with_a_sentence():
    before = signal.getsignal(signal.SIGALRM)
    with pytest.raises(InvalidInput, match=r"within 0\.05 seconds, found it still searching"):
        search(re.compile("a*a*a*a*a*b"), "a" * 5_000, seconds=0.05)
    assert signal.getsignal(signal.SIGALRM) == before
    assert signal.getitimer(signal.ITIMER_REAL) == (0, 0)


def test_other_threads_search_too():
    found = []
    thread = threading.Thread(target=lambda: found.append(search(re.compile("b"), "ab")))
    thread.start()
    thread.join()
    assert found[0] is not None
