"""Rate limit: how many requests of a minute an organisation has left.

Minutes are fixed: a count per minute is one number, and what a burst across a minute's end may
gain is bounded by the throttle in front of all of them.
Units: seconds. Source: draft-ietf-httpapi-ratelimit-headers-07 (the headers); docs/api.md.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

WINDOW = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Allowance:
    """What an organisation may still ask for in the current window, this request included."""

    limit: int
    used: int
    reset_seconds: int  # until the next window

    @property
    def is_over(self) -> bool:
        """Say whether this request is one too many."""
        return self.used > self.limit

    @property
    def headers(self) -> Mapping[str, str]:
        """What every answer says of it."""
        return {
            "RateLimit-Limit": str(self.limit),
            "RateLimit-Remaining": str(max(0, self.limit - self.used)),
            "RateLimit-Reset": str(self.reset_seconds),
        }


def window_of(now: datetime) -> datetime:
    """Return when the window of an instant began."""
    return now.replace(second=0, microsecond=0)


def allowance(limit: int, used: int, now: datetime) -> Allowance:
    """Return what is left after the `used` requests of an instant's window."""
    ends = window_of(now) + WINDOW
    return Allowance(limit, used, max(1, round((ends - now).total_seconds())))
