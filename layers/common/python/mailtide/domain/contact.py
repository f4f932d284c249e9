"""Contact: a person we write to, and how early in a campaign they are served.

Source: docs/domain/ranking.md (engaged first, 90 days).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

ENGAGED_FOR = timedelta(days=90)
_LATEST = 10**11  # epoch seconds in the year 5138: turns "newest first" into "least first"


@dataclass(frozen=True, slots=True)
class Contact:
    """One person of one organisation; `contact_id` is a keyed hash of the address."""

    org_id: str
    contact_id: str
    email: str
    provider: str  # mailbox provider of the address's domain
    created_at: datetime
    attributes: Mapping[str, Any] = field(default_factory=dict)  # JSON, at most 8 KB
    timezone: str | None = None  # IANA name
    last_open_at: datetime | None = None  # last human open
    last_click_at: datetime | None = None  # last human click
    last_reply_at: datetime | None = None  # last answer by a person
    # Known only as the recipient of single messages: in no segment until it is saved or imported.
    messages_only: bool = False


def rank(contact: Contact, now: datetime) -> int:
    """Return the place in line; the least is served first.

    Contacts with a human open, click or reply in the last 90 days come first, the most recent
    before the others; then the newest sign-ups.
    """
    seen = (contact.last_open_at, contact.last_click_at, contact.last_reply_at)
    latest = max((at for at in seen if at is not None), default=None)
    if latest is not None and now - latest <= ENGAGED_FOR:
        return _LATEST - int(latest.timestamp())
    return 2 * _LATEST - int(contact.created_at.timestamp())
