"""Item client: DynamoDB's calls as PynamoDB and the stores make them, over the small client.

It takes the place of botocore's client: the same names, arguments, answers and errors. A sender or
`ingest` makes some eight calls for a block or an event, and botocore's took a third of all CPU. No
attribute of ours is binary, so an item is the same in JSON as in Python.
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
    """What PynamoDB asks of botocore's client, and `dynamo` beside it.

    Every method raises botocore's ClientError for a refusal, and RetryableError for trouble that
    may pass.
    """

    def __init__(self, calls: Calls) -> None:
        self._calls = calls

    def _make_api_call(self, operation: str, arguments: Answer) -> Answer:
        """Make one call; PynamoDB makes all of its calls by this name."""
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

    def batch_get_item(self, **arguments: Any) -> Answer:
        """Read items by their keys."""
        return self._make_api_call("BatchGetItem", arguments)

    def batch_write_item(self, **arguments: Any) -> Answer:
        """Put or remove items by their keys."""
        return self._make_api_call("BatchWriteItem", arguments)

    def delete_item(self, **arguments: Any) -> Answer:
        """Remove an item."""
        return self._make_api_call("DeleteItem", arguments)

    def get_item(self, **arguments: Any) -> Answer:
        """Read an item."""
        return self._make_api_call("GetItem", arguments)

    def put_item(self, **arguments: Any) -> Answer:
        """Write an item."""
        return self._make_api_call("PutItem", arguments)

    def query(self, **arguments: Any) -> Answer:
        """Read a page of a partition."""
        return self._make_api_call("Query", arguments)

    def transact_write_items(self, **arguments: Any) -> Answer:
        """Write all or nothing."""
        return self._make_api_call("TransactWriteItems", arguments)

    def update_item(self, **arguments: Any) -> Answer:
        """Change an item."""
        return self._make_api_call("UpdateItem", arguments)
