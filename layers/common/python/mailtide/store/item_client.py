"""Item client: DynamoDB's calls as PynamoDB and the stores make them, over the small client.

It takes the place of botocore's client: the same arguments, answers and errors. A sender or
`ingest` makes some eight calls for a block or an event, and botocore's took a third of all CPU
(`benchmarks/life.py`). No attribute of ours is binary, so an item is the same in JSON as in Python.
Source: DynamoDB API reference, "TransactWriteItems" (its token) and "CommonErrors".
"""

from collections.abc import Mapping
from typing import Any, Protocol
from uuid import uuid4

from botocore.exceptions import ClientError

from mailtide.small_client import Answer, AwsRefusedError

_REFUSED = 400  # the HTTP status of what will not pass


class Calls(Protocol):
    """The small client."""

    def call(self, operation: str, arguments: Mapping[str, Any]) -> Answer:
        """Make one call.

        Raises:
            AwsRefusedError: when it was refused, and would be again.
            RetryableError: when it may work later.
        """
        ...


class ItemClient:
    """What PynamoDB asks of botocore's client, and `dynamo` beside it."""

    def __init__(self, calls: Calls) -> None:
        self._calls = calls

    def _make_api_call(self, operation: str, arguments: Answer) -> Answer:
        """Make one call; the name is what PynamoDB knows it by.

        Raises:
            ClientError: botocore's, when it was refused, and would be again.
            RetryableError: when it may work later.
        """
        if operation == "TransactWriteItems":  # a repeat is no second transaction, for 10 minutes
            arguments = {"ClientRequestToken": uuid4().hex, **arguments}
        try:
            return self._calls.call(operation, arguments)
        except AwsRefusedError as refused:
            told: Any = {
                **refused.answer,  # what failed the condition, or why a transaction was cancelled
                "Error": {"Code": refused.code, "Message": refused.words},
                "ResponseMetadata": {"HTTPStatusCode": _REFUSED},
            }
            raise ClientError(told, operation) from refused
