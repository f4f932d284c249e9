"""Feedback reports: who was complained about, in whose words.

Which message it was is read from what we wrote into it ourselves, since most loops hide the
recipient: the envelope sender.
Source: RFC 5965 (feedback reports), RFC 6591 (auth-failure); docs/events.md.
"""

from dataclasses import dataclass
from datetime import datetime
from email.message import Message

from mailtide.domain.event import EventType
from mailtide.domain.tracking import Addressed
from mailtide.sources import mail_parts
from mailtide.sources.enclosed import ReadAddress, named
from mailtide.sources.mail_parts import address, field, inner

COMPLAINTS = frozenset({"abuse", "fraud", "virus", "other"})
HARMLESS = frozenset({"not-spam", "auth-failure"})  # a kind word; a failure of our DNS, not a wish

_KEPT = {
    "User-Agent": "user_agent",
    "Source-IP": "source_ip",
    "Reporting-MTA": "reporting_mta",
}


@dataclass(frozen=True, slots=True)
class Feedback:
    """One feedback report, read."""

    word: str  # its Feedback-Type
    about: Addressed  # the envelope sender that it names
    recipient: str | None
    arrived_at: datetime | None  # the message it is about
    data: dict[str, str]

    @property
    def type(self) -> EventType:
        """What it is in our words."""
        if self.word in COMPLAINTS:
            return EventType.COMPLAINED
        return EventType.INFRASTRUCTURE if self.word in HARMLESS else EventType.UNKNOWN


def read(mail: Message, read_address: ReadAddress) -> Feedback | None:
    """Read a feedback report; None when the mail is none."""
    parts = mail_parts.report_parts(mail)
    part = mail_parts.find(parts, "message/feedback-report")
    if part is None:
        return None
    report = inner(part)
    return Feedback(
        word=field(report, "Feedback-Type").lower(),
        about=named(parts, read_address, field(report, "Original-Mail-From")),
        recipient=address(field(report, "Original-Rcpt-To")) or None,
        arrived_at=mail_parts.date(report, "Arrival-Date"),
        data={ours: value for name, ours in _KEPT.items() if (value := field(report, name))},
    )
