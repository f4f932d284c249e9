"""Envelope: what lies in the queue `events` between those who hear of something and `ingest`.

    {"source": "stalwart" | "inbound", "source_id": …, "received_at": ms, "body": raw text}
    … "body_key" in place of "body" when the text lies in the bucket
    {"source": "tracking", "source_id": null, "received_at": ms, "hits": [{kind, message_id, key,
     at, method, user_agent, address, link_index?, url?}]}
    {"source": "ses", "source_id": null, "received_at": ms, "body": what SNS posted over HTTPS}

and what AWS itself puts there: SES's records as SNS delivers them raw, and as events of the bus;
and notifications of mail that SES received, which lies in the bucket. The queue's policy lets
nobody else do that. Here is what puts bodies and hits in; `envelope_reading` takes them out.

Units: instants are epoch milliseconds; sizes are bytes.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Any, Protocol

from mailtide.domain.event import Event, EventType
from mailtide.domain.message import happening_key, millis

STALWART = "stalwart"
SES = "ses"
INBOUND = "inbound"
TRACKING = "tracking"

QUEUE_LIMIT = 200_000  # SQS carries 256 KB; larger bodies go by the bucket

WIRE: Mapping[EventType, str] = {
    EventType.OPENED: "open",
    EventType.CLICKED: "click",
    EventType.UNSUBSCRIBED: "unsubscribe",
}


class Queue(Protocol):
    """The queue `events`."""

    def send(self, body: str) -> None:
        """Put one text into the queue.

        Raises:
            RetryableError: when the queue did not take it.
        """
        ...

    def send_all(self, bodies: Iterable[str]) -> None:
        """Put texts into the queue, all of them; after an error any part of them may be in it.

        Raises:
            RetryableError: as `send`.
        """
        ...


class Bucket(Protocol):
    """The data bucket."""

    def put(self, key: str, body: bytes) -> None:
        """Write an object, whatever was there."""
        ...

    def fetch(self, key: str, limit: int | None = None) -> bytes | None:
        """Read an object, or its first `limit` bytes; None when it is not there."""
        ...

    def delete(self, key: str) -> None:
        """Remove an object; one that is gone already is no error."""
        ...


@dataclass(frozen=True, slots=True)
class Hit:
    """One visit to a pixel, a link or the unsubscribe page; `key` makes its repeats one."""

    type: EventType
    message_id: str
    key: str
    at: datetime
    method: str
    user_agent: str
    address: str
    link_index: int | None = None
    url: str | None = None

    def event(self) -> Event:
        """Return the hit in the words of events."""
        told = {
            "method": self.method,
            "user_agent": self.user_agent,
            "address": self.address,
            "link": None if self.link_index is None else str(self.link_index),
            "url": self.url,
        }
        return Event(
            type=self.type,
            occurred_at=self.at,
            source=TRACKING,
            source_type=self.type.value,
            message_id=self.message_id,
            data={name: text for name, text in told.items() if text is not None},
        )


def hit_key(type_: EventType, at: datetime, message_id: str, request_id: str) -> str:
    """Return the row key of a hit, once and for all its repeats: it is made of the request."""
    if type_ is EventType.UNSUBSCRIBED:
        return type_.value
    return happening_key(type_, at, [message_id, request_id])


def write_hits(hits: list[Hit], at: datetime) -> str:
    """Return the queue's text for hits."""
    shown = [
        {
            "kind": WIRE[hit.type],
            "message_id": hit.message_id,
            "key": hit.key,
            "at": millis(hit.at),
            "method": hit.method,
            "user_agent": hit.user_agent,
            "address": hit.address,
            "link_index": hit.link_index,
            "url": hit.url,
        }
        for hit in hits
    ]
    return _write(TRACKING, None, at, {"hits": shown})


def send_bodies(
    source: str,
    source_id: str | None,
    bodies: Iterable[bytes],
    at: datetime,
    queue: Queue,
    bucket: Bucket,
) -> None:
    """Put a source's raw bodies (UTF-8) into the queue; large ones go by way of the bucket.

    Raises:
        RetryableError: when not all of them could be queued; some may be.
    """
    queue.send_all(_carried(source, source_id, body, at, bucket) for body in bodies)


def _carried(source: str, source_id: str | None, body: bytes, at: datetime, bucket: Bucket) -> str:
    text = _write(source, source_id, at, {"body": body.decode()})
    if len(text) <= QUEUE_LIMIT:  # ASCII: as many bytes
        return text
    key = f"payloads/{sha256(body).hexdigest()}.json"
    bucket.put(key, body)
    return _write(source, source_id, at, {"body_key": key})


def _write(source: str, source_id: str | None, at: datetime, rest: dict[str, Any]) -> str:
    head = {"source": source, "source_id": source_id, "received_at": millis(at)}
    # As ASCII: SQS refuses some characters (U+FFFF), and a reply or an agent may hold any.
    return json.dumps({**head, **rest}, separators=(",", ":"))
