"""Poll: which connections have something to do, and the wait for that.

`selectors` does the same for two microseconds a message more, which is a tenth of all it costs.
"""

import select
import socket
from collections.abc import Callable
from types import TracebackType
from typing import Self

READ, WRITE = select.POLLIN, select.POLLOUT  # epoll's numbers too

OnEvents = Callable[[int], None]


class Poll:
    """The sockets of one call, each with whom to tell; epoll where there is one."""

    def __init__(self) -> None:
        self._poll = getattr(select, "epoll", select.poll)()
        self._unit = 1.0 if hasattr(select, "epoll") else 1000.0  # poll counts milliseconds
        self._told: dict[int, OnEvents] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if hasattr(self._poll, "close"):
            self._poll.close()

    def register(self, one: socket.socket, events: int, on_events: OnEvents) -> None:
        """Watch a socket."""
        self._poll.register(one.fileno(), events)
        self._told[one.fileno()] = on_events

    def modify(self, one: socket.socket, events: int) -> None:
        """Watch a socket for other events."""
        self._poll.modify(one.fileno(), events)

    def unregister(self, one: socket.socket) -> None:
        """Leave a socket alone."""
        self._poll.unregister(one.fileno())
        del self._told[one.fileno()]

    def wait(self, seconds: float) -> None:
        """Wait for events and tell those they are for.

        Whoever is told may close others. A socket that takes over a number meanwhile is told of an
        event that is not its own, which must do no harm.
        """
        told = self._told
        for number, events in self._poll.poll(seconds * self._unit):
            on_events = told.get(number)
            if on_events is not None:
                on_events(events)
