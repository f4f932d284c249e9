"""Enclosed: which message of ours a report is about, as far as it shows what we wrote into it."""

from email.message import Message

from mailtide.domain.identifiers import is_message_id, parse_verp
from mailtide.sources.mail_parts import address, field, find, inner


def named(parts: list[Message], *senders: str) -> tuple[str | None, str | None]:
    """Return the sending IP's tag and the message id that a report's parts name.

    Args:
        parts: of the report.
        senders: what the report calls the envelope sender, the most trusted first.
    """
    part = find(parts, "message/rfc822", "message/global", *_HEADERS)
    mail = Message() if part is None else inner(part)
    for sender in (*senders, field(mail, "Return-Path")):
        if found := parse_verp(address(sender)):
            return found
    local = address(field(mail, "Message-ID")).partition("@")[0].lower()
    return None, local if is_message_id(local) else None


_HEADERS = ("text/rfc822-headers", "message/rfc822-headers", "message/global-headers")
