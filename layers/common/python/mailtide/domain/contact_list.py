"""Contact list: a named set of contacts."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class ContactList:
    """One list of one organisation; its members are kept by contact."""

    org_id: str
    list_id: str
    name: str
    created_at: datetime
    last_sent: datetime | None = None  # when a campaign was last sent to it
