"""A complaint as the product meets it: an RFC 5965 report inside a Stalwart MTA hook request. Pure.

Source: RFC 5965; stalwart crates/smtp/src/inbound/hooks (the request of the DATA stage).
"""

from dataclasses import dataclass
from datetime import datetime
from email.utils import format_datetime
from typing import Any

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
    sender = f"feedback@fbl.{complaint.provider}.example"
    to = report_to or "fbl@" + complaint.envelope_from.rpartition("@")[2]
    contents = _report(complaint)
    headers = [
        ("From", f"<{sender}>"),
        ("To", f"<{to}>"),
        ("Subject", "Abuse report"),
        ("MIME-Version", "1.0"),
        (
            "Content-Type",
            f'multipart/report; report-type=feedback-report; boundary="{_BOUNDARY}"',
        ),
    ]
    return {
        "context": {
            "stage": "data",
            "client": {
                "ip": "192.0.2.25",
                "port": 40112,
                "ptr": f"fbl.{complaint.provider}.example.",
                "helo": f"fbl.{complaint.provider}.example",
                "activeConnections": 1,
            },
            "tls": {"version": "TLSv1.3", "cipher": "TLS13_AES_256_GCM_SHA384"},
            "server": {"name": "Stalwart", "port": 25, "ip": complaint.source_ip},
            "queue": {"id": f"{queue_id:x}"},
            "protocol": {"version": 1},
        },
        "envelope": {"from": {"address": sender}, "to": [{"address": to}]},
        "message": {
            "headers": [[name, f" {value}\r\n"] for name, value in headers],
            "contents": contents,
            "size": len(contents) + sum(len(name) + len(value) + 4 for name, value in headers),
        },
    }


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
