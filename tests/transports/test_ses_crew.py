"""The crew's threads: nothing stays in flight, whatever becomes of a call."""

import threading
from typing import NoReturn

import pytest

from mailtide.transports.ses_crew import Threads


def fails() -> NoReturn:
    raise ZeroDivisionError


def test_a_call_that_fails_is_over() -> None:
    crew = Threads[str](2)
    crew.start(fails)
    with pytest.raises(ZeroDivisionError):
        crew.next()
    assert crew.in_flight == 0


def test_calls_are_made_at_the_same_time() -> None:
    met = threading.Barrier(2, timeout=20)
    crew = Threads[int](2)
    for _ in range(2):
        crew.start(met.wait)
    assert {crew.next(), crew.next()} == {0, 1}


def test_nobody_waits_longer_than_asked() -> None:
    answered = threading.Event()
    crew = Threads[bool](1)
    crew.start(answered.wait)
    assert crew.next(0) is None
    assert crew.in_flight == 1
    answered.set()
    assert crew.next()


def test_who_waits_for_all_hears_of_none() -> None:
    ended = threading.Event()
    crew = Threads[None](2)
    crew.start(fails)
    crew.start(ended.set)
    crew.wait()
    assert ended.is_set()
    assert crew.in_flight == 0
    assert crew.next(0) is None
