"""What Stalwart's MTA hook posts when a mail comes in: the request of the stage DATA. Pure.

Source: stalwart crates/smtp/src/inbound/hooks.
"""

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Incoming:
    """One mail on its way to us, with the envelope it comes in."""

    sender: str  # "" is the null sender
    to: str
    headers: tuple[tuple[str, str], ...]
    contents: str  # with CRLF line ends
    host: str  # that brings it


def request(mail: Incoming, *, server_ip: str, queue_id: int) -> dict[str, Any]:
    """Wrap a mail as the hook sends it, ready for JSON."""
    return {
        "context": {
            "stage": "data",
            "client": {
                "ip": "192.0.2.25",
                "port": 40112,
                "ptr": f"{mail.host}.",
                "helo": mail.host,
                "activeConnections": 1,
            },
            "tls": {"version": "TLSv1.3", "cipher": "TLS13_AES_256_GCM_SHA384"},
            "server": {"name": "Stalwart", "port": 25, "ip": server_ip},
            "queue": {"id": f"{queue_id:x}"},
            "protocol": {"version": 1},
        },
        "envelope": {"from": {"address": mail.sender}, "to": [{"address": mail.to}]},
        "message": {
            "headers": [[name, f" {value}\r\n"] for name, value in mail.headers],
            "contents": mail.contents,
            "size": len(mail.contents) + sum(len(n) + len(v) + 4 for n, v in mail.headers),
        },
    }
