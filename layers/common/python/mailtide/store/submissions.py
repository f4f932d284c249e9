"""Submissions: taken together with their batch and their first event row, or not at all."""

from collections.abc import Iterator, Sequence
from dataclasses import asdict
from typing import Any

from mailtide.domain import submission as rules
from mailtide.domain.batch import Batch
from mailtide.domain.content import Template
from mailtide.domain.links import Tracked
from mailtide.domain.message import EventRow, instant, millis
from mailtide.domain.submission import KEPT, Attachment, Submission
from mailtide.domain.suppression import Stream
from mailtide.domain.utm import Utm
from mailtide.store import dynamo
from mailtide.store.batches import batch_row
from mailtide.store.contacts import shard_key
from mailtide.store.event_rows import to_item
from mailtide.store.submission_tables import SubmissionRow
from mailtide.store.tables import BatchRow, DeliveryEventRow

AT_ONCE = 33  # messages of one transaction, three items each
BYTES_AT_ONCE = 3_000_000  # of what they bring; what is written beside it is a few hundred each


class Submissions:
    """The table `submissions`."""

    def take(self, submission: Submission, batch: Batch, row: EventRow) -> bool:
        """Write all that makes a message ours; False when it was taken before."""
        return dynamo.transact(_writes(submission, batch, row)) is None

    def take_all(self, taken: Sequence[tuple[Submission, Batch, EventRow]]) -> None:
        """Take several, in any order; those that were taken before stay as they are."""
        for some in _together(taken):
            written = dynamo.transact([write for one in some for write in _writes(*one)])
            if written is not None and len(some) > 1:  # of an earlier attempt of the same call
                for one in some:
                    self.take(*one)

    def get(self, org_id: str, contact_id: str, message_id: str) -> Submission | None:
        """Read one submission consistently."""
        key = shard_key(org_id, contact_id), f"{contact_id}#{message_id}"
        row = dynamo.get(SubmissionRow, *key)
        return _submission_of(row) if row else None

    def forget(self, org_id: str, contact_id: str) -> None:
        """Remove what is kept of the messages to one contact."""
        partition = shard_key(org_id, contact_id)
        keys = SubmissionRow.item.startswith(f"{contact_id}#")
        with dynamo.calling():
            rows = SubmissionRow.query(
                partition, keys, consistent_read=True, attributes_to_get=["item"]
            )
            items = [row.item for row in rows]
        for item in items:
            dynamo.delete(SubmissionRow(partition, item))


def _together(
    taken: Sequence[tuple[Submission, Batch, EventRow]],
) -> Iterator[list[tuple[Submission, Batch, EventRow]]]:
    """Cut messages into what one transaction takes: 100 items, 4 MB in all."""
    some: list[tuple[Submission, Batch, EventRow]] = []
    bytes_ = 0
    for one in taken:
        size = rules.size(one[0])
        if some and (len(some) == AT_ONCE or bytes_ + size > BYTES_AT_ONCE):
            yield some
            some, bytes_ = [], 0
        some.append(one)
        bytes_ += size
    if some:
        yield some


def _writes(submission: Submission, batch: Batch, row: EventRow) -> list[dynamo.Item]:
    return [
        dynamo.transact_put(batch_row(batch), BatchRow.batch_id.does_not_exist()),
        dynamo.transact_put(_row(submission)),
        {"Put": {"TableName": DeliveryEventRow.Meta.table_name, "Item": to_item(row)}},
    ]


def _row(submission: Submission) -> SubmissionRow:
    one = submission
    return SubmissionRow(
        shard_key(one.org_id, one.contact_id),
        f"{one.contact_id}#{one.message_id}",
        said=_said(one),
        created_at=one.created_at,
        expires_at=one.expires_at + KEPT,
    )


def _said(submission: Submission) -> dict[str, Any]:
    """Return what JSON can hold of a submission, without what is empty."""
    content = submission.content
    found = {
        "stream": submission.stream.value,
        "identity_id": submission.identity_id,
        "provider": submission.provider,
        "until": millis(submission.expires_at),
        "template_id": submission.template_id,
        "content": content and asdict(content),
        "variables": dict(submission.variables),
        "to_name": submission.to_name,
        "reply_to": submission.reply_to,
        "tracked": [submission.tracked.opens, submission.tracked.clicks],
        "attachments": [asdict(one) for one in submission.attachments],
        "tags": dict(submission.tags),
        "trigger_id": submission.trigger_id,
    }
    return {name: value for name, value in found.items() if value}


def _submission_of(row: SubmissionRow) -> Submission:
    said = row.said
    contact_id, message_id = row.item.split("#")
    return Submission(
        org_id=row.shard_key.split("#")[0],
        message_id=message_id,
        contact_id=contact_id,
        stream=Stream(said["stream"]),
        identity_id=said["identity_id"],
        provider=said["provider"],
        created_at=row.created_at,
        expires_at=instant(said["until"]),
        template_id=said.get("template_id", ""),
        content=_content(said["content"]) if "content" in said else None,
        variables=said.get("variables", {}),
        to_name=said.get("to_name", ""),
        reply_to=said.get("reply_to"),
        tracked=Tracked(*said["tracked"]),
        attachments=tuple(Attachment(**one) for one in said.get("attachments", ())),
        tags=said.get("tags", {}),
        trigger_id=said.get("trigger_id", ""),
    )


def _content(said: dict[str, Any]) -> Template:
    return Template(**{**said, "utm": said["utm"] and Utm(**said["utm"])})
