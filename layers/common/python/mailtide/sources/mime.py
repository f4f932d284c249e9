"""Inbound mail: feedback reports as events; anything else is unknown and has no consequence.

Which message was complained about is read from what we wrote into it ourselves, since most loops
hide the recipient: the envelope sender, or the Message-ID of the enclosed message.
Source: RFC 5965 (feedback reports), RFC 6591 (auth-failure); docs/events.md.
"""

from collections.abc import Iterator
from datetime import datetime
from email import message_from_bytes
from email.message import Message
from email.utils import parsedate_to_datetime

from mailtide.domain.event import Event, EventType
from mailtide.domain.identifiers import is_message_id, parse_verp
from mailtide.domain.message import instant
from mailtide.sources.fields import text, utc

SOURCE = "inbound"
COMPLAINTS = frozenset({"abuse", "fraud", "virus", "other"})
HARMLESS = frozenset({"not-spam", "auth-failure"})  # a kind word; a failure of our DNS, not a wish

_UNDATED = instant(0)
_KEPT = {
    "User-Agent": "user_agent",
    "Source-IP": "source_ip",
    "Reporting-MTA": "reporting_mta",
}
_LONGEST = 300  # characters of a field that are kept


def parse(raw: bytes, received_at: datetime | None = None) -> list[Event]:
    """Read one mail; it never raises, whatever the bytes are.

    A complaint happened when its report reached us; without `received_at` the report's own Date
    stands in, or the arrival of the message that it is about.
    """
    try:
        event = _read(message_from_bytes(raw), received_at)
    except Exception:  # the email package promises not to raise on any bytes, and at times does
        event = None
    return [event or Event(EventType.UNKNOWN, received_at or _UNDATED, SOURCE, "mail")]


def _read(mail: Message, received_at: datetime | None) -> Event | None:
    parts = list(_parts(mail))
    report = next((_inner(p) for p in parts if _is(p, "message/feedback-report")), None)
    if report is None:
        return None
    feedback = _field(report, "Feedback-Type").lower()
    enclosed = next(
        (_inner(p) for p in parts if _is(p, "message/rfc822") or _is(p, "text/rfc822-headers")),
        None,
    )
    tag, message_id = _message(report, enclosed)
    return Event(
        type=_type(feedback),
        occurred_at=received_at or _date(mail, "Date") or _date(report, "Arrival-Date") or _UNDATED,
        source=SOURCE,
        source_type=f"feedback-report/{feedback}",
        message_id=message_id,
        ip_tag=tag,
        recipient=_address(_field(report, "Original-Rcpt-To")) or None,
        data={ours: value for name, ours in _KEPT.items() if (value := _field(report, name))},
    )


def _type(feedback: str) -> EventType:
    if feedback in COMPLAINTS:
        return EventType.COMPLAINED
    return EventType.INFRASTRUCTURE if feedback in HARMLESS else EventType.UNKNOWN


def _parts(mail: Message) -> Iterator[Message]:
    """Yield the parts of the report itself, not those of the mail that it encloses."""
    payload = mail.get_payload()
    if isinstance(payload, list) and _is(mail, "multipart/report"):
        yield from (part for part in payload if isinstance(part, Message))


def _inner(part: Message) -> Message:
    """Return what a part encloses; its headers may lie in it as text."""
    payload = part.get_payload()
    if isinstance(payload, list):
        return payload[0] if payload and isinstance(payload[0], Message) else Message()
    decoded = part.get_payload(decode=True)
    return message_from_bytes(decoded if isinstance(decoded, bytes) else b"")


def _message(report: Message, enclosed: Message | None) -> tuple[str | None, str | None]:
    """Return the sending IP's tag and the message id, as far as the report tells them."""
    senders = [_field(report, "Original-Mail-From")]
    if enclosed is not None:
        senders.append(_field(enclosed, "Return-Path"))
    for sender in senders:
        if found := parse_verp(_address(sender)):
            return found
    local = _address(_field(enclosed, "Message-ID")).partition("@")[0] if enclosed else ""
    return None, local.lower() if is_message_id(local.lower()) else None


def _is(part: Message, content_type: str) -> bool:
    return part.get_content_type() == content_type


def _field(mail: Message, name: str) -> str:
    return text(" ".join(str(mail.get(name, "")).split()), _LONGEST)


def _address(field: str) -> str:
    """Return an address without its brackets and without `rfc822;` before it."""
    return field.rpartition(";")[2].strip().strip("<>")


def _date(mail: Message, name: str) -> datetime | None:
    try:
        return utc(parsedate_to_datetime(_field(mail, name)))
    except (TypeError, ValueError):
        return None
