"""Enclosed: which message of ours a report is about, as far as it proves that it has seen it.

Only the envelope sender proves that: it stands nowhere that a reader is shown by default. A message
id is in every link of the message, so a report that has nothing better names no message.
Source: docs/domain/inbound.md.
"""

from collections.abc import Callable
from email.message import Message

from mailtide.domain.signing import Purpose
from mailtide.domain.tracking import Addressed
from mailtide.sources.mail_parts import address, field, find, inner

ReadAddress = Callable[[str], Addressed | None]

_UNNAMED = Addressed(Purpose.BOUNCE, None)
_HEADERS = ("text/rfc822-headers", "message/rfc822-headers", "message/global-headers")


def named(parts: list[Message], read_address: ReadAddress, *senders: str) -> Addressed:
    """Return what the first envelope sender that we wrote says; without one, that names nothing.

    Args:
        parts: of the report.
        read_address: reads an address of ours, and says whether it is one that we made.
        senders: what the report calls the envelope sender, the most trusted first.
    """
    part = find(parts, "message/rfc822", "message/global", *_HEADERS)
    mail = Message() if part is None else inner(part)
    read = (read_address(address(one)) for one in (*senders, field(mail, "Return-Path")))
    return next((one for one in read if one and proves(one)), _UNNAMED)


def proves(one: Addressed) -> bool:
    """Say whether an address is an envelope sender that we wrote."""
    return one.purpose is Purpose.BOUNCE and one.message_id is not None
