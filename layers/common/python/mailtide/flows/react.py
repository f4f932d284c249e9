"""React: what an event row changes elsewhere: a contact's engagement.

Only later instants win, so order, repeats and lost replies do not matter. A verdict that turns
from human to machine later does not take a contact's engagement back: the next human hit is newer,
and a contact who is served early once too often is harmless.
Source: docs/domain/ranking.md (what engagement is for).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from mailtide.domain.engagement import LAST_CLICK, LAST_OPEN
from mailtide.domain.event import EventType
from mailtide.domain.message import EventRow, instant
from mailtide.flows.rollup import Change, Unreadable


class Contacts(Protocol):
    """The contacts."""

    def engaged(
        self,
        org_id: str,
        contact_id: str,
        opened_at: datetime | None,
        clicked_at: datetime | None,
    ) -> bool:
        """Set the last open and click where they are later than what stands there.

        Says whether anything changed; a contact that is gone stays gone.
        """
        ...


@dataclass(frozen=True, slots=True)
class React:
    """The react flow with its collaborators."""

    contacts: Contacts

    def run(self, records: Sequence[Change | Unreadable]) -> dict[str, int]:
        """Act on one batch of the stream; returns how many contacts changed.

        Records that cannot be read are `rollup`'s to quarantine.
        """
        latest: dict[tuple[str, str], tuple[int | None, int | None]] = {}
        for record in records:
            if isinstance(record, Change) and record.new is not None and _judged(record.new):
                key = (record.new.of.org_id, record.new.of.recipient_id)
                latest[key] = _later(latest.get(key), record.new)
        changed = sum(
            self.contacts.engaged(org_id, contact_id, _instant(opened), _instant(clicked))
            for (org_id, contact_id), (opened, clicked) in latest.items()
        )
        return {"engaged": changed}


def _judged(row: EventRow) -> bool:
    """Say whether a row tells of a human hit."""
    if row.event_type is not EventType.ENGAGEMENT:
        return False
    return any(row.data[name] is not None for name in (LAST_OPEN, LAST_CLICK))


def _later(
    before: tuple[int | None, int | None] | None, row: EventRow
) -> tuple[int | None, int | None]:
    opened, clicked = before or (None, None)
    return _max(opened, row.data[LAST_OPEN]), _max(clicked, row.data[LAST_CLICK])


def _max(one: int | None, other: int | None) -> int | None:
    known = [ms for ms in (one, other) if ms is not None]
    return max(known, default=None)


def _instant(ms: int | None) -> datetime | None:
    return None if ms is None else instant(ms)
