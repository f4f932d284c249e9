"""Delivery status notifications: what a mail server reports of each recipient, by mail.

Servers differ in all that the standard leaves open and in some that it does not: the fields of the
message and of its recipient may stand in one group, an action may be missing or carry a remark, a
reply's lines come joined, a recipient is hidden. What contradicts itself says nothing.
Source: RFC 3464 (fields), RFC 3463 (codes), RFC 6533 (beyond ASCII); docs/domain/inbound.md.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from email.message import Message
from itertools import islice

from mailtide.domain.event import EventType
from mailtide.domain.tracking import Addressed
from mailtide.sources import mail_parts
from mailtide.sources.enclosed import ReadAddress, named
from mailtide.sources.mail_parts import address, field

MAX_GROUPS = 100  # recipients that are read of one report

_STATUS_PARTS = ("message/delivery-status", "message/global-delivery-status")
_LONGEST_REPLY = 2000
_STATUS = re.compile(r"(?<![\d.])([245])\.(\d{1,3})\.(\d{1,3})(?![\d.]*\d)", re.ASCII)
_REPLY = re.compile(r"\s*#?([2-5]\d\d)(?![\d.])[ \t-]*(.*)", re.ASCII | re.DOTALL)
_HOST = re.compile(r"[a-z0-9_-]+(?:\.[a-z0-9_-]+)+", re.ASCII)
_SHOWN = re.compile(r"[^\s@]*[a-z0-9][^\s@]*@[^\s@]+", re.IGNORECASE)
_HIDDEN = frozenset({"redacted", "hidden", "removed", "unknown", "undisclosed"})
_BY_ACTION = {
    "failed": EventType.BOUNCED,
    "delayed": EventType.DEFERRED,
    "delivered": EventType.DELIVERED,
    "expanded": EventType.DELIVERED,  # a list took it, and sends it on to its members
    "relayed": EventType.ACCEPTED,  # to a server that will report no success
}
_BY_CLASS = {"5": "failed", "4": "delayed", "2": "delivered"}
_CLASSES = {"failed": "45", "delayed": "4", "delivered": "2", "expanded": "2", "relayed": "2"}


@dataclass(frozen=True, slots=True)
class Status:
    """What is reported of one recipient."""

    type: EventType
    action: str
    recipient: str | None  # None: it is not named, or hidden
    status: str | None  # enhanced code
    code: int | None
    reply: str | None  # the receiver's words
    host: str | None  # who spoke them


@dataclass(frozen=True, slots=True)
class Notification:
    """One notification, read."""

    about: Addressed  # the envelope sender that it encloses
    reporting_mta: str
    statuses: tuple[Status, ...]


def read(mail: Message, read_address: ReadAddress) -> Notification | None:
    """Read a notification; None when the mail is none."""
    parts = mail_parts.report_parts(mail)
    part = mail_parts.find(parts, *_STATUS_PARTS)
    if part is None:
        return None
    groups = list(islice(mail_parts.blocks(part), MAX_GROUPS + 1))
    reporting = next((r for g in groups if (r := field(g, "Reporting-MTA"))), "")
    about = named(parts, read_address)
    return Notification(about, reporting, tuple(_statuses(groups)))


def _statuses(groups: list[Message]) -> Iterator[Status]:
    for group in groups:
        if any(group.get(name) is not None for name in ("Action", "Status", "Final-Recipient")):
            yield _status(group)


def _status(group: Message) -> Status:
    code, reply = _reply(field(group, "Diagnostic-Code", _LONGEST_REPLY))
    found = _STATUS.search(field(group, "Status")) or _STATUS.search(reply or "")
    status = found[0] if found else None
    action = field(group, "Action").lower().partition(" ")[0]
    action = action or _BY_CLASS.get((status or "")[:1], "")
    fits = status is None or status[0] in _CLASSES.get(action, "")
    return Status(
        type=_BY_ACTION.get(action, EventType.UNKNOWN) if fits else EventType.UNKNOWN,
        action=action,
        recipient=_recipient(group),
        status=status,
        code=code,
        reply=reply,
        host=_host(field(group, "Remote-MTA")),
    )


def _reply(diagnostic: str) -> tuple[int | None, str | None]:
    """Read `smtp; 550 5.1.1 No such user` as a code and words; other types have words alone."""
    _, parted, reply = diagnostic.partition(";")
    reply = (reply if parted else diagnostic).strip()
    found = _REPLY.match(reply)
    if found is None:
        return None, reply or None
    return int(found[1]), found[2].strip() or None


def _recipient(group: Message) -> str | None:
    """Return whom we wrote to, rather than whom that address led to in the end."""
    for name in ("Original-Recipient", "Final-Recipient"):
        shown = address(field(group, name))
        if _SHOWN.fullmatch(shown) and shown.partition("@")[0].lower() not in _HIDDEN:
            return shown
    return None


def _host(mta: str) -> str | None:
    """Read `dns; mx.example.com (192.0.2.1, …)` as the host's name."""
    named_as = mta.rpartition(";")[2].split()
    host = named_as[0].rstrip(".").lower() if named_as else ""
    return host if _HOST.fullmatch(host) else None
