"""A complaint as the product meets it: an RFC 5965 report inside a Stalwart MTA hook request. Pure.

Source: RFC 5965.
"""

from dataclasses import dataclass
from datetime import datetime
from email.utils import format_datetime
from typing import Any

from local.receivers.hook import Incoming, request

_BOUNDARY = "feedback-report"
_REDACTED = "redacted"


@dataclass(frozen=True, slots=True)
class Complaint:
    """What the report is about."""

    provider: str
    envelope_from: str
    recipient: str
    identity: str
    source_ip: str
    arrived_at: datetime
    headers: bytes  # of the reported message


def hook_request(complaint: Complaint, *, report_to: str | None, queue_id: int) -> dict[str, Any]:
    """Wrap the report of a complaint as Stalwart's hook sends it, ready for JSON."""
    host = f"fbl.{complaint.provider}.example"
    sender = f"feedback@{host}"
    to = report_to or "fbl@" + complaint.envelope_from.rpartition("@")[2]
    headers = (
        ("From", f"<{sender}>"),
        ("To", f"<{to}>"),
        ("Subject", "Abuse report"),
        ("MIME-Version", "1.0"),
        (
            "Content-Type",
            f'multipart/report; report-type=feedback-report; boundary="{_BOUNDARY}"',
        ),
    )
    mail = Incoming(sender, to, headers, _report(complaint), host)
    return request(mail, server_ip=complaint.source_ip, queue_id=queue_id)


def _report(complaint: Complaint) -> str:
    domain = complaint.recipient.rpartition("@")[2]
    enclosed = complaint.headers.decode("utf-8", "replace").replace("\r\n", "\n")
    # Most feedback loops hide who complained; the envelope sender is what names the message.
    enclosed = enclosed.replace(complaint.recipient, f"{_REDACTED}@{domain}")
    lines = [
        "This is a multi-part message in MIME format.",
        "",
        f"--{_BOUNDARY}",
        "Content-Type: text/plain; charset=us-ascii",
        "",
        "This is an email abuse report.",
        "",
        f"--{_BOUNDARY}",
        "Content-Type: message/feedback-report",
        "",
        "Feedback-Type: abuse",
        f"User-Agent: {complaint.provider}-FBL/1.0",
        "Version: 1",
        f"Original-Mail-From: <{complaint.envelope_from}>",
        f"Original-Rcpt-To: <{_REDACTED}@{domain}>",
        f"Arrival-Date: {format_datetime(complaint.arrived_at)}",
        f"Reported-Domain: {complaint.identity}",
        f"Source-IP: {complaint.source_ip}",
        "Incidents: 1",
        "",
        f"--{_BOUNDARY}",
        "Content-Type: message/rfc822",
        "",
        f"Return-Path: <{complaint.envelope_from}>",
        *enclosed.split("\n"),
        "",
        "",
        f"--{_BOUNDARY}--",
        "",
    ]
    return "\r\n".join(lines)
