"""SES's crew without threads: a call is made when it is started, so that a life can be repeated."""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field

from mailtide.transports.ses_call import Done


@dataclass(slots=True)
class AtOnce:
    """Makes each call at once, one after the other."""

    sleep: Callable[[float], None]
    ended: deque[Done] = field(default_factory=deque)

    @property
    def in_flight(self) -> int:
        """How many results were not taken yet."""
        return len(self.ended)

    def start(self, call: Callable[[], Done]) -> None:
        """Make a call."""
        self.ended.append(call())

    def next(self, seconds: float | None = None) -> Done | None:
        """Return what a call came to; None, `seconds` later, when there was none."""
        if self.ended:
            return self.ended.popleft()
        if seconds:
            self.sleep(seconds)
        return None

    def wait(self) -> None:
        """Forget what the calls came to."""
        self.ended.clear()
