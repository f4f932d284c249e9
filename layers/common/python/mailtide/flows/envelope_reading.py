"""Reading envelopes: what lies in the queue `events`, as `ingest` takes it out.

Apart from `envelope`, so that those who only put something in load none of this: they start cold
while a mail system or a reader waits.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from mailtide.domain.message import instant
from mailtide.flows.envelope import INBOUND, SES, TRACKING, WIRE, Bucket, Hit
from mailtide.sources import ses, ses_mail
from mailtide.sources.arrival import MAX_READ

_KINDS = {word: type_ for type_, word in WIRE.items()}


@dataclass(frozen=True, slots=True)
class Envelope:
    """One message of the queue, read."""

    source: str
    source_id: str | None
    received_at: datetime
    body: bytes = b""
    body_key: str | None = None  # where the body lay in the bucket
    hits: tuple[Hit, ...] = ()


class WorkedOnError(Exception):
    """The body of a message is gone from the bucket: the message is a repeat.

    A body is put there before its message is sent, and removed when it has been worked on; what
    was never worked on is removed only long after the message itself.
    """


def read(text: str, bucket: Bucket) -> Envelope:
    """Read a message of the queue.

    Raises:
        ValueError, KeyError, TypeError: when it is none of ours: it belongs into the dead letters.
        WorkedOnError: when it was worked on before.
    """
    message = ses.read(text)
    if ses_mail.is_received(message):
        return _received(message, bucket)
    if ses.is_told_by_aws(message):
        return Envelope(SES, None, ses.parse(message)[0].occurred_at, text.encode())
    source, at = message["source"], instant(message["received_at"])
    if source == TRACKING:
        return Envelope(source, None, at, hits=tuple(_hit(hit) for hit in message["hits"]))
    key = message.get("body_key")
    body = message["body"].encode() if key is None else bucket.fetch(key)
    if body is None:
        raise WorkedOnError(key)
    return Envelope(source, message["source_id"], at, body, key)


def _received(message: dict[str, Any], bucket: Bucket) -> Envelope:
    """Read the notification of a mail that SES received, and the beginning of the mail."""
    key = ses_mail.object_key(message)
    raw = bucket.fetch(key, MAX_READ)
    if raw is None:
        raise WorkedOnError(key)
    at, body = ses_mail.received_at(message), ses_mail.document(message, raw)
    return Envelope(INBOUND, None, at, body, key)


def _hit(hit: dict[str, Any]) -> Hit:
    return Hit(
        type=_KINDS[hit["kind"]],
        message_id=hit["message_id"],
        key=hit["key"],
        at=instant(hit["at"]),
        method=hit["method"],
        user_agent=hit["user_agent"],
        address=hit["address"],
        link_index=hit.get("link_index"),
        url=hit.get("url"),
    )
