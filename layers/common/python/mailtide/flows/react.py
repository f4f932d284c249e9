"""React: what an event row changes elsewhere: a contact's engagement, and triggers fire on it.

Only later instants win, so order, repeats and lost replies do not matter. A verdict that turns
from human to machine later does not take a contact's engagement back: the next human hit is newer,
and a contact who is served early once too often is harmless.
Source: docs/domain/ranking.md (what engagement is for).
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from mailtide.domain.contact import Contact
from mailtide.domain.engagement import LAST_CLICK, LAST_OPEN, LAST_REPLY
from mailtide.domain.event import EventType
from mailtide.domain.message import EventRow, instant
from mailtide.flows.firing import Happening
from mailtide.flows.rollup import Change, Unreadable

Latest = tuple[int | None, int | None, int | None]  # ms of the last open, click, reply
NEVER: Latest = (None, None, None)


class Contacts(Protocol):
    """The contacts."""

    def engaged(
        self,
        org_id: str,
        contact_id: str,
        opened_at: datetime | None,
        clicked_at: datetime | None,
        replied_at: datetime | None = None,
    ) -> bool:
        """Set the last open, click and reply where they are later than what stands there.

        Says whether anything changed; a contact that is gone stays gone.
        """
        ...


class Known(Protocol):
    """The contacts as they are."""

    def get_many(self, org_id: str, contact_ids: Sequence[str]) -> Mapping[str, Contact]:
        """Read contacts consistently; only those that exist are in the answer."""
        ...


class Firing(Protocol):
    """The triggers (flows/firing.py)."""

    def run(self, org_id: str, happenings: Sequence[Happening]) -> list[str]:
        """Let triggers fire; return the messages that were not there before."""
        ...


@dataclass(frozen=True, slots=True)
class React:
    """The react flow with its collaborators."""

    contacts: Contacts
    known: Known
    firing: Firing

    def run(self, records: Sequence[Change | Unreadable]) -> dict[str, int]:
        """Act on one batch of the stream; returns how many contacts changed and triggers fired.

        Records that cannot be read are `rollup`'s to quarantine.
        """
        latest: dict[tuple[str, str], Latest] = {}
        for record in records:
            if isinstance(record, Change) and record.new is not None and _judged(record.new):
                key = (record.new.of.org_id, record.new.of.recipient_id)
                latest[key] = _later(latest.get(key, NEVER), record.new)
        changed = sum(
            self.contacts.engaged(org_id, contact_id, *map(_instant, instants))
            for (org_id, contact_id), instants in latest.items()
        )
        return {"engaged": changed, "fired": self._fire(records)}

    def _fire(self, records: Sequence[Change | Unreadable]) -> int:
        """Let triggers fire on what happened for the first time to a message."""
        by_org: dict[str, list[_News]] = {}
        for one in _news(records):
            by_org.setdefault(one.row.of.org_id, []).append(one)
        fired = 0
        for org_id, news in by_org.items():
            known = self.known.get_many(org_id, [one.row.of.recipient_id for one in news])
            happenings = [
                one.told_of(known[one.row.of.recipient_id])
                for one in news
                if one.row.of.recipient_id in known
            ]
            fired += len(self.firing.run(org_id, happenings))
        return fired


@dataclass(frozen=True, slots=True)
class _News:
    """What a person did to a message for the first time."""

    row: EventRow
    event: str
    at: datetime

    def told_of(self, contact: Contact) -> Happening:
        """Return it as triggers hear of it."""
        of = self.row.of
        return Happening(contact, self.event, self.row.message_id, self.at, of.campaign_id)


def _news(records: Sequence[Change | Unreadable]) -> Iterator[_News]:
    """Yield what persons did to messages for the first time.

    An engagement row's own instant is that of whatever came first, so a click's is in its data.
    """
    for record in records:
        if not isinstance(record, Change) or record.new is None:
            continue
        old, new = record.old, record.new
        if new.event_type is EventType.UNSUBSCRIBED and old is None:
            yield _News(new, "contact.unsubscribed", new.ts)
        if new.event_type is EventType.ENGAGEMENT:
            before = NEVER if old is None else _told(old)
            for place, event in enumerate(("contact.opened", "contact.clicked")):
                at = _instant(_told(new)[place])
                if before[place] is None and at is not None:
                    yield _News(new, event, at)


def _judged(row: EventRow) -> bool:
    """Say whether a row tells of something a person did."""
    if row.event_type is not EventType.ENGAGEMENT:
        return False
    return _told(row) != NEVER


def _told(row: EventRow) -> Latest:
    """Return what a row tells; one of before there were replies tells of none."""
    return row.data[LAST_OPEN], row.data[LAST_CLICK], row.data.get(LAST_REPLY)


def _later(before: Latest, row: EventRow) -> Latest:
    opened, clicked, replied = _told(row)
    return _max(before[0], opened), _max(before[1], clicked), _max(before[2], replied)


def _max(one: int | None, other: int | None) -> int | None:
    return max((ms for ms in (one, other) if ms is not None), default=None)


def _instant(ms: int | None) -> datetime | None:
    return None if ms is None else instant(ms)
