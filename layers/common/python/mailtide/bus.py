"""The bus: the queues between our functions, on SQS, and what we tell others, on EventBridge.

A queue delivers at least once and in any order; whoever reads can bear that.
"""

import json
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from mailtide.aws_errors import translated
from mailtide.domain.campaign import Campaign
from mailtide.domain.suppression import Stream
from mailtide.errors import PermanentError, RetryableError
from mailtide.flows.pointers import (
    ImportPointer,
    JobPointer,
    Order,
    Shard,
    write_import,
    write_job,
    write_order,
    write_shard,
)

SOURCE = "mailtide"  # of what we tell on the bus
COMPLETED = "campaign.completed"
SIZE_LIMIT = 256 * 1024  # bytes of a message, and of all messages of a call
BATCH_LIMIT = 10  # messages of a call
_TRIES = 5
_PAUSE_SECONDS = 0.1  # doubled from try to try


@dataclass(frozen=True, slots=True)
class Queue:
    """One queue."""

    sqs: Any  # botocore's client
    url: str

    def send(self, body: str) -> None:
        """Put one text into the queue.

        Raises:
            PermanentError: when the text is too long for any queue.
            RetryableError: when the queue did not take it.
        """
        _check_size(body)
        with translated():
            self.sqs.send_message(QueueUrl=self.url, MessageBody=body)

    def send_all(self, bodies: Iterable[str]) -> None:
        """Put texts into the queue, all of them; after an error any part of them may be in it.

        Raises:
            PermanentError, RetryableError: as `send`.
        """
        for call in _calls(bodies):
            self._send_call(call)

    def waiting(self) -> int:
        """Return about how many messages wait to be received."""
        name = "ApproximateNumberOfMessages"
        with translated():
            answer = self.sqs.get_queue_attributes(QueueUrl=self.url, AttributeNames=[name])
        return int(answer["Attributes"][name])

    def _send_call(self, bodies: Sequence[str]) -> None:
        """Send one call's messages; those that the queue refuses are sent again."""
        entries = [{"Id": str(i), "MessageBody": body} for i, body in enumerate(bodies)]
        for attempt in range(_TRIES):
            with translated():
                answer = self.sqs.send_message_batch(QueueUrl=self.url, Entries=entries)
            failed = answer.get("Failed", ())
            if any(failure["SenderFault"] for failure in failed):
                raise PermanentError(f"SQS refuses our message: {failed[0].get('Message')}")
            ids = {failure["Id"] for failure in failed}
            entries = [entry for entry in entries if entry["Id"] in ids]
            if not entries:
                return
            time.sleep(_PAUSE_SECONDS * 2**attempt)
        raise RetryableError("the queue does not take all messages")


@dataclass(frozen=True, slots=True)
class Orders:
    """The queues `sending`, `transact` and `launch`."""

    sending: Queue
    launches: Queue
    transact: Queue

    def send(self, orders: list[Order]) -> None:
        """Enqueue pointers to batches: transactional messages have a queue of their own."""
        prompt = [one for one in orders if one.submitted is Stream.TRANSACTIONAL]
        bulk = [one for one in orders if one.submitted is not Stream.TRANSACTIONAL]
        self.transact.send_all(map(write_order, prompt))
        self.sending.send_all(map(write_order, bulk))

    def waiting(self) -> int:
        """Return about how many pointers to batches no sender has taken yet."""
        return self.sending.waiting()

    def launch(self, org_id: str, campaign_id: str, shards: Iterable[str]) -> None:
        """Enqueue pointers to the shards of a launch."""
        self.launches.send_all(write_shard(Shard(org_id, campaign_id, shard)) for shard in shards)


@dataclass(frozen=True, slots=True)
class Announcements:
    """EventBridge's bus of the account, on which other parts hear of what happened."""

    events: Any  # botocore's client

    def completed(self, campaign: Campaign) -> None:
        """Tell that a campaign was sent.

        Raises:
            RetryableError: when the bus did not take it.
        """
        detail = {
            "org_id": campaign.org_id,
            "campaign_id": campaign.campaign_id,
            "recipients": sum(campaign.planned.values()),
            "finished_at": campaign.finished_at and campaign.finished_at.isoformat(),
        }
        entry = {"Source": SOURCE, "DetailType": COMPLETED, "Detail": json.dumps(detail)}
        with translated():
            answer = self.events.put_events(Entries=[entry])
        if answer["FailedEntryCount"]:
            raise RetryableError(f"EventBridge does not take it: {answer['Entries']}")


@dataclass(frozen=True, slots=True)
class ImportPointers:
    """The queue `imports`."""

    queue: Queue

    def send(self, pointer: ImportPointer) -> None:
        """Enqueue a pointer."""
        self.queue.send(write_import(pointer))


@dataclass(frozen=True, slots=True)
class JobPointers:
    """The queue `jobs`."""

    queue: Queue

    def send(self, pointer: JobPointer) -> None:
        """Enqueue a pointer."""
        self.queue.send(write_job(pointer))


def _calls(bodies: Iterable[str]) -> Iterator[list[str]]:
    """Cut messages into calls that SQS takes."""
    call: list[str] = []
    size = 0
    for body in bodies:
        length = _check_size(body)
        if call and (len(call) == BATCH_LIMIT or size + length > SIZE_LIMIT):
            yield call
            call, size = [], 0
        call.append(body)
        size += length
    if call:
        yield call


def _check_size(body: str) -> int:
    length = len(body.encode())
    if length > SIZE_LIMIT:
        raise PermanentError(f"a message of {length} bytes; a queue takes {SIZE_LIMIT}")
    return length
