"""The mails of `tests/payloads/mail`, each with the envelope that stands at its top."""

import re
from datetime import UTC, datetime
from pathlib import Path

from mailtide.domain.tracking import Tracker
from mailtide.sources.arrival import Arrival
from tests.collaborators import KEYRING

FOLDER = Path(__file__).parents[2] / "payloads" / "mail"
NAMES = sorted(path.stem for path in FOLDER.glob("*.eml"))
LETTER = "etkmst35e82sipca4pr7lbomb8"  # the message that they are about
NOW = datetime(2026, 9, 1, 12, 0, tzinfo=UTC)
TRACKER = Tracker(KEYRING, "https://t.example.com")

_ENVELOPE = re.compile(rb"Return-Path: <(.*)>\r?\nDelivered-To: (.*)\r?\n")


def mail(name: str, received_at: datetime | None = NOW, *, crlf: bool = True) -> Arrival:
    """Read one mail, with the line ends of the wire or of a file."""
    raw = (FOLDER / f"{name}.eml").read_bytes()
    found = _ENVELOPE.match(raw)
    assert found is not None, name
    rest = raw[found.end() :]
    return Arrival(
        raw=rest.replace(b"\n", b"\r\n") if crlf else rest,
        sender=found[1].decode(),
        recipients=(found[2].decode(),),
        received_at=received_at,
    )
