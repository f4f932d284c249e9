"""Reports: the row that an event becomes, and which of two reports of one thing is kept.

A row's key follows from what happened, never from who told it or when it arrived: so a repeat
meets the row that is there, and any order of reports ends in the same rows.
Units: texts are cut so that a row stays under 1 KB.
Source: docs/events.md.
"""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from mailtide.domain import bounce
from mailtide.domain.bounce import BounceClass
from mailtide.domain.event import Event, EventType
from mailtide.domain.message import (
    STATES,
    EventRow,
    happening_key,
    instant,
    is_merged,
    merge_order,
    millis,
    named_key,
    order_of,
)
from mailtide.domain.redaction import Redactor
from mailtide.domain.suppression import Evidence, Reason

RESPONSE_LIMIT = 400  # characters of the receiver's words
TEXT_LIMIT = 256  # characters of any other text


def row_of(event: Event, sent: EventRow, key: str | None = None) -> EventRow:
    """Return the row of an event whose type is one of `EVIDENCE`.

    Args:
        event: what happened to the message of `sent`.
        sent: the message's `sent` row, which knows by what it is counted.
        key: the row's key, if it was fixed when the event was queued.
    """
    at = instant(millis(event.occurred_at))
    content = _content(event)
    data = _data(event)
    if event.type is EventType.BOUNCED:
        class_ = bounce_class(event, sent)
        data |= {"kind": bounce.kind(class_, event.said), "class": class_.value}
    if event.type in STATES:
        key = event.type.value
        data["order"] = merge_order(event.rank, at, content)
    elif event.key is not None:
        key = named_key(event.type, event.key)
        data["order"] = merge_order(event.rank, at, content)
    return EventRow(
        message_id=sent.message_id,
        event_key=key or happening_key(event.type, at, content),
        event_type=event.type,
        of=sent.of,
        ts=at,
        attempt=sent.attempt,
        smtp_code=event.smtp_code,
        smtp_response=event.smtp_response[:RESPONSE_LIMIT] if event.smtp_response else None,
        data=data,
    )


def hidden(event: Event, sent: EventRow, redactor: Redactor) -> Event:
    """Return the event as it may be kept: whoever it speaks of is there by reference only."""

    def hide(text: str) -> str:
        return redactor.text(sent.of.org_id, text, sent.of.recipient_id)

    return replace(
        event,
        recipient=None,
        smtp_response=hide(event.smtp_response) if event.smtp_response else None,
        mx_host=hide(event.mx_host) if event.mx_host else None,
        data={name: hide(text) for name, text in event.data.items()},
    )


def merged(rows: Iterable[EventRow]) -> list[EventRow]:
    """Return one row per key: of two reports that are merged the one with the least order."""
    kept: dict[tuple[str, str], EventRow] = {}
    for row in rows:
        key = (row.message_id, row.event_key)
        before = kept.get(key)
        if before is None or not is_merged(row) or order_of(row) < order_of(before):
            kept[key] = row
    return list(kept.values())


def bounce_class(event: Event, sent: EventRow) -> BounceClass:
    """Return what kind of refusal a bounce is, in the light of who refused and who reports it."""
    words = bounce.classify(
        event.smtp_code, event.enhanced_code, event.smtp_response or "", sent.of.provider
    )
    return bounce.weigh(words, event.said)


def suppression_reason(event: Event, sent: EventRow) -> Reason | None:
    """Return why the event's contact may not be written to any more, if it says so."""
    if event.type is EventType.COMPLAINED:
        return Reason.COMPLAINT
    if event.type is EventType.UNSUBSCRIBED:
        return Reason.UNSUBSCRIBE
    if event.type is EventType.BOUNCED and bounce_class(event, sent).suppresses:
        return Reason.HARD_BOUNCE
    return None


def evidence(event: Event, sent: EventRow) -> Evidence:
    """Return what shows the reason: the message, and the receiver's words if there are any."""
    said = f": {event.smtp_response}" if event.smtp_response else ""
    text = f"message {sent.message_id}{said}"[:RESPONSE_LIMIT]
    return Evidence(instant(millis(event.occurred_at)), text)


def _content(event: Event) -> list[Any]:
    """Return what tells one report from another, but for type and time."""
    return [
        event.source,
        event.source_type,
        event.smtp_code,
        event.enhanced_code,
        event.smtp_response,
        event.mx_host,
        dict(event.data),
    ]


def _data(event: Event) -> dict[str, Any]:
    told: Mapping[str, str | None] = {
        **event.data,
        "source": event.source,
        "source_type": event.source_type,
        "enhanced_code": event.enhanced_code,
        "mx_host": event.mx_host,
    }
    return {name: value[:TEXT_LIMIT] for name, value in told.items() if value}
