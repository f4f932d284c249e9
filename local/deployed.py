"""Deployed: the insides of a stack that is up, which its API does not show."""

import json
from collections.abc import Mapping
from typing import Any

from local.laptop import Laptop

EVENTS_TABLE = "email_delivery_events"

_WAITING = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]


class Deployed:
    """Functions, queues and tables, by the names that the template gives them."""

    def __init__(self, machine: Laptop) -> None:
        self._outputs = machine.deployment.outputs
        self._lambda = machine.emulator.client("lambda")
        self._sqs = machine.emulator.client("sqs")
        self._dynamodb = machine.emulator.client("dynamodb")

    def invoke(self, function: str, event: Mapping[str, Any]) -> dict[str, Any]:
        """Invoke a function as its trigger does and return its answer.

        Raises:
            RuntimeError: it failed; the message is what it says.
        """
        answer = self._lambda.invoke(
            FunctionName=f"{self._outputs['TablePrefix']}-{function}",
            Payload=json.dumps(event).encode(),
        )
        payload = answer["Payload"].read()
        if "FunctionError" in answer:
            raise RuntimeError(f"{function}: {payload.decode()}")
        return dict(json.loads(payload))

    def waiting(self, queue: str) -> int:
        """Count the messages of a queue, those included that somebody works on.

        `queue` is an output of the template, such as `SendingQueue` or `SendingDeadLetters`.
        """
        told = self._sqs.get_queue_attributes(
            QueueUrl=self._outputs[queue], AttributeNames=_WAITING
        )
        return sum(int(told["Attributes"][name]) for name in _WAITING)

    def event_rows(self) -> list[dict[str, dict[str, str]]]:
        """Return the items of all event rows, as DynamoDB writes them."""
        table = f"{self._outputs['TablePrefix']}-{EVENTS_TABLE}"
        pages = self._dynamodb.get_paginator("scan").paginate(TableName=table)
        return [item for page in pages for item in page["Items"]]
