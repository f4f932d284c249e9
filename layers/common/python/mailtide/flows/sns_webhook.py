"""SNS webhook: take what SNS posts of topics that we listen to, prove it, queue it, answer.

Most deployments do without: SNS carries SES's events into the queue by itself. This is for topics
that cannot be subscribed so, of another account or region.

Proof comes before anything is fetched, confirmed or queued: the topic, the age, the address of the
certificate, then the signature over the message's own fields.
Source: docs/events.md.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from mailtide.errors import TooLargeError, UnauthenticatedError
from mailtide.flows import envelope
from mailtide.flows.envelope import Bucket, Queue
from mailtide.sources import sns
from mailtide.sources.sns import Posted

BODY_LIMIT = 300_000  # bytes; a message of SNS has at most 256 KB


class Answer(StrEnum):
    """What was done with a message."""

    QUEUED = "queued"
    CONFIRMED = "confirmed"
    ENDED = "ended"  # somebody ended the subscription; it is not taken back


@dataclass(frozen=True, slots=True)
class Taken:
    """A message that was proved, and what was done with it."""

    answer: Answer
    topic: str  # ARN


class Sns(Protocol):
    """SNS's own pages."""

    def certificate(self, url: str) -> bytes:
        """Return a signing certificate (PEM).

        Raises:
            RetryableError: when it cannot be fetched now.
        """
        ...

    def confirm(self, url: str) -> None:
        """Visit the address that confirms a subscription.

        Raises:
            RetryableError: when SNS does not take it now.
        """
        ...


@dataclass(frozen=True, slots=True)
class SnsWebhook:
    """The flow with its collaborators; `topics` are the ARNs that it listens to."""

    topics: Collection[str]
    sns: Sns
    queue: Queue
    bucket: Bucket

    def take(self, body: bytes, now: datetime) -> Taken:
        """Queue a notification, or confirm a subscription.

        Raises:
            InvalidInputError: `invalid_json`, when it is no message of SNS.
            ForbiddenError: `topic_refused`.
            UnauthenticatedError: `message_expired` or `signature_invalid`.
            TooLargeError: when no message of SNS is so long.
            RetryableError: when SNS should post it again.
        """
        if len(body) > BODY_LIMIT:
            raise TooLargeError(f"The body has {len(body)} bytes; the limit is {BODY_LIMIT}.")
        posted = sns.read(body)
        sns.check_origin(posted, self.topics, now)
        if not sns.verify(posted, self.sns.certificate(posted.certificate_url)):
            raise UnauthenticatedError(
                "The signature does not fit the message.", code="signature_invalid"
            )
        return Taken(self._act(posted, body, now), posted.topic)

    def _act(self, posted: Posted, body: bytes, now: datetime) -> Answer:
        if posted.kind == sns.SUBSCRIPTION:
            self.sns.confirm(sns.confirmation_url(posted))
            return Answer.CONFIRMED
        if posted.kind == sns.UNSUBSCRIPTION:
            return Answer.ENDED
        envelope.send_bodies(envelope.SES, None, [body], now, self.queue, self.bucket)
        return Answer.QUEUED
