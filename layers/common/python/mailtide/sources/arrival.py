"""Arrival: one mail as it reached us, with the envelope it came in.

Units: bytes.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

# Of a mail that are looked at. What a report says stands near its beginning; a mail that is made
# to be slow takes a second and 90 MB up to here, and would take all memory without an end.
MAX_READ = 300_000


@dataclass(frozen=True, slots=True)
class Arrival:
    """One mail; who sent it, to whom, and what the server that took it says of it."""

    raw: bytes  # at least its first `MAX_READ`
    sender: str | None = None  # envelope sender, "" is the null sender; None: nobody knows
    recipients: tuple[str, ...] = ()  # of the envelope
    received_at: datetime | None = None
    suspect: bool = False  # the server takes it for spam, or found a virus in it
    data: Mapping[str, str] = field(default_factory=dict)  # the server's other findings
