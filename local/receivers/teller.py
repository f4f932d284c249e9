"""Who tells the product what became of a message: each carrier does in words of its own.

The relay posts Stalwart's events to the webhook. How SES tells is `local/ses`.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Protocol

from local.receivers import events
from local.receivers.events import Event, Route, Session, Snowflakes, Span
from local.receivers.ledger import Entry
from local.receivers.providers import Reply


class Teller(Protocol):
    """Tells of one message."""

    def now(self) -> datetime:
        """Return the present instant, as exact as this teller says it."""
        ...

    def accepted(self) -> None:
        """Tell that the carrier has the message."""
        ...

    def delivered(self, at: datetime, words: str) -> None:
        """Tell that the receiver took it, with its words."""
        ...

    def deferred(self, at: datetime, reply: Reply, retry_at: datetime) -> None:
        """Tell that the receiver did not take it now."""
        ...

    def bounced(self, at: datetime, reply: Reply) -> None:
        """Tell that the receiver refused it for good."""
        ...

    def gave_up(self, at: datetime, reply: Reply) -> None:
        """Tell that it was tried long enough."""
        ...

    def complained(self, at: datetime) -> bool:
        """Tell of a complaint; False when the feedback loop has to bring it by mail."""
        ...


@dataclass(frozen=True, slots=True)
class StalwartTeller:
    """The relay of one sending IP."""

    entry: Entry
    queue_name: str
    session: Session
    route: Route
    ids: Snowflakes
    put: Callable[[Iterable[Event]], None]

    def now(self) -> datetime:
        """Return the present second: `createdAt` can say no more."""
        return datetime.now(UTC).replace(microsecond=0)

    def accepted(self) -> None:
        """Tell that the relay queued it."""
        at = self.entry.accepted_at
        self.put([events.queued(at, self._span(0), self.session)])

    def delivered(self, at: datetime, words: str) -> None:
        """Tell of the attempt that succeeded."""
        accepted_at = self.entry.accepted_at
        self.put(events.delivered(at, self._attempt(), self.route, accepted_at, words))

    def deferred(self, at: datetime, reply: Reply, retry_at: datetime) -> None:
        """Tell of an attempt that will be followed by another."""
        accepted_at = self.entry.accepted_at
        self.put(events.deferred(at, self._attempt(), self.route, accepted_at, reply, retry_at))

    def bounced(self, at: datetime, reply: Reply) -> None:
        """Tell of the attempt that was refused."""
        self.put(events.bounced(at, self._attempt(), self.route, self.entry.accepted_at, reply))

    def gave_up(self, at: datetime, reply: Reply) -> None:
        """Tell that the message expired."""
        self.put(events.gave_up(at, self._attempt(), self.route, self.entry.accepted_at, reply))

    def complained(self, at: datetime) -> bool:
        """Leave it to the feedback loop: a relay hears of complaints by mail."""
        return False

    def _attempt(self) -> Span:
        return self._span(self.ids.next(datetime.now(UTC)))

    def _span(self, span_id: int) -> Span:
        local, _, domain = self.entry.envelope_from.rpartition("@")
        return Span(
            span_id=span_id,
            queue_id=int(self.entry.queue_id),
            queue_name=self.queue_name,
            sender=f"{local}@{domain.lower()}",
            recipient=self.entry.recipient,
            size=self.entry.size,
        )
