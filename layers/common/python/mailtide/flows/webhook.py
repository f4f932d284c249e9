"""Webhook: take what mail systems post, prove whose it is, queue it, answer.

Proof comes first and is over the bytes as they came; only then is anything parsed. What is in the
events is nobody's business here: a word we do not know must not be refused, because Stalwart
re-sends a whole batch for one refusal.
Source: docs/events.md; a source's keys are derived from its id, so that no table is read.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from mailtide.domain.signing import Keyring
from mailtide.errors import InvalidInputError, TooLargeError, UnauthenticatedError
from mailtide.flows import envelope
from mailtide.flows.envelope import Bucket, Queue
from mailtide.sources import stalwart

BODY_LIMIT = 5_000_000  # bytes; a Lambda function is not given more than 6 MB


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
        """Queue a batch of Stalwart's events.

        Raises:
            UnauthenticatedError: `signature_missing` or `signature_invalid`.
            TooLargeError: over 5 MB.
            InvalidInputError: `invalid_json`, when it is not `{"events": […]}`.
            RetryableError: when it could not be queued; the sender tries again.
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
        if not isinstance(_object(post.body).get("events"), list):
            raise _unreadable("it has no list `events`")
        self._queue(envelope.STALWART, post, now)

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
        self._queue(envelope.INBOUND, post, now)
        return {"action": "accept"}

    def _queue(self, source: str, post: Post, now: datetime) -> None:
        envelope.send_body(source, post.source_id, post.body, now, self.queue, self.bucket)


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


def _unreadable(why: str) -> InvalidInputError:
    return InvalidInputError(f"The body cannot be read: {why}.", code="invalid_json")
