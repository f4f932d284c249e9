"""The item client: what botocore adds to a call, and how refusals look. The rest: `test_dynamo`."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import pytest
from botocore.exceptions import ClientError

from mailtide.errors import RetryableError
from mailtide.small_client import Answer, AwsRefusedError
from mailtide.store import dynamo, tables
from mailtide.store.item_client import ItemClient
from mailtide.store.tables import WarmupRow
from tests.tables import PREFIX, REGION, moto_tables


@dataclass
class Calls:
    """Keeps what is asked, and answers or fails as it was told to."""

    error: Exception | None = None
    made: list[tuple[str, Mapping[str, Any]]] = field(default_factory=list)

    def call(self, operation: str, arguments: Mapping[str, Any]) -> Answer:
        self.made.append((operation, arguments))
        if self.error:
            raise self.error
        return {}


def call(calls: Calls, operation: str, **arguments: Any) -> Answer:
    """Make a call as PynamoDB does."""
    return ItemClient(calls)._make_api_call(operation, arguments)


def test_each_transaction_has_a_token_of_its_own_so_that_a_repeat_is_none() -> None:
    calls = Calls()
    for arguments in ({}, {}, {"ClientRequestToken": "mine"}):
        call(calls, "TransactWriteItems", TransactItems=[], **arguments)
    tokens = [made["ClientRequestToken"] for _, made in calls.made]
    assert len({*tokens}) == 3
    assert tokens[2] == "mine"


def test_no_other_call_has_one() -> None:
    calls = Calls()
    call(calls, "PutItem", TableName="t")
    assert calls.made == [("PutItem", {"TableName": "t"})]


def test_a_refusal_has_botocores_form_and_all_that_was_said() -> None:
    said = {"__type": "x#Failed", "Message": "why", "Item": {"a": {"S": "b"}}}
    with pytest.raises(ClientError, match="PutItem operation: why") as refused:
        call(Calls(AwsRefusedError("Failed", said)), "PutItem")
    assert refused.value.response["Error"] == {"Code": "Failed", "Message": "why"}
    assert refused.value.response["Item"] == said["Item"]


ROW = WarmupRow("ip1#2026-11-24", "r1")


@pytest.mark.parametrize(
    "use",
    [
        lambda: dynamo.put(ROW),
        lambda: dynamo.update(ROW, [WarmupRow.reserved.set(1)]),
        lambda: dynamo.get(WarmupRow, "ip1#2026-11-24", "r1"),
        lambda: dynamo.get_many(WarmupRow, [("ip1#2026-11-24", "r1")]),
        lambda: dynamo.put_many("t", [ROW.serialize()]),
        lambda: dynamo.transact([dynamo.transact_put(ROW)]),
        lambda: list(dynamo.query_items(WarmupRow, "ip1#2026-11-24")),
        lambda: list(WarmupRow.query("ip1#2026-11-24")),
    ],
)
def test_trouble_that_may_pass_stays_what_it_is_whoever_calls(use: Callable[[], Any]) -> None:
    trouble = RetryableError("later")
    with moto_tables(WarmupRow):  # what is bound at the end
        tables.bind(PREFIX, REGION, Calls(trouble))
        try:
            with pytest.raises(RetryableError) as raised, dynamo.calling():
                use()
        finally:
            tables.bind(PREFIX, REGION)
    assert raised.value is trouble
