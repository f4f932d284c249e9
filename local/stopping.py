"""Stopping: a signal is heard once, and nothing interrupts what takes things down."""

import contextlib
import signal
from collections.abc import Iterator
from types import FrameType

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Stopped(BaseException):
    """Somebody asked the program to end; like KeyboardInterrupt no ordinary handler takes it."""

    def __init__(self, number: int) -> None:
        self.exit_status = 128 + number  # as a shell says it
        super().__init__(f"stopped by {signal.Signals(number).name}")


@contextlib.contextmanager
def stoppable() -> Iterator[contextlib.ExitStack]:
    """Give a stack for what has to be taken down, whatever ends the block.

    The first signal raises Stopped in the block. From then on, and whenever the block has ended,
    signals are ignored until all of the stack is taken down. For the main thread only.
    """
    before = {number: signal.signal(number, _stop) for number in SIGNALS}
    try:
        with contextlib.ExitStack() as stack:
            try:
                yield stack
            finally:
                _ignore()
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _stop(number: int, frame: FrameType | None) -> None:
    _ignore()
    raise Stopped(number)


def _ignore() -> None:
    for number in SIGNALS:
        signal.signal(number, signal.SIG_IGN)
