"""SES crew: threads that make calls, several at a time, for one thread that sees what they bring.

A call to SES is waiting, nearly all of it, so threads are enough to have several in flight.
"""

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from queue import Empty, SimpleQueue
from typing import Generic, TypeVar

T = TypeVar("T")


class Threads(Generic[T]):
    """So many threads, started when they are first needed."""

    def __init__(self, most: int) -> None:
        self._pool = ThreadPoolExecutor(most, thread_name_prefix="ses")
        self._ended: SimpleQueue[Future[T]] = SimpleQueue()
        self._in_flight = 0

    @property
    def in_flight(self) -> int:
        """How many calls were started whose results were not taken yet."""
        return self._in_flight

    def start(self, call: Callable[[], T]) -> None:
        """Let a thread make a call."""
        self._pool.submit(call).add_done_callback(self._ended.put)
        self._in_flight += 1

    def next(self, seconds: float | None = None) -> T | None:
        """Return what a call came to; None when none ends within `seconds`."""
        try:
            ended = self._ended.get(timeout=seconds)
        except Empty:
            return None
        self._in_flight -= 1
        return ended.result()

    def wait(self) -> None:
        """Return when nothing is in flight, and forget what the calls came to."""
        while self._in_flight:
            self._ended.get()
            self._in_flight -= 1
