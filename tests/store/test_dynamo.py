"""Calls of DynamoDB: nothing left out, trouble named by code, conflicts tried again."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError, ReadTimeoutError

from mailtide.errors import RetryableError
from mailtide.store import dynamo
from mailtide.store.event_rows import Item
from mailtide.store.row import Row
from mailtide.store.tables import WarmupRow
from tests.tables import moto_tables, small_client_tables

TABLE = "test-warmup_schedules"


@pytest.fixture(autouse=True, params=[moto_tables, small_client_tables])
def table(request: pytest.FixtureRequest) -> Iterator[None]:
    with request.param(WarmupRow):
        yield


@pytest.fixture(autouse=True)
def pauses(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Collect the pauses instead of making them."""
    made: list[float] = []
    monkeypatch.setattr("time.sleep", made.append)
    return made


Calls = list[dict[str, Any]]
Patch = Callable[..., Calls]


@pytest.fixture
def client(monkeypatch: pytest.MonkeyPatch) -> Patch:
    """Change the client's call of an operation: `change(call, arguments)` stands in for it."""

    def patch(operation: str, change: Callable[[Callable[..., Any], Item], Any]) -> Calls:
        real, calls = dynamo.client()._make_api_call, []

        def call(name: str, arguments: Item) -> Any:
            if name != operation:
                return real(name, arguments)
            calls.append(arguments)
            return change(lambda **changed: real(name, changed), arguments)

        monkeypatch.setattr(dynamo.client(), "_make_api_call", call)
        return calls

    return patch


def key(number: int) -> tuple[str, str]:
    return "ip1#2026-11-24", f"r{number:03}"


def item(number: int) -> Item:
    return WarmupRow(*key(number), reserved=number).serialize()


def stored(keys: dynamo.Keys) -> list[int]:
    return sorted(int(row.reserved) for row in dynamo.get_many(WarmupRow, keys))


def error(code: str, status: int = 400) -> ClientError:
    response = {"Error": {"Code": code}, "ResponseMetadata": {"HTTPStatusCode": status}}
    return ClientError(response, "PutItem")


def test_keys_that_were_left_unprocessed_are_read_again(client: Patch) -> None:
    dynamo.put_many(TABLE, [item(i) for i in range(10)])

    def leave_all_but_three(call: Callable[..., Any], arguments: Item) -> Any:
        keys = arguments["RequestItems"][TABLE]["Keys"]
        answer = call(RequestItems={TABLE: {"Keys": keys[:3], "ConsistentRead": True}})
        if keys[3:]:
            answer["UnprocessedKeys"] = {TABLE: {"Keys": keys[3:], "ConsistentRead": True}}
        return answer

    calls = client("BatchGetItem", leave_all_but_three)
    assert stored([key(i) for i in range(10)]) == list(range(10))
    assert len(calls) == 4
    assert all(call["RequestItems"][TABLE]["ConsistentRead"] for call in calls)


def test_a_key_that_is_never_processed_is_an_error_and_not_an_absence(client: Patch) -> None:
    def leave_all(call: Callable[..., Any], arguments: Item) -> Any:
        return {"Responses": {}, "UnprocessedKeys": arguments["RequestItems"]}

    client("BatchGetItem", leave_all)
    with pytest.raises(RetryableError):
        dynamo.get_many(WarmupRow, [key(1)])


def test_items_that_were_left_unprocessed_are_written_again(
    client: Patch, pauses: list[float]
) -> None:
    def leave_all_but_ten(call: Callable[..., Any], arguments: Item) -> Any:
        requests = arguments["RequestItems"][TABLE]
        answer = call(RequestItems={TABLE: requests[:10]})
        if requests[10:]:
            answer["UnprocessedItems"] = {TABLE: requests[10:]}
        return answer

    client("BatchWriteItem", leave_all_but_ten)
    dynamo.put_many(TABLE, [item(i) for i in range(60)])
    assert stored([key(i) for i in range(60)]) == list(range(60))
    assert pauses == sorted(pauses[:2]) * 2  # two chunks of 25 and one of 10; longer each time


def test_an_item_that_is_never_written_is_an_error(client: Patch) -> None:
    def leave_all(call: Callable[..., Any], arguments: Item) -> Any:
        return {"UnprocessedItems": arguments["RequestItems"]}

    client("BatchWriteItem", leave_all)
    with pytest.raises(RetryableError):
        dynamo.put_many(TABLE, [item(1)])


@pytest.mark.parametrize(
    "trouble",
    [
        error("ProvisionedThroughputExceededException"),
        error("ThrottlingException"),
        error("InternalServerError", 500),
        error("SomethingNew", 503),
        ReadTimeoutError(endpoint_url="https://dynamodb"),
        EndpointConnectionError(endpoint_url="https://dynamodb"),
    ],
)
def test_what_may_work_later_is_retryable(client: Patch, trouble: Exception) -> None:
    def fail(call: Callable[..., Any], arguments: Item) -> Any:
        raise trouble

    client("PutItem", fail)
    with pytest.raises(RetryableError) as raised:
        dynamo.put(WarmupRow(*key(1)))
    assert raised.value.__cause__ is trouble


def test_what_we_did_wrong_stays_loud(client: Patch) -> None:
    def fail(call: Callable[..., Any], arguments: Item) -> Any:
        raise error("ValidationException")

    client("PutItem", fail)
    with pytest.raises(ClientError):
        dynamo.put(WarmupRow(*key(1)))


def test_trouble_in_a_models_own_query_is_named_too(client: Patch) -> None:
    def fail(call: Callable[..., Any], arguments: Item) -> Any:
        raise error("ThrottlingException")

    client("Query", fail)
    with pytest.raises(RetryableError), dynamo.calling():
        list(WarmupRow.query("ip1#2026-11-24"))


def test_a_failed_condition_is_answered_with_what_stands_there() -> None:
    absent = WarmupRow.item.does_not_exist()
    assert dynamo.put(WarmupRow(*key(1), reserved=1), absent) is None
    found = dynamo.put(WarmupRow(*key(1), reserved=2), absent)
    assert found is not None
    assert found["reserved"] == {"N": "1"}


def test_a_change_or_deletion_of_nothing_is_answered_with_nothing() -> None:
    there = WarmupRow.item.exists()
    assert dynamo.update(WarmupRow(*key(1)), [WarmupRow.reserved.set(1)], there) == {}
    assert dynamo.delete(WarmupRow(*key(1)), there) == {}


def test_a_transaction_that_fails_says_which_condition_and_writes_nothing() -> None:
    dynamo.put(WarmupRow(*key(1), reserved=1))
    absent = WarmupRow.item.does_not_exist()
    operations = [
        dynamo.transact_put(WarmupRow(*key(2), reserved=2), absent),
        dynamo.transact_put(WarmupRow(*key(1), reserved=9), absent),
    ]
    reasons = dynamo.transact(operations)
    assert reasons is not None
    assert reasons[0] is None
    assert reasons[1] is not None
    assert reasons[1]["reserved"] == {"N": "1"}
    assert stored([key(1), key(2)]) == [1]


def cancelled(*codes: str) -> ClientError:
    failure = error("TransactionCanceledException")
    failure.response["CancellationReasons"] = [{"Code": code} for code in codes]
    return failure


def test_a_conflict_with_another_transaction_is_tried_again(client: Patch) -> None:
    def conflict_twice(call: Callable[..., Any], arguments: Item) -> Any:
        if len(calls) < 3:
            raise cancelled("TransactionConflict", "None")
        return call(**arguments)

    calls = client("TransactWriteItems", conflict_twice)
    assert dynamo.transact([dynamo.transact_put(WarmupRow(*key(1), reserved=1))]) is None
    assert stored([key(1)]) == [1]


def test_a_write_of_an_item_that_a_transaction_has_is_tried_again(client: Patch) -> None:
    def conflict_twice(call: Callable[..., Any], arguments: Item) -> Any:
        if len(calls) < 3:
            raise error("TransactionConflictException")
        return call(**arguments)

    calls = client("UpdateItem", conflict_twice)
    assert dynamo.update(WarmupRow(*key(1)), [WarmupRow.reserved.set(1)]) is None
    assert len(calls) == 3


def test_a_write_that_always_meets_a_transaction_is_retryable(client: Patch) -> None:
    def conflict(call: Callable[..., Any], arguments: Item) -> Any:
        raise error("TransactionConflictException")

    client("PutItem", conflict)
    with pytest.raises(RetryableError):
        dynamo.put(WarmupRow(*key(1)))


def test_endless_conflicts_are_retryable_and_other_reasons_are_loud(client: Patch) -> None:
    codes = ["TransactionConflict"]

    def fail(call: Callable[..., Any], arguments: Item) -> Any:
        raise cancelled(*codes)

    client("TransactWriteItems", fail)
    operations = [dynamo.transact_put(WarmupRow(*key(1)))]
    with pytest.raises(RetryableError):
        dynamo.transact(operations)
    codes.append("ValidationError")
    with pytest.raises(ClientError):
        dynamo.transact(operations)


def test_a_partition_is_read_over_all_its_pages(client: Patch) -> None:
    dynamo.put_many(TABLE, [item(i) for i in range(7)])

    def three_at_a_time(call: Callable[..., Any], arguments: Item) -> Any:
        return call(**arguments, Limit=3)

    client("Query", three_at_a_time)
    found = list(dynamo.query_items(WarmupRow, "ip1#2026-11-24", ["reserved"]))
    assert found == [{"reserved": {"N": str(i)}} for i in range(7)]


def test_without_bound_tables_there_is_no_client() -> None:
    with pytest.MonkeyPatch.context() as patch:  # undone before the tables are bound anew
        patch.setattr(Row, "shared", None)
        with pytest.raises(RuntimeError, match="bind"):
            dynamo.client()
