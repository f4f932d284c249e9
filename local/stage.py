"""Stage: the real handlers in this process, on tables, queues and a bucket of the emulator.

The emulator is a process of its own, so that the CPU time of this one is the product's alone.
DynamoDB's capacity units are those that the emulator computes as DynamoDB does.
"""

import contextlib
import json
import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

from local import emulator
from local.emulator import REGION, Emulator

PREFIX = "bench"
BUCKET = "bench-data"
QUEUES = ("launch", "sending", "transact", "events", "imports", "jobs")
Handler = Callable[[dict[str, Any], Any], Any]
QUIET = {  # read when a handler is imported
    "LOG_LEVEL": "ERROR",
    "POWERTOOLS_SERVICE_NAME": "bench",
    "POWERTOOLS_METRICS_NAMESPACE": "Mailtide",
    "POWERTOOLS_METRICS_DISABLED": "true",
}


@dataclass(slots=True)
class Context:
    """What a handler reads of Lambda's context."""

    function_name: str = "bench"
    memory_limit_in_mb: int = 512
    invoked_function_arn: str = f"arn:aws:lambda:{REGION}:000000000000:function:bench"
    aws_request_id: str = field(default_factory=lambda: uuid4().hex)
    remaining_ms: int = 600_000

    def get_remaining_time_in_millis(self) -> int:
        """Return what is left of the time-out."""
        return self.remaining_ms


@dataclass(frozen=True, slots=True)
class Stage:
    """What was put up."""

    aws: Emulator
    queues: Mapping[str, str]  # URLs by name

    def bodies(self, queue: str) -> list[str]:
        """Take what lies in a queue."""
        sqs = self.aws.client("sqs")
        taken: list[str] = []
        while True:
            answer = sqs.receive_message(QueueUrl=self.queues[queue], MaxNumberOfMessages=10)
            if not answer.get("Messages"):
                return taken
            for message in answer["Messages"]:
                taken.append(message["Body"])
                sqs.delete_message(
                    QueueUrl=self.queues[queue], ReceiptHandle=message["ReceiptHandle"]
                )


@contextlib.contextmanager
def standing(**settings: str) -> Iterator[Stage]:
    """Put up tables, bucket, queues and secrets, and point `app` at them; once per process.

    `settings` are variables of `app.Settings`, by their names in capitals, in place of the usual.
    """
    with emulator.running(enforce_iam=False) as aws:
        sqs = aws.client("sqs")
        queues = {name: sqs.create_queue(QueueName=name)["QueueUrl"] for name in QUEUES}
        aws.client("s3").create_bucket(Bucket=BUCKET)
        secrets = aws.client("secretsmanager")
        secrets.create_secret(Name="identity", SecretString="i" * 64)
        signing = {"current": "1", "1": "r" * 64, "0": "s" * 64}
        secrets.create_secret(Name="signing", SecretString=json.dumps(signing))
        os.environ |= _environment(aws.endpoint, queues, settings)
        _make_tables(aws)
        yield Stage(aws, queues)


def sqs_event(bodies: Sequence[str]) -> dict[str, Any]:
    """Return a batch of SQS messages as Lambda hands it to a function."""
    return {"Records": [_record(number, body) for number, body in enumerate(bodies)]}


def invoke(handler: Handler, events: Iterable[dict[str, Any]]) -> None:
    """Call a handler with each event.

    Raises:
        RuntimeError: when it says that it failed with a part of one.
    """
    for event in events:
        answer = handler(event, Context())
        if answer.get("batchItemFailures"):
            raise RuntimeError(f"{handler.__module__}: {answer}")


def _record(number: int, body: str) -> dict[str, Any]:
    return {
        "messageId": f"message-{number}",
        "receiptHandle": f"handle-{number}",
        "body": body,
        "attributes": {"ApproximateReceiveCount": "1"},
        "messageAttributes": {},
        "md5OfBody": "",
        "eventSource": "aws:sqs",
        "eventSourceARN": f"arn:aws:sqs:{REGION}:000000000000:queue",
        "awsRegion": REGION,
    }


def _make_tables(aws: Emulator) -> None:
    from local.tables import definition
    from mailtide import app
    from mailtide.store import tables

    dynamodb = aws.client("dynamodb")
    for model in tables.ALL:
        dynamodb.create_table(**definition(model.schema(), PREFIX))
    app.connect()


def _environment(
    endpoint: str, queues: Mapping[str, str], settings: Mapping[str, str]
) -> dict[str, str]:
    ours = {
        "TABLE_PREFIX": PREFIX,
        "DATA_BUCKET": BUCKET,
        **{f"QUEUE_{name.upper()}": url for name, url in queues.items()},
        "SECRET_IDENTITY": "identity",
        "SECRET_SIGNING": "signing",
        "RELAY_SECRET_PREFIX": "bench/relay/",
        "PUBLIC_URL": "https://t.example.com",
        "RELAY_NETWORKS": "127.0.0.0/8",
        "SES_TOPIC": f"arn:aws:sns:{REGION}:000000000000:ses",
        "SES_TOPICS": "",
        "SENDER_TIMEOUT_SECONDS": "600",
        "LEASE_SECONDS": "660",
        "REQUESTS_PER_MINUTE": "0",
        "EMULATOR": "true",
        **settings,
    }
    aws = {
        "AWS_ENDPOINT_URL": endpoint,
        "AWS_REGION": REGION,
        "AWS_DEFAULT_REGION": REGION,
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
    }
    return {f"MAILTIDE_{name}": value for name, value in ours.items()} | aws | QUIET
