"""Webhook: take what mail systems post, prove whose it is, queue it, answer.

Proof comes first and is over the bytes as they came; only then is anything parsed. What is in the
events is nobody's business here: a word we do not know must not be refused, because Stalwart
re-sends a whole batch for one refusal.

After an outage a batch may hold thousands of events, more than `ingest` gets done in its time. So
it is queued in slices, and answered 2xx only when every slice is in the queue: after anything else
it comes again as a whole, and slices that are there already meet themselves.
Source: docs/events.md; a source's keys are derived from its id, so that no table is read.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from mailtide.domain.signing import Keyring
from mailtide.errors import InvalidInputError, TooLargeError, UnauthenticatedError
from mailtide.flows import envelope
from mailtide.flows.envelope import Bucket, Queue
from mailtide.sources import stalwart

BODY_LIMIT = 5_000_000  # bytes; a Lambda function is not given more than 6 MB
SLICE = 100  # events of one queue payload; the time of `ingest` is counted with it (infra/stack.py)


@dataclass(frozen=True, slots=True)
class Post:
    """One request as it came; `headers` by lower-case name."""

    source_id: str
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True, slots=True)
class Webhook:
    """The webhook flow with its collaborators."""

    keyring: Keyring
    queue: Queue
    bucket: Bucket

    def events(self, post: Post, now: datetime) -> None:
        """Queue a batch of Stalwart's events, in slices when it is large.

        Raises:
            UnauthenticatedError: `signature_missing` or `signature_invalid`.
            TooLargeError: over 5 MB.
            InvalidInputError: `invalid_json`, when it is not `{"events": […]}`.
            RetryableError: when not all of it could be queued; the sender tries again.
        """
        if "x-signature" not in post.headers:
            raise UnauthenticatedError(
                "The request is not signed; enter the source's signature key in the webhook.",
                code="signature_missing",
            )
        _check_size(post.body)
        keys = self.keyring.source_keys(post.source_id)
        if not any(stalwart.verify(post.headers, post.body, key) for key in keys):
            raise UnauthenticatedError(
                "The signature does not fit the body and this source's key.",
                code="signature_invalid",
            )
        entries = _object(post.body).get("events")
        if not isinstance(entries, list):
            raise _unreadable("it has no list `events`")
        self._queue(envelope.STALWART, post, _slices(post.body, entries), now)

    def mail(self, post: Post, now: datetime) -> dict[str, str]:
        """Queue one inbound mail of an MTA hook; returns the hook's answer.

        Raises:
            UnauthenticatedError, TooLargeError, RetryableError: as `events`.
            InvalidInputError: `invalid_json`, when it is no MTA hook's request at the stage DATA.
        """
        kind, _, token = post.headers.get("authorization", "").strip().partition(" ")
        if kind.lower() != "bearer" or not token.strip():
            raise UnauthenticatedError(
                "The request has no bearer token; enter the source's inbound token in the hook.",
                code="signature_missing",
            )
        if not self.keyring.inbound_fits(post.source_id, token.strip()):
            raise UnauthenticatedError(
                "The bearer token is not this source's.", code="signature_invalid"
            )
        _check_size(post.body)
        stalwart.hook_message(post.body)  # what it cannot read, `ingest` could not either
        self._queue(envelope.INBOUND, post, [post.body], now)
        return {"action": "accept"}

    def _queue(self, source: str, post: Post, bodies: Iterable[bytes], now: datetime) -> None:
        envelope.send_bodies(source, post.source_id, bodies, now, self.queue, self.bucket)


def _check_size(body: bytes) -> None:
    if len(body) > BODY_LIMIT:
        raise TooLargeError(f"The body has {len(body)} bytes; the limit is {BODY_LIMIT}.")


def _object(body: bytes) -> dict[str, Any]:
    try:
        value = json.loads(body.decode())
    except (ValueError, RecursionError) as error:
        raise _unreadable(str(error)) from error
    if not isinstance(value, dict):
        raise _unreadable("it is not an object")
    return value


def _slices(body: bytes, entries: list[Any]) -> list[bytes]:
    """Cut a batch into bodies of at most `SLICE` events; a batch of no more stays as it came."""
    if len(entries) <= SLICE:
        return [body]
    starts = range(0, len(entries), SLICE)
    try:
        return [_body(entries[start : start + SLICE]) for start in starts]
    except RecursionError:  # nested so deeply that it can just be read, but not be written
        return [body]


def _body(entries: list[Any]) -> bytes:
    return json.dumps({"events": entries}, separators=(",", ":")).encode()


def _unreadable(why: str) -> InvalidInputError:
    return InvalidInputError(f"The body cannot be read: {why}.", code="invalid_json")
