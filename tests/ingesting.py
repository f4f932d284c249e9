"""The ingest flow in a small world: two messages were sent, and what is told about them."""

import json
from datetime import timedelta
from typing import Any

from local.memory.bucket import Bucket
from local.memory.contacts import Suppressions
from local.memory.events import Events
from local.memory.rows import EventTable
from mailtide.domain.event import EventType
from mailtide.domain.message import EventRow, millis
from mailtide.domain.suppression import Reason
from mailtide.domain.tracking import Tracker
from mailtide.flows.envelope import Hit, hit_key, write_hits
from mailtide.flows.ingest import Ingest
from tests.collaborators import KEYRING, REDACTOR, SEAL, SOURCE, Sources
from tests.rows import ORG, START, contact, message, sent

TRACKER = Tracker(KEYRING, "https://t.example.com")
RECIPIENTS = {"ann@example.com": contact(1), "bob@example.com": contact(2)}
AGENT = "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15) Safari/605"


class World:
    """The flow with everything it talks to; two messages were sent."""

    def __init__(self, events: Events | None = None) -> None:
        self.table = EventTable()
        self.events = events or Events(self.table)
        self.table = self.events.table
        self.bucket = Bucket()
        self.suppressions = Suppressions()
        self.flow = Ingest(
            self.events,
            Sources(),
            self.suppressions,
            self.bucket,
            REDACTOR,
            TRACKER.read_address,
            lambda _, address: RECIPIENTS.get(address.lower()),
        )
        self.events.put_all([sent(1), sent(2)])

    def ingest(self, *events: dict[str, Any], source_id: str = SOURCE) -> dict[str, int]:
        return dict(self.flow.run(webhook(*events, source_id=source_id)))

    def hit(self, *hits: Hit) -> dict[str, int]:
        return dict(self.flow.run(write_hits(list(hits), START)))

    def row(self, key: str, number: int = 1) -> EventRow | None:
        return self.table.get(message(number), key)

    def kept(self, prefix: str) -> list[str]:
        return sorted(key for key in self.bucket.objects if key.startswith(prefix))

    def reasons(self, number: int = 1) -> set[Reason]:
        found = self.suppressions.rows.get((ORG, contact(number)))
        return set(found.reasons) if found else set()


def webhook(*events: dict[str, Any], source_id: str = SOURCE) -> str:
    body = json.dumps({"events": events})
    return json.dumps(
        {
            "source": "stalwart",
            "source_id": source_id,
            "received_at": millis(START),
            "body": body,
        }
    )


def event(word: str, number: int = 1, seconds: int = 60, **data: Any) -> dict[str, Any]:
    sender = bounces_to(number)
    at = (START + timedelta(seconds=seconds)).strftime("%Y-%m-%dT%H:%M:%SZ")
    span = {"queueId": 7, "spanId": seconds, "from": sender, "to": "ann@example.com"}
    return {"id": "1", "createdAt": at, "type": word, "data": {**span, **data}}


def delivered(number: int = 1, seconds: int = 60) -> dict[str, Any]:
    return event("delivery.delivered", number, seconds, code=250, details="OK")


def bounced(number: int = 1, seconds: int = 60) -> dict[str, Any]:
    words = "The email account that you tried to reach does not exist"
    return event("delivery.rcpt-to-rejected", number, seconds, code=550, details=words)


def hit(
    type_: EventType = EventType.OPENED,
    number: int = 1,
    seconds: float = 600,
    agent: str = AGENT,
    request_id: str = "request-1",
) -> Hit:
    at = START + timedelta(seconds=seconds)
    key = hit_key(type_, at, message(number), request_id)
    return Hit(type_, message(number), key, at, "GET", agent, "192.0.2.7")


def mail(
    to: str,
    fields: str = "",
    body: str = "Hello",
    *,
    sender: str = "ann@example.com",
    minutes: float = 60,
    source_id: str = SOURCE,
) -> str:
    """Return the queue's text for a mail that came by the hook; `fields` are lines of its head."""
    headers = [line.split(":", 1) for line in fields.splitlines()]
    hook = {
        "envelope": {"from": {"address": sender}, "to": [{"address": to}]},
        "message": {
            "headers": [[name, f"{value}\r\n"] for name, value in headers],
            "contents": body,
        },
    }
    return json.dumps(
        {
            "source": "inbound",
            "source_id": source_id,
            "received_at": millis(START + timedelta(minutes=minutes)),
            "body": json.dumps(hook),
        }
    )


def reply_to(number: int = 1) -> str:
    """Return the address that replies to a message go to."""
    return TRACKER.reply_address(message(number), "reply.example.com")


def bounces_to(number: int = 1) -> str:
    """Return the envelope sender of a message, which reports of it come to."""
    return SEAL.mail_from("ip1", message(number), "bounce.example.com")


def notification(
    *groups: str, to: str = bounces_to(), id_: str = "dsn.1@mx.example.com", **envelope: Any
) -> str:
    """Return the queue's text for a delivery status notification."""
    head = f"""Message-ID: <{id_}>
Content-Type: multipart/report; report-type=delivery-status; boundary="b\""""
    status = "\r\n\r\n".join(["Reporting-MTA: dns; mx.example.com", *groups])
    body = f"--b\r\nContent-Type: message/delivery-status\r\n\r\n{status}\r\n\r\n--b--\r\n"
    return mail(to, head, body, sender="", **envelope)


def status(action: str, code: str, recipient: str | None = "ann@example.com") -> str:
    """Return what a notification says of one recipient."""
    named = f"Final-Recipient: rfc822; {recipient}\r\n" if recipient else ""
    return f"{named}Action: {action}\r\nStatus: {code}\r\nDiagnostic-Code: smtp; {code} words"


def feedback(number: int = 1, recipient: str | None = None, sender: str | None = None) -> str:
    lines = [
        'Content-Type: multipart/report; report-type=feedback-report; boundary="b"',
        "",
        "--b",
        "Content-Type: message/feedback-report",
        "",
        "Feedback-Type: abuse",
        "User-Agent: test/1",
        "Version: 1",
        f"Original-Mail-From: <{sender or bounces_to(number)}>",
        *([f"Original-Rcpt-To: <{recipient}>"] if recipient else []),
        "",
        "--b--",
        "",
    ]
    head, _, body = "\r\n".join(lines).partition("\r\n\r\n")
    name, _, value = head.partition(":")
    hook = {"message": {"headers": [[name, f"{value}\r\n"]], "contents": body}}
    return json.dumps(
        {
            "source": "inbound",
            "source_id": SOURCE,
            "received_at": millis(START + timedelta(hours=1)),
            "body": json.dumps(hook),
        }
    )
