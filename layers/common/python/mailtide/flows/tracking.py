"""Tracking: what a recipient's mail program and browser ask for.

A pixel and a redirect need no database: tokens carry and prove everything, and the hit goes into
the queue. A person is never kept from a page or an image by trouble on our side: such a hit is
counted as lost instead. Unsubscribing is the other way round: it is written before it is answered.
Units: none; the key of a hit is made of the request, so that its repeats are one.
Source: docs/domain/suppression.md; RFC 8058 (one-click unsubscribe).
"""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Protocol

from mailtide.domain.event import EventType
from mailtide.domain.message import EventRow, instant, millis
from mailtide.domain.signing import Purpose
from mailtide.domain.tracking import Link, Tracker
from mailtide.errors import InvalidInputError, NotFoundError, RetryableError
from mailtide.flows.envelope import Hit, Queue, hit_key, write_hits

if TYPE_CHECKING:
    from mailtide.domain.suppression import Suppression

AGENT_LIMIT = 256  # characters that are kept of a user agent


@dataclass(frozen=True, slots=True)
class Visit:
    """When somebody asked, how, and who."""

    at: datetime
    method: str
    user_agent: str
    address: str  # IP
    request_id: str  # the same for no two requests


class Recorded(StrEnum):
    """What became of a hit."""

    QUEUED = "queued"
    LOST = "lost"  # the queue did not take it
    FORGED = "forged"  # the token is not ours


class Messages(Protocol):
    """The messages that were handed over."""

    def sent(self, message_ids: Collection[str]) -> Mapping[str, EventRow]:
        """Read `sent` rows consistently; a message without one is missing."""
        ...


class Suppressions(Protocol):
    """The suppression list."""

    def add(self, suppression: "Suppression") -> None:
        """Add reasons to what stands against a contact; the earliest of each reason is kept."""
        ...


@dataclass(frozen=True, slots=True)
class Rows:
    """What an unsubscribe reads and writes."""

    messages: Messages
    suppressions: Suppressions


@dataclass(frozen=True, slots=True)
class Tracking:
    """The tracking flow with its collaborators."""

    tracker: Tracker
    queue: Queue
    rows: Callable[[], Rows]  # made when somebody unsubscribes; a pixel or a link needs none

    def open(self, token: str, visit: Visit) -> Recorded:
        """Record a fetch of the pixel; never raises for a bad token or our own trouble."""
        try:
            message_id = self.tracker.read_recipient(Purpose.OPEN, token)
        except InvalidInputError:
            return Recorded.FORGED
        return self._try_queue(_hit(EventType.OPENED, message_id, visit))

    def click(self, token: str, link_token: str, visit: Visit) -> tuple[str, Recorded]:
        """Record a click; returns the address it goes to.

        Raises:
            NotFoundError: `token_invalid`, when we did not make this pair of tokens.
        """
        try:
            message_id, link = self.tracker.read_click(token, link_token)
        except InvalidInputError as error:
            raise NotFoundError(error.detail, code=error.code) from error
        hit = _hit(EventType.CLICKED, message_id, visit, link)
        return link.url, self._try_queue(hit)

    def recognise(self, token: str) -> str:
        """Return the message of an unsubscribe token and change nothing.

        Raises:
            NotFoundError: `token_invalid`, when we did not make it.
        """
        try:
            return self.tracker.read_recipient(Purpose.UNSUBSCRIBE, token)
        except InvalidInputError as error:
            raise NotFoundError(error.detail, code=error.code) from error

    def unsubscribe(self, token: str, visit: Visit) -> None:
        """Suppress the message's contact, then queue the event; again changes nothing.

        Raises:
            NotFoundError: `token_invalid`, when we did not make it or its message is long gone.
            RetryableError: when either could not be done; asking again completes it.
        """
        # Pixels and links, which are nearly all visits, start without it.
        from mailtide.domain.suppression import Evidence, Reason, Suppression

        message_id = self.recognise(token)
        rows = self.rows()
        sent = rows.messages.sent([message_id]).get(message_id)
        if sent is None:
            raise NotFoundError("The message of this link is gone.", code="token_invalid")
        org_id, contact_id = sent.of.org_id, sent.of.recipient_id
        evidence = Evidence(instant(millis(visit.at)), f"message {message_id}")
        rows.suppressions.add(Suppression(org_id, contact_id, {Reason.UNSUBSCRIBE: evidence}))
        self._queue(_hit(EventType.UNSUBSCRIBED, message_id, visit))

    def _try_queue(self, hit: Hit) -> Recorded:
        try:
            self._queue(hit)
        except RetryableError:
            return Recorded.LOST
        return Recorded.QUEUED

    def _queue(self, hit: Hit) -> None:
        self.queue.send(write_hits([hit], hit.at))


def _hit(type_: EventType, message_id: str, visit: Visit, link: Link | None = None) -> Hit:
    return Hit(
        type=type_,
        message_id=message_id,
        key=hit_key(type_, visit.at, message_id, visit.request_id),
        at=visit.at,
        method=visit.method,
        user_agent=visit.user_agent[:AGENT_LIMIT],
        address=visit.address,
        link_index=link.index if link else None,
        url=link.url if link else None,
    )
