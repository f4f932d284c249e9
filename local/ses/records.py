"""SES's event records of one message, as SNS and EventBridge carry them. Pure.

Source: SES developer guide, "Contents of event data that Amazon SES publishes to Amazon SNS".
"""

from dataclasses import dataclass
from datetime import UTC, datetime
from email import policy
from email.parser import BytesHeaderParser
from typing import Any

from local.receivers.providers import Reply

Record = dict[str, Any]
KINDS = {  # of an event: as an event destination names it
    "Send": "SEND",
    "Delivery": "DELIVERY",
    "Bounce": "BOUNCE",
    "Complaint": "COMPLAINT",
    "DeliveryDelay": "DELIVERY_DELAY",
}
# What SES makes of a reply, by the name of its enhanced code.
_DELAYS = {"4.2.2": "MailboxFull", "4.7.0": "IPFailure"}
_REPORTER = "a8-21.smtp-out.amazonses.com"


@dataclass(frozen=True, slots=True)
class Mail:
    """What every record says of its message."""

    ses_id: str
    sent_at: datetime
    recipient: str
    content: bytes
    configuration_set: str
    tags: dict[str, str]
    account: str
    region: str
    address: str  # of the sending IP


def stamp(at: datetime) -> str:
    """Write an instant as SES does: milliseconds, UTC."""
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def send(mail: Mail) -> Record:
    """SES has the message."""
    return _record("Send", mail, {"send": {}})


def delivery(mail: Mail, at: datetime, words: str) -> Record:
    """The receiver took the message."""
    own = {
        "timestamp": stamp(at),
        "processingTimeMillis": int((at - mail.sent_at).total_seconds() * 1000),
        "recipients": [mail.recipient],
        "smtpResponse": f"250 2.0.0 {words}",
        "reportingMTA": _REPORTER,
    }
    return _record("Delivery", mail, {"delivery": own}, {"ses:outgoing-ip": mail.address})


def delay(mail: Mail, at: datetime, reply: Reply, expires_at: datetime) -> Record:
    """The receiver did not take the message now; SES tries again."""
    own = {
        "timestamp": stamp(at),
        "delayType": _DELAYS.get(reply.enhanced, "General"),
        "expirationTime": stamp(expires_at),
        "delayedRecipients": [_person(mail, reply, "delayed") | {"status": reply.enhanced}],
    }
    return _record("DeliveryDelay", mail, {"deliveryDelay": own}, headers=False)


def bounce(mail: Mail, at: datetime, reply: Reply, kind: str, sub: str) -> Record:
    """The message will not be delivered any more."""
    own = {
        "feedbackId": f"{mail.ses_id}-bounce",
        "bounceType": kind,
        "bounceSubType": sub,
        "bouncedRecipients": [_person(mail, reply, "failed")],
        "timestamp": stamp(at),
        "reportingMTA": f"dns; {_REPORTER}",
    }
    return _record("Bounce", mail, {"bounce": own})


def kept_back(mail: Mail, at: datetime) -> Record:
    """SES did not try: the recipient is on the account's suppression list."""
    words = (
        "Amazon SES did not send the message to this address because it is on the suppression "
        "list for your account."
    )
    person = {
        "emailAddress": mail.recipient,
        "action": "failed",
        "status": "5.1.1",
        "diagnosticCode": words,
    }
    own = {
        "feedbackId": f"{mail.ses_id}-bounce",
        "bounceType": "Permanent",
        "bounceSubType": "OnAccountSuppressionList",
        "bouncedRecipients": [person],
        "timestamp": stamp(at),
        "reportingMTA": "dns; amazonses.com",
    }
    return _record("Bounce", mail, {"bounce": own})


def complaint(mail: Mail, at: datetime) -> Record:
    """The recipient called the message spam."""
    own = {
        "feedbackId": f"{mail.ses_id}-complaint",
        "complainedRecipients": [{"emailAddress": mail.recipient}],
        "timestamp": stamp(at),
        "complaintSubType": None,
        "complaintFeedbackType": "abuse",
        "userAgent": "FBL/1.0",
        "arrivalDate": stamp(mail.sent_at),
    }
    return _record("Complaint", mail, {"complaint": own})


def verdict(reply: Reply) -> tuple[str, str]:
    """Return what SES makes of a final refusal: type and subtype of the bounce."""
    if reply.enhanced.endswith(".2.2"):
        return "Transient", "MailboxFull"
    nobody = reply.enhanced.endswith((".1.1", ".5.0", ".4.1")) or "not found" in reply.text
    return ("Permanent", "General") if nobody else ("Transient", "General")


def _person(mail: Mail, reply: Reply, action: str) -> dict[str, str]:
    """Quote a reply as a delivery status notification does: its codes before every line."""
    enhanced = "" if reply.enhanced.startswith("0.") else f"{reply.enhanced} "
    *first, last = reply.text.split("\n")
    lines = [f"{reply.code}-{enhanced}{line}" for line in first]
    quoted = "\n".join([*lines, f"{reply.code} {enhanced}{last}"])
    return {
        "emailAddress": mail.recipient,
        "action": action,
        "status": reply.enhanced,
        "diagnosticCode": f"smtp; {quoted}",
    }


def _record(
    word: str,
    mail: Mail,
    own: Record,
    more_tags: dict[str, str] | None = None,
    *,
    headers: bool = True,
) -> Record:
    tags = {
        "ses:operation": "SendEmail",
        "ses:configuration-set": mail.configuration_set,
        "ses:source-ip": "192.0.2.200",
        **(more_tags or {}),
        **mail.tags,
    }
    parsed = BytesHeaderParser(policy=policy.default).parsebytes(mail.content)
    sender = str(parsed.get("From", ""))
    told: Record = {
        "timestamp": stamp(mail.sent_at),
        "source": sender,
        "sourceArn": f"arn:aws:ses:{mail.region}:{mail.account}:identity/{_domain(sender)}",
        "sendingAccountId": mail.account,
        "messageId": mail.ses_id,
        "destination": [mail.recipient],
        "headersTruncated": False,
        "tags": {name: [value] for name, value in tags.items()},
    }
    if headers:
        told["headers"] = [{"name": n, "value": str(v)} for n, v in parsed.items()]
        told["commonHeaders"] = {
            "from": [sender],
            "to": [str(parsed.get("To", ""))],
            "messageId": str(parsed.get("Message-ID", "")),
            "subject": str(parsed.get("Subject", "")),
        }
    return {"eventType": word, "mail": told, **own}


def _domain(sender: str) -> str:
    return sender.rpartition("@")[2].strip("<> ")
