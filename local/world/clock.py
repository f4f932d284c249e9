"""A clock that the scheduler moves."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

START = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


@dataclass(slots=True)
class Clock:
    """The world's time; calling it returns the instant."""

    now: datetime = START

    def __call__(self) -> datetime:
        """Return the instant."""
        return self.now

    def advance(self, by: timedelta) -> None:
        """Let time pass."""
        self.now += by

    def forward_to(self, at: datetime) -> None:
        """Jump to an instant; one that has passed changes nothing."""
        self.now = max(self.now, at)
