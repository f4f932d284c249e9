"""Firing: what happened to contacts, and the messages that triggers send for it.

A message's id follows from the trigger, the contact and, for a trigger that fires every time, from
what happened. So whoever tells of the same thing again meets the message that is there. It leaves
as a single message does: at once, or when `release` finds that its delay is over.
Source: docs/domain/triggers.md.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from typing import Any, Protocol

from mailtide.domain import submission as rules
from mailtide.domain.batch import Batch
from mailtide.domain.contact import Contact
from mailtide.domain.content import Identity
from mailtide.domain.links import EVERYTHING, NOTHING
from mailtide.domain.message import EventRow
from mailtide.domain.page import Page, every
from mailtide.domain.submission import Submission
from mailtide.domain.suppression import Stream
from mailtide.domain.trigger import MAX_TRIGGERS, Frequency, Trigger
from mailtide.errors import RetryableError
from mailtide.flows.pointers import Order

EXPIRES_AFTER = {Stream.TRANSACTIONAL: timedelta(days=1), Stream.MARKETING: timedelta(days=3)}


@dataclass(frozen=True, slots=True)
class Happening:
    """One thing that happened to a contact."""

    contact: Contact
    event: str
    name: str  # of this happening: whoever tells of it again says the same
    at: datetime
    group: str = ""  # of the message that it is about, if it is about one
    properties: Mapping[str, Any] = field(default_factory=dict)  # `variables` in Liquid


class Triggers(Protocol):
    """The triggers."""

    def page(self, org_id: str, limit: int, after: str | None) -> Page[Trigger]:
        """Return the organisation's triggers by id."""
        ...


class Identities(Protocol):
    """The identities."""

    def get(self, org_id: str, identity_id: str) -> Identity | None:
        """Return one identity."""
        ...


class Submissions(Protocol):
    """The submissions."""

    def take(self, submission: Submission, batch: Batch, row: EventRow) -> bool:
        """Write all that makes a message ours; False when it was taken before."""
        ...


class Orders(Protocol):
    """The queues of the senders."""

    def send(self, orders: list[Order]) -> None:
        """Enqueue pointers to batches."""
        ...


@dataclass(frozen=True, slots=True)
class Firing:
    """The triggers of all organisations, as they fire."""

    triggers: Triggers
    identities: Identities
    submissions: Submissions
    orders: Orders
    group_of: Callable[[str, str], str]  # (organisation, trigger) -> what it counts under
    message_id: Callable[[str, str], str]  # (group, seed) -> message id
    clock: Callable[[], datetime]

    def run(self, org_id: str, happenings: Sequence[Happening]) -> list[str]:
        """Let triggers fire; return the messages that were not there before.

        Raises:
            RetryableError: part of them may be written; to tell it again makes up for the rest.
        """
        if not happenings:
            return []
        asked = {one.event for one in happenings}
        fired: list[str] = []
        for trigger in every(partial(self.triggers.page, org_id, MAX_TRIGGERS)):
            if trigger.active and trigger.event in asked:
                fired += self._fire(trigger, [h for h in happenings if h.event == trigger.event])
        return fired

    def _fire(self, trigger: Trigger, happenings: Sequence[Happening]) -> Iterator[str]:
        identity = self.identities.get(trigger.org_id, trigger.identity_id)
        group = self.group_of(trigger.org_id, trigger.trigger_id)
        for happening in happenings:
            # A message that a trigger sent lets it not fire again: it would never end.
            if identity is None or happening.group == group:
                continue
            submission = self._submission(trigger, identity.stream, group, happening)
            if self._take(submission, happening.at + timedelta(seconds=trigger.delay_seconds)):
                yield submission.message_id

    def _submission(
        self, trigger: Trigger, stream: Stream, group: str, happening: Happening
    ) -> Submission:
        seed = happening.contact.contact_id
        if trigger.frequency is Frequency.EVERY_TIME:
            seed += f"#{happening.name}"
        due_at = happening.at + timedelta(seconds=trigger.delay_seconds)
        return Submission(
            org_id=trigger.org_id,
            message_id=self.message_id(group, seed),
            contact_id=happening.contact.contact_id,
            stream=stream,
            identity_id=trigger.identity_id,
            provider=happening.contact.provider,
            created_at=self.clock(),
            expires_at=max(due_at, self.clock()) + EXPIRES_AFTER[stream],
            template_id=trigger.template_id,
            variables=happening.properties,
            tracked=EVERYTHING if stream is Stream.MARKETING else NOTHING,
            trigger_id=trigger.trigger_id,
        )

    def _take(self, submission: Submission, due_at: datetime) -> bool:
        now = self.clock()
        # Nobody waits for marketing, of which a campaign's opens may cause a million: `release`
        # lets it into the queue that it shares with campaigns.
        at_once = due_at <= now and submission.stream is Stream.TRANSACTIONAL
        batch = rules.released(submission, now) if at_once else rules.waiting(submission, due_at)
        taken = self.submissions.take(submission, batch, rules.queued(submission))
        if taken and at_once:
            with suppress(RetryableError):
                self.orders.send([Order(batch.ref, batch.fence, batch.submitted)])
        return taken
