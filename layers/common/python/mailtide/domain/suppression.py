"""Suppression: whom we never write to again, and for which kind of mail.

Source: docs/domain/suppression.md. A marketing unsubscribe does not stop a password reset.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class Stream(StrEnum):
    """What kind of mail a message is."""

    MARKETING = "marketing"
    TRANSACTIONAL = "transactional"


class Reason(StrEnum):
    """Why an address is suppressed."""

    HARD_BOUNCE = "hard_bounce"
    COMPLAINT = "complaint"
    UNSUBSCRIBE = "unsubscribe"
    MANUAL = "manual"


_STOPS_TRANSACTIONAL = frozenset({Reason.HARD_BOUNCE, Reason.COMPLAINT})


@dataclass(frozen=True, slots=True)
class Evidence:
    """When a reason arose and what shows it (a message id, the receiver's words, a person)."""

    at: datetime
    text: str


@dataclass(frozen=True, slots=True)
class Suppression:
    """All that stands against writing to one contact; `reasons` is never empty."""

    org_id: str
    contact_id: str
    reasons: Mapping[Reason, Evidence]
    email: str | None = None  # erasure drops it and keeps the contact's hash

    @property
    def reason(self) -> Reason:
        """The earliest reason; of two at one instant the first by name."""
        return min(self.reasons, key=lambda reason: (self.reasons[reason].at, reason.value))


def stops(suppression: Suppression | None, stream: Stream) -> Reason | None:
    """Return the reason that keeps mail of a stream from a contact, or None."""
    if suppression is None:
        return None
    if stream is Stream.MARKETING:
        return suppression.reason
    grave = [r for r in suppression.reasons if r in _STOPS_TRANSACTIONAL]
    return min(grave, key=lambda r: (suppression.reasons[r].at, r.value), default=None)
