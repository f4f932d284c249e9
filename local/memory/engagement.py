"""Contacts' engagement in memory."""

from dataclasses import dataclass, field
from datetime import datetime

Seen = tuple[datetime | None, datetime | None, datetime | None]  # last open, click, reply


@dataclass(slots=True)
class Engagement:
    """The last human open, click and reply of the contacts that there are."""

    contacts: set[tuple[str, str]]  # (organisation, contact)
    seen: dict[tuple[str, str], Seen] = field(default_factory=dict)

    def engaged(
        self,
        org_id: str,
        contact_id: str,
        opened_at: datetime | None,
        clicked_at: datetime | None,
        replied_at: datetime | None = None,
    ) -> bool:
        """Set each instant where it is later than what stands; says whether anything changed."""
        if (org_id, contact_id) not in self.contacts:
            return False
        before = self.seen.get((org_id, contact_id), (None, None, None))
        after = (
            _later(before[0], opened_at),
            _later(before[1], clicked_at),
            _later(before[2], replied_at),
        )
        if after != before:
            self.seen[org_id, contact_id] = after
        return after != before


def _later(one: datetime | None, other: datetime | None) -> datetime | None:
    return max((at for at in (one, other) if at is not None), default=None)
