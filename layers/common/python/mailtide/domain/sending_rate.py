"""Sending rate: how many messages may leave in a minute, hour or day, as a customer sets it.

A limit belongs to a sender identity or a sending IP, and is about one mailbox provider or all mail.
Windows are fixed and in UTC, so what counts against a limit is one number; a burst over a window's
end may bring twice the limit within one window's length, and never more within a window.
Units: messages. Source: docs/domain/rates.md.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any

from mailtide.domain import provider as providers
from mailtide.errors import InvalidInputError

ROUND = timedelta(hours=1)  # of a waiting line, at least: nobody is kept longer without a look
MOST = 20  # limits of one identity or IP: each one that applies costs writes for each block


class Per(StrEnum):
    """How long a window is."""

    MINUTE = "minute"
    HOUR = "hour"
    DAY = "day"

    @property
    def length(self) -> timedelta:
        """The length of a window."""
        return _LENGTHS[self]

    def begin(self, at: datetime) -> datetime:
        """Return when the window of an instant began."""
        day = at.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
        return day + (at - day) // self.length * self.length


_LENGTHS = {
    Per.MINUTE: timedelta(minutes=1),
    Per.HOUR: timedelta(hours=1),
    Per.DAY: timedelta(days=1),
}


@dataclass(frozen=True, slots=True)
class RateLimit:
    """At most so many messages in each window."""

    messages: int
    per: Per
    provider: str | None = None  # None: all mail; `other`: whoever is no provider that we know

    def covers(self, provider: str) -> bool:
        """Say whether mail to a mailbox provider counts."""
        if self.provider is None or self.provider == provider:
            return True
        return self.provider == providers.OTHER and providers.is_other(provider)


class Owner(StrEnum):
    """What has limits."""

    IDENTITY = "identity"
    IP = "ip"


@dataclass(frozen=True, slots=True)
class Meter:
    """What one limit counts; another number of messages leaves it the same meter."""

    org_id: str
    owner: Owner
    owner_id: str
    provider: str | None
    per: Per


@dataclass(frozen=True, slots=True)
class Gate:
    """A limit in one of its windows."""

    meter: Meter
    limit: RateLimit
    began: datetime

    @property
    def ends(self) -> datetime:
        """When the next window begins."""
        return self.began + self.limit.per.length


@dataclass(frozen=True, slots=True)
class Holder:
    """Who reserves: the same block meets its own places again when it is run again."""

    batch: str  # campaign, shard and batch id
    block: int  # index of the block's first recipient


def kept(written: Iterable[Mapping[str, Any]]) -> tuple[RateLimit, ...]:
    """Return limits that were checked before: `messages`, `per` and `provider` of each."""
    return tuple(
        RateLimit(int(one["messages"]), Per(one["per"]), one.get("provider")) for one in written
    )


def checked(given: Iterable[Mapping[str, Any]]) -> tuple[RateLimit, ...]:
    """Return limits as somebody wants to have them, in the same form.

    Raises:
        InvalidInputError: too many; two for the same; a provider that nobody's mail counts for.
    """
    limits = kept(given)
    if len(limits) > MOST:
        raise _refused("rate_limits", f"there are at most {MOST} of them")
    seen: set[tuple[str | None, Per]] = set()
    for i, limit in enumerate(limits):
        if (limit.provider, limit.per) in seen:
            raise _refused(f"rate_limits.{i}", "an earlier one has the same provider and window")
        if limit.provider is not None and not providers.exists(limit.provider):
            detail = f"`{limit.provider[:100]}` is no mailbox provider; null is all mail"
            raise _refused(f"rate_limits.{i}.provider", detail)
        seen.add((limit.provider, limit.per))
    return limits


def written(limits: Iterable[RateLimit]) -> list[dict[str, Any]]:
    """Return what `kept` reads."""
    return [
        {"messages": one.messages, "per": one.per.value}
        | ({} if one.provider is None else {"provider": one.provider})
        for one in limits
    ]


def gates(
    org_id: str, owner: Owner, owner_id: str, limits: Iterable[RateLimit], at: datetime
) -> tuple[Gate, ...]:
    """Return the limits of an identity or IP, each in its window of an instant."""
    return tuple(
        Gate(Meter(org_id, owner, owner_id, one.provider, one.per), one, one.per.begin(at))
        for one in limits
    )


def turn(free_at: datetime | None, count: int, gate: Gate) -> tuple[datetime, datetime]:
    """Return when those who found a gate shut have their turn, and when the next ones have.

    Virtual scheduling, as for SES (domain/ses_rate.py): one instant is the whole waiting line. What
    waits is spread over the coming windows as far as each of them goes. More than one window takes
    are looked at in its turn all the same, and the rest of them joins the line again.

    The line is a round: behind its end the turns begin anew. Nobody takes a turn back, of a
    campaign that was cancelled or of a limit that was raised, so the windows that such turns stand
    for would pass unused. As it is, each window of the round is somebody's, and whoever waits is
    looked at once in a round.

    Args:
        free_at: when whoever joins now has a turn; None when nobody ever waited.
        count: messages that wait together, at least 1.
        gate: the limit that is used up.
    """
    length = gate.limit.per.length
    first = gate.ends if free_at is None else max(free_at, gate.ends)
    if first >= gate.ends + max(ROUND, length):
        first = gate.ends
    taken = length * min(count, gate.limit.messages) / gate.limit.messages
    return first, first + taken


def _refused(place: str, detail: str) -> InvalidInputError:
    places = [{"at": f"body.{place}", "detail": detail}]
    return InvalidInputError(f"body.{place}: {detail}", errors=places)
