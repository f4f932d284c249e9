"""Inbound mail: what one mail says, by what it is and by which address of ours it came to.

The address says which message it is about: a report or an auto-reply comes to the envelope sender,
an answer to the reply address, the wish to hear no more to the unsubscribe address. Each of them
proves by a MAC that we wrote it for that message. What is none of these has no consequence.
Source: docs/domain/inbound.md (the table), RFC 3834, RFC 3464, RFC 5965.
"""

from collections.abc import Iterator
from datetime import datetime
from email import message_from_bytes
from email.message import Message
from hashlib import sha256

from mailtide.domain.event import Event, EventType
from mailtide.domain.message import instant
from mailtide.domain.signing import Purpose
from mailtide.domain.tracking import Addressed
from mailtide.sources import auto_reply, dsn, feedback, mail_parts
from mailtide.sources.arrival import MAX_READ, Arrival
from mailtide.sources.enclosed import ReadAddress, proves
from mailtide.sources.mail_parts import field, words

SOURCE = "inbound"
DELIVERY_STATUS = "delivery-status/"  # what the word of a notification begins with
MAX_RECIPIENTS = 100  # of one mail that are looked at
MAIL_RANK = 4  # a notification comes after every word of the relay itself: mail is easily forged

_UNDATED = instant(0)
_BULK = ("List-Id", "List-Post", "List-Unsubscribe")
_SPAM = ("X-Spam-Flag", "X-Spam-Status", "X-SES-Spam-Verdict", "X-SES-Virus-Verdict")
_SAYS_SPAM = ("yes", "fail")
_BOUNCE_SUBJECTS = (
    "delivery",
    "undeliver",
    "mail delivery",
    "mail system error",
    "failure notice",
    "returned mail",
    "message status",
    "warning: could not send",
    "warning: message",
)


def parse(arrival: Arrival, read_address: ReadAddress) -> list[Event]:
    """Read one mail; it never raises, whatever the bytes are.

    What mail tells happened when it reached us, since anybody may write any date; a mail of which
    nobody knows that is dated by itself.
    """
    try:
        mail = message_from_bytes(arrival.raw[:MAX_READ])
        events = list(_events(arrival, mail, read_address))
    except Exception:  # the email package promises not to raise on any bytes, and at times does
        events = []
    return events or [_unknown(arrival, "mail")]


def _events(arrival: Arrival, mail: Message, read_address: ReadAddress) -> Iterator[Event]:
    targets = _targets(arrival, mail, read_address)
    if report := feedback.read(mail, read_address):
        yield _complaint(arrival, mail, report)
    elif notification := dsn.read(mail, read_address):
        yield from _statuses(arrival, mail, notification, targets)
    else:
        kind, reasons = _kind(arrival, mail)
        yield from (_letter(arrival, mail, kind, reasons, target) for target in targets)


def _targets(arrival: Arrival, mail: Message, read_address: ReadAddress) -> list[Addressed]:
    """Return the addresses of ours that the mail came to, each once."""
    found: dict[Addressed, None] = {}
    for written in arrival.recipients[:MAX_RECIPIENTS]:
        addressed = read_address(mail_parts.address(written))
        if addressed is not None:
            found[addressed] = None
    return list(found)


def _kind(arrival: Arrival, mail: Message) -> tuple[str, tuple[str, ...]]:
    """Return what a mail that is no report is, and why it is taken for a program's."""
    if arrival.suspect or any(_says_spam(field(mail, name)) for name in _SPAM):
        return "spam", ()
    if any(mail.get(name) is not None for name in _BULK) or field(mail, "Precedence") == "list":
        return "bulk", ()
    if _is_old_bounce(arrival, mail):
        return "bounce", ()
    automatic = auto_reply.reasons(mail, arrival.sender)
    return ("reply", ()) if automatic is None else ("auto-reply", automatic)


def _says_spam(said: str) -> bool:
    return said.lower().startswith(_SAYS_SPAM)


def _is_old_bounce(arrival: Arrival, mail: Message) -> bool:
    """Say whether a mail looks like a bounce of the time before there were reports.

    Which recipient and which reply it means stands in prose, so it has no consequence.
    """
    if mail.get("X-Failed-Recipients") is not None:
        return True
    unsent = not (arrival.sender or "").strip("<> ")
    return unsent and words(mail, "Subject").lower().startswith(_BOUNCE_SUBJECTS)


_MEANINGS: dict[tuple[Purpose, str], EventType] = {
    (Purpose.BOUNCE, "auto-reply"): EventType.AUTO_REPLIED,
    (Purpose.REPLY, "auto-reply"): EventType.AUTO_REPLIED,
    (Purpose.REPLY, "reply"): EventType.REPLIED,
}


def _letter(
    arrival: Arrival, mail: Message, kind: str, reasons: tuple[str, ...], target: Addressed
) -> Event:
    """Return what a mail that is no report says at one address."""
    if target.purpose is Purpose.UNSUBSCRIBE:  # whatever it says, and whoever wrote it
        type_ = EventType.UNSUBSCRIBED
    else:
        type_ = _MEANINGS.get((target.purpose, kind), EventType.UNKNOWN)
    return Event(
        type=type_,
        occurred_at=_at(arrival, mail),
        source=SOURCE,
        source_type=kind,
        message_id=target.message_id,
        ip_tag=target.ip_tag,
        key=_name(arrival, mail),
        data={**arrival.data, **({"reasons": " ".join(reasons)} if reasons else {})},
    )


def _complaint(arrival: Arrival, mail: Message, report: feedback.Feedback) -> Event:
    at = arrival.received_at or mail_parts.date(mail, "Date") or report.arrived_at or _UNDATED
    return Event(
        type=report.type,
        occurred_at=at,
        source=SOURCE,
        source_type=f"feedback-report/{report.word}",
        message_id=report.about.message_id,
        ip_tag=report.about.ip_tag,
        recipient=report.recipient,
        data={**arrival.data, **report.data},
    )


def _statuses(
    arrival: Arrival, mail: Message, notification: dsn.Notification, targets: list[Addressed]
) -> Iterator[Event]:
    """Yield what a notification says of each recipient.

    The message is that of the envelope sender it came to, or else of the one that it encloses. No
    other address of ours will do: replies and unsubscribes go to what every reader is shown.
    """
    about = next(filter(proves, targets), notification.about)
    for number, status in enumerate(notification.statuses):
        yield Event(
            type=status.type,
            occurred_at=_at(arrival, mail),
            source=SOURCE,
            source_type=f"{DELIVERY_STATUS}{status.action}",
            message_id=about.message_id,
            ip_tag=about.ip_tag,
            recipient=status.recipient,
            smtp_code=status.code,
            enhanced_code=status.status,
            smtp_response=status.reply,
            mx_host=status.host,
            rank=MAIL_RANK,
            key=f"{_name(arrival, mail)} {number}",
            data={**arrival.data, "reporting_mta": notification.reporting_mta},
        )


def _unknown(arrival: Arrival, word: str) -> Event:
    return Event(EventType.UNKNOWN, arrival.received_at or _UNDATED, SOURCE, word)


def _at(arrival: Arrival, mail: Message) -> datetime:
    return arrival.received_at or mail_parts.date(mail, "Date") or _UNDATED


def _name(arrival: Arrival, mail: Message) -> str:
    """Return what a mail is known by when it comes again: its own id, or else its content.

    On the way a server adds fields at the top, so only what its writer wrote is looked at.
    """
    own = field(mail, "Message-ID")
    if own:
        return own
    written = [field(mail, name) for name in ("From", "Date", "Subject")]
    body = arrival.raw[:MAX_READ].replace(b"\r\n", b"\n").partition(b"\n\n")[2]
    return sha256("\n".join([*written, ""]).encode() + body).hexdigest()
