"""Suppression: whom we never write to again, and for which kind of mail.

Source: docs/domain/suppression.md. A marketing unsubscribe does not stop a password reset.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum
from types import MappingProxyType

from mailtide.errors import InvalidInputError

_MOMENT = timedelta(milliseconds=1)  # what instants are stored in


class Stream(StrEnum):
    """What kind of mail a message is."""

    MARKETING = "marketing"
    TRANSACTIONAL = "transactional"


class Extent(StrEnum):
    """Which mail a suppression stops; the API calls it `scope`."""

    ALL = "all"
    MARKETING = "marketing"


class Reason(StrEnum):
    """Why an address is suppressed; each stops a fixed extent of mail."""

    HARD_BOUNCE = "hard_bounce"
    COMPLAINT = "complaint"
    UNSUBSCRIBE = "unsubscribe"
    MANUAL = "manual"
    MANUAL_ALL = "manual_all"  # by hand as well, for mail of every kind


_EXTENT: Mapping[Reason, Extent] = MappingProxyType(
    {
        Reason.HARD_BOUNCE: Extent.ALL,
        Reason.COMPLAINT: Extent.ALL,
        Reason.UNSUBSCRIBE: Extent.MARKETING,
        Reason.MANUAL: Extent.MARKETING,
        Reason.MANUAL_ALL: Extent.ALL,
    }
)


@dataclass(frozen=True, slots=True, order=True)
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
        return _earliest(self.reasons)


@dataclass(frozen=True, slots=True)
class History:
    """All that was ever said about one contact, and until when it was taken back.

    Additions and liftings commute: each part only ever goes one way, and what stands follows from
    them alone. Of each reason the first and the last evidence are enough: something newer than the
    lifting was said if and only if the last is newer.
    """

    first: Mapping[Reason, Evidence] = field(default_factory=dict)
    last: Mapping[Reason, Evidence] = field(default_factory=dict)
    lifted_at: datetime | None = None  # what arose up to then does not stand

    def told(self, reason: Reason, evidence: Evidence) -> "History":
        """Return the history with one more evidence."""
        first = min(evidence, self.first.get(reason, evidence))
        last = max(evidence, self.last.get(reason, evidence))
        return replace(self, first={**self.first, reason: first}, last={**self.last, reason: last})

    def lifted(self, at: datetime) -> "History":
        """Return the history after a lifting of all that arose up to an instant."""
        return replace(self, lifted_at=max(at, self.lifted_at or at))

    def standing(self) -> dict[Reason, Evidence]:
        """Return the reasons that stand, each with its earliest evidence that is known to."""
        found = {}
        for reason, first in self.first.items():
            shown = first if self._stands(first) else self.last[reason]
            if self._stands(shown):
                found[reason] = shown
        return found

    def lifting(self, now: datetime) -> datetime:
        """Return the instant of a lifting that takes all that stands back.

        It may lie after `now`: a source's clock may be ahead of ours.
        """
        return max([now, *(evidence.at for evidence in self.last.values())])

    def renewal(self, now: datetime) -> datetime:
        """Return the instant of a new evidence that no earlier lifting takes back."""
        return now if self._stands(Evidence(now, "")) else (self.lifted_at or now) + _MOMENT

    def _stands(self, evidence: Evidence) -> bool:
        return self.lifted_at is None or evidence.at > self.lifted_at


def extent_of(reason: Reason) -> Extent:
    """Return which mail a reason stops."""
    return _EXTENT[reason]


def shown_as(reason: Reason) -> Reason:
    """Return the word for a reason beside its extent: by hand is by hand."""
    return Reason.MANUAL if reason is Reason.MANUAL_ALL else reason


def reason_of(shown: Reason, extent: Extent | None) -> Reason:
    """Return the reason that a word and an extent mean; without one the word decides.

    Raises:
        InvalidInputError: `suppression_scope`, when the reason stops another extent.
    """
    if shown is Reason.MANUAL and extent is Extent.ALL:
        return Reason.MANUAL_ALL
    if extent in (None, extent_of(shown)):
        return shown
    raise InvalidInputError(
        f"The scope of `{shown_as(shown)}` is `{extent_of(shown)}`; "
        "only `manual` is given another one.",
        code="suppression_scope",
    )


def stops(suppression: Suppression | None, stream: Stream) -> Reason | None:
    """Return the reason that keeps mail of a stream from a contact, or None."""
    if suppression is None:
        return None
    if stream is Stream.MARKETING:
        return suppression.reason
    grave = {r: e for r, e in suppression.reasons.items() if extent_of(r) is Extent.ALL}
    return _earliest(grave) if grave else None


def _earliest(reasons: Mapping[Reason, Evidence]) -> Reason:
    return min(reasons, key=lambda reason: (reasons[reason].at, reason.value))
