"""SES's shared rate in memory."""

from dataclasses import dataclass
from datetime import datetime

from mailtide.domain import ses_rate as rules
from mailtide.domain.ses_rate import Booking


@dataclass(slots=True)
class SesRate:
    """The next free instant."""

    free_at: datetime | None = None

    def book(self, wanted: int, rate: float, now: datetime, until: datetime) -> Booking | None:
        """Book instants for up to `wanted` messages; None when none is left before `until`."""
        booking = rules.book(self.free_at, wanted, rate, now, until)
        if booking is not None:
            self.free_at = booking.end
        return booking

    def hold(self, until: datetime) -> None:
        """Let nobody book an instant before `until`."""
        self.free_at = until if self.free_at is None else max(self.free_at, until)
