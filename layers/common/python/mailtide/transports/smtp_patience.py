"""Patience: how long a relay is waited for; a slow one must not outlive the time for handing over.

Instants are of the monotonic clock. Source: docs/domain/relays.md.
"""

from dataclasses import dataclass

LEAST_SECONDS = 1.0  # that any wait may last beyond the time for handing over
LAST_SECONDS = 10.0  # the same for the answer to a whole message: without it, it is in doubt


@dataclass(frozen=True, slots=True)
class Patience:
    """The ends of all waits of one call."""

    connect_seconds: float
    reply_seconds: float
    end: float  # of the time for handing over

    def to_connect(self, now: float) -> float:
        """Return until when an address of the relay may take to be connected."""
        return min(now + self.connect_seconds, self.end + LEAST_SECONDS)

    def to_reply(self, now: float) -> float:
        """Return until when a reply may take."""
        return min(now + self.reply_seconds, self.end + LEAST_SECONDS)

    def to_answer(self, now: float) -> float:
        """Return until when the answer to a message may take, or what is left of it to leave."""
        return min(now + self.reply_seconds, self.end + LAST_SECONDS)

    @property
    def pause(self) -> float:
        """Return the seconds between two looks at what takes too long."""
        return min(LEAST_SECONDS, self.reply_seconds / 8)
