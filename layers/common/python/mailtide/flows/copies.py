"""Copies: what sources told, kept for people to look at, without anybody's address.

A copy lies under its own content, so that a repeat stores nothing more. Of a mail only what it says
is kept, never the mail: nothing finds for sure whom it names. Nor are the headers of a message of
ours, which SES tells with each event.
Source: docs/domain/erasure.md.
"""

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from hashlib import sha256
from typing import Protocol

from mailtide.domain.event import Event
from mailtide.domain.redaction import Redactor
from mailtide.flows import envelope
from mailtide.flows.envelope_reading import Envelope
from mailtide.sources import ses


class Bucket(Protocol):
    """The data bucket."""

    def put(self, key: str, body: bytes) -> None:
        """Write an object, whatever was there."""
        ...


@dataclass(frozen=True, slots=True)
class Copies:
    """The copies of payloads, and of events that were refused."""

    bucket: Bucket
    redactor: Redactor

    def keep(self, received: Envelope, org_id: str | None, told: Iterable[Event]) -> None:
        """Keep what came; `org_id` is whose people it names, None when that is not known."""
        if received.source == envelope.INBOUND:
            said = json.dumps([asdict(event) for event in told], default=str)
            self._put("raw", received, org_id, said)
        elif received.source == envelope.SES:
            self._put("raw", received, org_id, _without_letter(received.body.decode()))
        elif received.body:
            self._put("raw", received, org_id, received.body.decode())

    def keep_refused(
        self, received: Envelope, org_id: str | None, event: Event, reason: str
    ) -> None:
        """Keep an event that is not believed, and why."""
        told = {"reason": reason, "source_id": received.source_id, "event": asdict(event)}
        self._put("refused", received, org_id, json.dumps(told, default=str))

    def _put(self, prefix: str, received: Envelope, org_id: str | None, told: str) -> None:
        body = self.redactor.document(org_id, told).encode()
        name = f"{received.source_id or received.source}/{sha256(body).hexdigest()}.json"
        self.bucket.put(f"{prefix}/{received.received_at:%Y-%m-%d}/{name}", body)


def _without_letter(body: str) -> str:
    try:
        return json.dumps(ses.without_letter(ses.read(body)))
    except RecursionError:  # nested so deeply that it can just be read, but not be written
        return body
