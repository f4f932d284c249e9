"""Submission: one message that somebody asked for, kept until it has left or is too old to matter.

It holds what the request brought and names its recipient by contact: the address stands in the
contact's row alone. What is said in it may be personal too, so it goes with its contact, and a day
after it has expired by itself.

A submission is sent as a batch of one, by the same steps as a campaign's batches.
Source: docs/domain/messages.md.
"""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from mailtide.domain import identifiers
from mailtide.domain.batch import Batch, BatchRef, Phase, Planned
from mailtide.domain.content import Template
from mailtide.domain.event import EventType
from mailtide.domain.links import NOTHING, Tracked
from mailtide.domain.message import QUEUED, Dimensions, EventRow
from mailtide.domain.suppression import Stream

EXPIRED = "expired"  # why a recipient is left out whose message is too old
STOPPED = "trigger_stopped"  # … whose trigger was deleted or switched off
LEAST_SECONDS, MOST_SECONDS = 60, int(timedelta(days=3).total_seconds())
USUAL_SECONDS = int(timedelta(days=1).total_seconds())  # until a message expires
KEPT = timedelta(days=1)  # behind the expiry: a holder may still be at work
PATIENCE = timedelta(minutes=1)  # after which a pointer that nobody used counts as lost

MAX_SUBMISSIONS = 500  # of one call
MAX_BYTES = 350_000  # of what a submission brings; an item of DynamoDB holds 400 KB
MAX_TAGS = 20
MAX_FILES = 10
MAX_FILE_BYTES = 10_000_000  # of all files of a message; base64 makes 13.7 MB of them


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file that goes with a message; it lies in the bucket."""

    key: str
    name: str
    content_type: str
    size: int  # bytes
    etag: str = ""  # of one that was uploaded, which may have been replaced since


@dataclass(frozen=True, slots=True)
class Given:
    """A file as a request brings it: itself, or the id that it was uploaded under."""

    name: str
    content_type: str
    body: bytes = b""
    upload_id: str = ""


@dataclass(frozen=True, slots=True)
class Draft:
    """A message as a request asks for it; nothing of it has been looked at."""

    email: str
    identity_id: str
    name: str = ""
    template_id: str = ""
    content: Template | None = None
    variables: Mapping[str, Any] = field(default_factory=dict)
    reply_to: str | None = None
    tracked: Tracked = NOTHING
    files: tuple[Given, ...] = ()
    tags: Mapping[str, str] = field(default_factory=dict)
    expires_after: timedelta = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Submission:
    """One message to one contact."""

    org_id: str
    message_id: str
    contact_id: str
    stream: Stream
    identity_id: str
    provider: str
    created_at: datetime
    expires_at: datetime
    template_id: str = ""  # empty when it brings its content along
    content: Template | None = None
    variables: Mapping[str, Any] = field(default_factory=dict)
    to_name: str = ""
    reply_to: str | None = None
    tracked: Tracked = NOTHING
    attachments: tuple[Attachment, ...] = ()
    tags: Mapping[str, str] = field(default_factory=dict)
    trigger_id: str = ""  # what fired it; empty when it was asked for


def size(submission: Submission) -> int:
    """Return how many bytes a submission's content, variables and tags take, about."""
    content = submission.content
    return bytes_of([submission.variables, submission.tags, content and asdict(content)])


def bytes_of(said: Any) -> int:
    """Return how many bytes a part of a submission takes, about."""
    return len(json.dumps(said, ensure_ascii=False, default=str).encode())


def ref_of(submission: Submission) -> BatchRef:
    """Return where the batch of a submission lies."""
    group = identifiers.campaign_of(submission.message_id)
    shard = identifiers.shard_of(submission.contact_id)
    return BatchRef(submission.org_id, group, shard, submission.message_id.removeprefix(group))


def message_of(ref: BatchRef) -> str:
    """Return the message that a submission's batch, or a later one of it, sends."""
    return ref.campaign_id + ref.batch_id.partition(".")[0]


def released(submission: Submission, now: datetime) -> Batch:
    """Return the batch as it is when its first pointer is sent."""
    waits = waiting(submission, now + PATIENCE)
    return replace(waits, phase=Phase.RELEASED, fence=1, released_to=1)


def waiting(submission: Submission, due_at: datetime) -> Batch:
    """Return the batch of a submission that is to leave later."""
    recipients = (Planned(submission.contact_id, ""),)
    return Batch(
        ref=ref_of(submission),
        count=len(recipients),
        rank=0,
        due_at=due_at,
        inline=recipients,
        submitted=submission.stream,
    )


def queued(submission: Submission) -> EventRow:
    """Return the first row of a submission's life."""
    of = Dimensions(
        org_id=submission.org_id,
        campaign_id=identifiers.campaign_of(submission.message_id),
        recipient_id=submission.contact_id,
        list_id="",
        variant="",
        identity_id=submission.identity_id,
        ip_id="",
        provider=submission.provider,
    )
    data: dict[str, Any] = {"template_id": submission.template_id} if submission.template_id else {}
    if submission.tags:
        data["tags"] = dict(submission.tags)
    if submission.trigger_id:
        data["trigger_id"] = submission.trigger_id
    at = submission.created_at
    return EventRow(submission.message_id, QUEUED, EventType.QUEUED, of, at, data=data)
