"""Events as AWS hands them to a handler, and the context beside them."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

REGION = "us-east-1"


@dataclass(slots=True)
class Context:
    """What a handler reads of Lambda's context."""

    function_name: str = "mailtide"
    memory_limit_in_mb: int = 512
    invoked_function_arn: str = f"arn:aws:lambda:{REGION}:123456789012:function:mailtide"
    aws_request_id: str = field(default_factory=lambda: uuid4().hex)
    remaining_ms: int = 60_000

    def get_remaining_time_in_millis(self) -> int:
        """Return what is left of the time-out."""
        return self.remaining_ms


def sqs_event(*bodies: str) -> dict[str, Any]:
    """Return a batch of SQS messages, with the ids `message-0`, `message-1` and so on."""
    return {"Records": [_sqs_record(i, body) for i, body in enumerate(bodies)]}


def _sqs_record(index: int, body: str) -> dict[str, Any]:
    return {
        "messageId": f"message-{index}",
        "receiptHandle": f"handle-{index}",
        "body": body,
        "attributes": {"ApproximateReceiveCount": "1", "SentTimestamp": "1795514400000"},
        "messageAttributes": {},
        "md5OfBody": "",
        "eventSource": "aws:sqs",
        "eventSourceARN": f"arn:aws:sqs:{REGION}:123456789012:queue",
        "awsRegion": REGION,
    }


def failed_ids(response: Mapping[str, Any]) -> list[str]:
    """Return the messages that a handler sends back to the queue."""
    return [failure["itemIdentifier"] for failure in response["batchItemFailures"]]


Images = tuple[dict[str, Any] | None, dict[str, Any] | None]  # old, new; in DynamoDB's form


def stream_event(
    changes: Iterable[Images], *, shard: str | None = "shardId-1", first: int = 1
) -> dict[str, Any]:
    """Return a batch of a DynamoDB stream in a tumbling window; numbers count up from `first`."""
    records = [
        _stream_record(number, old, new) for number, (old, new) in enumerate(changes, start=first)
    ]
    event: dict[str, Any] = {"Records": records}
    if shard is not None:
        event |= {
            "shardId": shard,
            "window": {"start": "2026-11-24T10:00:00Z", "end": "2026-11-24T10:00:10Z"},
            "state": {},
            "isFinalInvokeForWindow": False,
            "isWindowTerminatedEarly": False,
        }
    return event


def _stream_record(
    number: int, old: dict[str, Any] | None, new: dict[str, Any] | None
) -> dict[str, Any]:
    names = {(True, False): "INSERT", (False, False): "MODIFY", (False, True): "REMOVE"}
    images = {"OldImage": old, "NewImage": new}
    return {
        "eventID": f"event-{number}",
        "eventName": names[old is None, new is None],
        "eventVersion": "1.1",
        "eventSource": "aws:dynamodb",
        "awsRegion": REGION,
        "dynamodb": {
            "SequenceNumber": str(number),
            "StreamViewType": "NEW_AND_OLD_IMAGES",
            **{name: image for name, image in images.items() if image is not None},
        },
        "eventSourceARN": f"arn:aws:dynamodb:{REGION}:123456789012:table/events/stream/1",
    }
