"""DynamoDB through the shared client: reads, conditional writes, batches and transactions.

A write that fails its condition is answered with the item that stands there, so that a caller can
tell "already mine" (the reply of an earlier try was lost) from somebody else's.
"""

import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, TypeVar

from botocore.exceptions import ClientError
from pynamodb.exceptions import PynamoDBException
from pynamodb.expressions.condition import Condition
from pynamodb.expressions.update import Action

from mailtide.aws_errors import code_of, translated
from mailtide.errors import RetryableError
from mailtide.store.row import Row

Item = dict[str, Any]  # in DynamoDB's form: {"name": {"S": "..."}}
Keys = Sequence[tuple[str, str]]  # (hash, range)
R = TypeVar("R", bound=Row)

GET_LIMIT = 100  # keys of one BatchGetItem
WRITE_LIMIT = 25  # items of one BatchWriteItem
TRIES = 8
_FIRST_PAUSE_SECONDS = 0.05
_LONGEST_PAUSE_SECONDS = 1.0
_OLD = "ALL_OLD"
_PASSING_REASONS = frozenset(  # of a transaction that was cancelled
    {"None", "TransactionConflict", "ThrottlingError", "ProvisionedThroughputExceeded"}
)


def client() -> Any:
    """Return the client that all tables share: botocore's, or one that answers as it does."""
    if Row.shared is None:
        raise RuntimeError("tables.bind has not been called")
    return Row.shared.client


def call(operation: str, **arguments: Any) -> Item:
    """Make one call by its operation's name, as PynamoDB makes its own.

    Raises:
        ClientError: when it was refused, and would be again.
        RetryableError: when it may work later.
    """
    with translated():
        answer: Item = client()._make_api_call(operation, arguments)  # noqa: SLF001 - its one way
    return answer


@contextmanager
def calling() -> Iterator[None]:
    """Raise errors of PynamoDB's and botocore's calls in our words."""
    with translated():
        try:
            yield
        except PynamoDBException as error:
            raise error.cause or error from error


def get(model: type[R], hash_key: str, range_key: str) -> R | None:
    """Read one row consistently."""
    key = model.raw_key(hash_key, range_key)
    answer = call("GetItem", TableName=model.Meta.table_name, Key=key, ConsistentRead=True)
    return model.from_raw_data(answer["Item"]) if "Item" in answer else None


def get_many(model: type[R], keys: Keys) -> list[R]:
    """Read rows consistently, in any order; only those that exist come back."""
    return [model.from_raw_data(item) for item in get_items(model, keys)]


def get_items(model: type[Row], keys: Keys) -> list[Item]:
    """Read items consistently, in any order; only those that exist come back.

    A key that DynamoDB leaves unprocessed is read again: it must never pass for an absent one.
    """
    items: list[Item] = []
    table = model.Meta.table_name
    for chunk in chunks(list(dict.fromkeys(keys)), GET_LIMIT):
        request: Item = {
            table: {"Keys": [model.raw_key(*key) for key in chunk], "ConsistentRead": True}
        }
        for pause in _pauses():
            answer = call("BatchGetItem", RequestItems=request)
            items += answer["Responses"].get(table, ())
            request = answer.get("UnprocessedKeys") or {}
            if not request:
                break
            time.sleep(pause)
        else:
            raise RetryableError(f"{table} is too busy to read")
    return items


def query_items(
    model: type[Row],
    hash_key: str,
    attributes: Sequence[str] = (),
    between: tuple[str, str] | None = None,
) -> Iterator[Item]:
    """Yield the items of a partition, read consistently, by range key.

    Only the named attributes come along, or all when none is named; and only range keys `between`
    two, both included. This is for many small items: a model's own query makes objects of them.
    """
    names = {"#hash": model.hash_name()}
    arguments: Item = {
        "TableName": model.Meta.table_name,
        "KeyConditionExpression": "#hash = :hash",
        "ExpressionAttributeNames": names,
        "ExpressionAttributeValues": {":hash": {"S": hash_key}},
        "ConsistentRead": True,
    }
    if between:
        names["#range"] = model.range_name()
        arguments["KeyConditionExpression"] += " AND #range BETWEEN :first AND :last"
        for name, value in zip((":first", ":last"), between, strict=True):
            arguments["ExpressionAttributeValues"][name] = {"S": value}
    if attributes:
        names.update({f"#a{i}": name for i, name in enumerate(attributes)})
        arguments["ProjectionExpression"] = ", ".join(f"#a{i}" for i in range(len(attributes)))
    return query_all(arguments)


def query_all(arguments: Mapping[str, Any]) -> Iterator[Item]:
    """Yield the items of a query by DynamoDB's arguments, page after page."""
    start: Item = {}
    while True:
        page = call("Query", **arguments, **start)
        yield from page["Items"]
        if "LastEvaluatedKey" not in page:
            return
        start = {"ExclusiveStartKey": page["LastEvaluatedKey"]}


def put(row: Row, condition: Condition | None = None) -> Item | None:
    """Write a whole row; return None, or the item that stands there if the condition failed."""
    return _write("PutItem", row.get_save_kwargs_from_instance(condition, _OLD))


def put_item(model: type[Row], item: Item, condition: Condition) -> Item | None:
    """Write an item as `put` writes a row."""
    names: dict[str, str] = {}
    values: dict[str, Any] = {}
    arguments: Item = {
        "TableName": model.Meta.table_name,
        "Item": item,
        "ConditionExpression": condition.serialize(names, values),
        "ExpressionAttributeNames": {short: name for name, short in names.items()},
        "ReturnValuesOnConditionCheckFailure": _OLD,
    }
    if values:
        arguments["ExpressionAttributeValues"] = values
    return _write("PutItem", arguments)


def update(row: Row, actions: Sequence[Action], condition: Condition | None = None) -> Item | None:
    """Change the row of `row`'s key; return None, or what stands there if the condition failed.

    An item that does not exist is {}.
    """
    return _write("UpdateItem", row.get_update_kwargs_from_instance(list(actions), condition, _OLD))


def delete(row: Row, condition: Condition | None = None) -> Item | None:
    """Remove the row of `row`'s key; return None, or what stands there if the condition failed."""
    return _write("DeleteItem", row.get_delete_kwargs_from_instance(condition, _OLD))


def put_many(table: str, items: Iterable[Item]) -> None:
    """Write items to a physical table, all of them or RetryableError.

    No two may have the same key: DynamoDB refuses such a call.
    """
    _write_many(table, [{"PutRequest": {"Item": item}} for item in items])


def delete_many(table: str, keys: Iterable[Item]) -> None:
    """Remove items of a physical table, all of them or RetryableError; no key twice."""
    _write_many(table, [{"DeleteRequest": {"Key": key}} for key in keys])


def _write_many(table: str, requests: Sequence[Item]) -> None:
    for chunk in chunks(requests, WRITE_LIMIT):
        request: Item = {table: chunk}
        for pause in _pauses():
            answer = call("BatchWriteItem", RequestItems=request)
            request = answer.get("UnprocessedItems") or {}
            if not request:
                break
            time.sleep(pause)
        else:
            raise RetryableError(f"{table} is too busy to write")


def transact(operations: Sequence[Mapping[str, Any]]) -> list[Item | None] | None:
    """Write all or nothing.

    Returns None when written; else, per operation, the item that failed its condition ({} for one
    that does not exist) or None. A conflict with another transaction is tried again.
    """
    for pause in _pauses():
        try:
            call("TransactWriteItems", TransactItems=list(operations))
        except ClientError as error:
            if code_of(error) != "TransactionCanceledException":
                raise
            reasons = error.response["CancellationReasons"]
            codes = {reason["Code"] for reason in reasons}
            if "ConditionalCheckFailed" in codes:
                return [_failed(reason) for reason in reasons]
            if codes - _PASSING_REASONS:
                raise
            time.sleep(pause)
        else:
            return None
    raise RetryableError("too many transactions on the same rows")


def transact_put(row: Row, condition: Condition | None = None) -> Item:
    """Return the operation of `transact` that writes a whole row."""
    return {"Put": row.get_save_kwargs_from_instance(condition, _OLD)}


def transact_update(row: Row, actions: Sequence[Action], condition: Condition | None) -> Item:
    """Return the operation of `transact` that changes a row."""
    return {"Update": row.get_update_kwargs_from_instance(list(actions), condition, _OLD)}


def transact_delete(row: Row, condition: Condition | None = None) -> Item:
    """Return the operation of `transact` that removes a row."""
    return {"Delete": row.get_delete_kwargs_from_instance(condition, _OLD)}


def chunks(things: Sequence[Any], size: int) -> Iterator[Sequence[Any]]:
    """Cut a sequence into pieces of at most `size`."""
    for start in range(0, len(things), size):
        yield things[start : start + size]


def _write(operation: str, arguments: Item) -> Item | None:
    """Write one item; a transaction that has it at the moment is waited for."""
    for pause in _pauses():
        try:
            call(operation, **arguments)
        except ClientError as error:
            if code_of(error) == "ConditionalCheckFailedException":
                found: Item = error.response.get("Item", {})
                return found
            if code_of(error) != "TransactionConflictException":
                raise
            time.sleep(pause)
        else:
            return None
    raise RetryableError("too many transactions on the same row")


def _failed(reason: Mapping[str, Any]) -> Item | None:
    return reason.get("Item", {}) if reason["Code"] == "ConditionalCheckFailed" else None


def _pauses() -> Iterator[float]:
    """Yield the seconds to wait after each try."""
    for attempt in range(TRIES):
        yield min(_LONGEST_PAUSE_SECONDS, _FIRST_PAUSE_SECONDS * 2**attempt)
