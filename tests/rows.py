"""Event rows for tests: one organisation, one campaign, messages by number."""

from datetime import UTC, datetime, timedelta
from typing import Any

from mailtide.domain.event import EventType
from mailtide.domain.message import Dimensions, EventRow, SentState, happening_key, merge_order

ORG = "org0000000000001"
CAMPAIGN = "c000000004"
START = datetime(2026, 11, 24, 10, 0, tzinfo=UTC)


def message(number: int = 1, campaign: str = CAMPAIGN) -> str:
    """Return the id of a message of the campaign."""
    return f"{campaign}{number:016d}"


def contact(number: int = 1) -> str:
    """Return the id of the message's contact."""
    return f"{number:026d}"


def dimensions(number: int = 1, **changed: str) -> Dimensions:
    """Return by what a message is counted."""
    values = {
        "org_id": ORG,
        "campaign_id": CAMPAIGN,
        "recipient_id": contact(number),
        "list_id": "list1",
        "variant": "a",
        "identity_id": "identity1",
        "ip_id": "ip1",
        "provider": "gmail",
    }
    return Dimensions(**values | changed)


def sent(number: int = 1, at: datetime = START, **changed: str) -> EventRow:
    """Return a message's `sent` row."""
    return EventRow(
        message(number),
        "sent",
        EventType.SENT,
        dimensions(number, **changed),
        at,
        data={"state": SentState.SENT.value},
    )


def state(type_: EventType, number: int = 1, minutes: float = 1, **data: Any) -> EventRow:
    """Return a state row: what it says is kept in the order of `rank`, then time."""
    at = START + timedelta(minutes=minutes)
    order = merge_order(int(data.pop("rank", 0)), at, data)
    return EventRow(
        message(number),
        type_.value,
        type_,
        dimensions(number),
        at,
        data={**data, "order": order},
    )


def happening(type_: EventType, number: int = 1, minutes: float = 1, **data: Any) -> EventRow:
    """Return a row of something that may happen many times."""
    at = START + timedelta(minutes=minutes)
    key = happening_key(type_, at, data)
    return EventRow(message(number), key, type_, dimensions(number), at, data=data)


def doubt(number: int = 1, *, settled: bool = False) -> EventRow:
    """Return the mark of a message in doubt."""
    return EventRow(
        message(number),
        "doubt",
        EventType.DOUBTED,
        dimensions(number),
        START,
        data={"settled": settled},
    )


def engagement(number: int = 1, **data: Any) -> EventRow:
    """Return an engagement row."""
    empty: dict[str, Any] = {
        "opens": {},
        "clicks": {},
        "replies": {},
        "auto_replies": {},
        "uniques": {},
        "last_human_open_at": None,
        "last_human_click_at": None,
        "last_reply_at": None,
    }
    return EventRow(
        message(number),
        "_engagement",
        EventType.ENGAGEMENT,
        dimensions(number),
        START,
        data={**empty, **data},
    )
