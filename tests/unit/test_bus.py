"""The queues: all of it sent, nothing too long, trouble named."""

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from functools import cache
from typing import Any

import boto3
import pytest
from botocore.exceptions import ReadTimeoutError
from hypothesis import given
from hypothesis import strategies as st
from moto import mock_aws

from mailtide.bus import BATCH_LIMIT, SIZE_LIMIT, Announcements, Orders, Queue, _calls
from mailtide.domain.batch import BatchRef
from mailtide.domain.campaign import Campaign, State
from mailtide.errors import PermanentError, RetryableError
from mailtide.flows.pointers import Order, Shard, read_order, read_shard

ORDER = Order(BatchRef("acme", "c000000000", "3", "00000.100"), 7)


@cache
def sqs() -> Any:
    return boto3.client("sqs", region_name="us-east-1")


@pytest.fixture
def url() -> Iterator[str]:
    with mock_aws():
        yield sqs().create_queue(QueueName="q")["QueueUrl"]


def received(url: str) -> list[str]:
    bodies: list[str] = []
    while found := sqs().receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages"):
        bodies += [message["Body"] for message in found]
    return sorted(bodies)


class Unreliable:
    """A client that answers each call with the next of some answers, then takes everything."""

    def __init__(self, *answers: Any) -> None:
        self.answers = list(answers)
        self.calls: list[list[str]] = []

    def send_message_batch(self, **arguments: Any) -> Any:
        self.calls.append([entry["MessageBody"] for entry in arguments["Entries"]])
        answer = self.answers.pop(0) if self.answers else {}
        if isinstance(answer, Exception):
            raise answer
        return answer

    send_message = send_message_batch


def failed(*ids: str, ours: bool = False) -> dict[str, Any]:
    return {"Failed": [{"Id": id_, "SenderFault": ours, "Message": "no"} for id_ in ids]}


@pytest.fixture(autouse=True)
def no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("time.sleep", lambda _: None)


def test_a_text_arrives_as_it_was_sent(url: str) -> None:
    Queue(sqs(), url).send("Grüße")
    assert received(url) == ["Grüße"]


def test_more_texts_than_one_call_takes_all_arrive(url: str) -> None:
    bodies = [f"{i:02}" for i in range(23)]
    Queue(sqs(), url).send_all(bodies)
    assert received(url) == bodies


def test_a_batch_is_read_as_it_was_ordered(url: str) -> None:
    queue = Queue(sqs(), url)
    Orders(queue, queue, queue).send([ORDER])
    assert [read_order(body) for body in received(url)] == [ORDER]


def test_a_shard_is_read_as_it_was_ordered(url: str) -> None:
    queue = Queue(sqs(), url)
    Orders(queue, queue, queue).launch("acme", "c000000000", ["0", "f"])
    shards = [read_shard(body) for body in received(url)]
    assert shards == [Shard("acme", "c000000000", "0"), Shard("acme", "c000000000", "f")]


def test_what_a_call_left_out_is_sent_again() -> None:
    client = Unreliable(failed("1"))
    Queue(client, "url").send_all(["a", "b", "c"])
    assert client.calls == [["a", "b", "c"], ["b"]]


def test_what_is_never_taken_is_retryable() -> None:
    client = Unreliable(*[failed("0")] * 20)
    with pytest.raises(RetryableError):
        Queue(client, "url").send_all(["a"])


def test_what_is_our_fault_is_not_tried_again() -> None:
    client = Unreliable(failed("0", ours=True))
    with pytest.raises(PermanentError):
        Queue(client, "url").send_all(["a"])
    assert len(client.calls) == 1


def test_a_queue_that_does_not_answer_is_retryable() -> None:
    trouble = ReadTimeoutError(endpoint_url="https://sqs")
    with pytest.raises(RetryableError):
        Queue(Unreliable(trouble), "url").send_all(["a"])


@pytest.mark.parametrize("body", ["x" * (SIZE_LIMIT + 1), "ü" * (SIZE_LIMIT // 2 + 1)])
def test_a_text_over_the_limit_in_bytes_is_refused_before_it_is_sent(body: str) -> None:
    client = Unreliable()
    with pytest.raises(PermanentError):
        Queue(client, "url").send(body)
    with pytest.raises(PermanentError):
        Queue(client, "url").send_all([body])
    assert client.calls == []


@given(sizes=st.lists(st.sampled_from([1, 100, SIZE_LIMIT // 3, SIZE_LIMIT]), max_size=30))
def test_calls_hold_everything_in_order_and_keep_both_limits(sizes: list[int]) -> None:
    bodies = ["x" * size for size in sizes]
    calls = list(_calls(bodies))
    assert [body for call in calls for body in call] == bodies
    assert all(0 < len(call) <= BATCH_LIMIT for call in calls)
    assert all(sum(map(len, call)) <= SIZE_LIMIT for call in calls)


class Bridge:
    """A client of EventBridge that keeps entries, or fails so many."""

    def __init__(self, failed: int = 0) -> None:
        self.failed = failed
        self.entries: list[Any] = []

    def put_events(self, **arguments: Any) -> Any:
        self.entries += arguments["Entries"]
        return {"FailedEntryCount": self.failed, "Entries": [{"ErrorCode": "ThrottlingException"}]}


AT = datetime(2026, 11, 24, 10, tzinfo=UTC)
SENT = Campaign("acme", "c1", "Spring", (), "t", "i", State.SENT, AT, finished_at=AT)


def test_the_end_of_a_campaign_is_told_on_the_bus() -> None:
    bridge = Bridge()
    Announcements(bridge).completed(replace(SENT, planned={"0": 2, "f": 3}))
    [entry] = bridge.entries
    assert (entry["Source"], entry["DetailType"]) == ("mailtide", "campaign.completed")
    assert json.loads(entry["Detail"]) == {
        "org_id": "acme",
        "campaign_id": "c1",
        "recipients": 5,
        "finished_at": "2026-11-24T10:00:00+00:00",
    }


def test_what_the_bus_does_not_take_may_be_told_again() -> None:
    with pytest.raises(RetryableError, match="Throttling"):
        Announcements(Bridge(failed=1)).completed(SENT)


def test_how_much_waits_is_told(url: str) -> None:
    orders = Orders(Queue(sqs(), url), Queue(None, ""), Queue(None, ""))
    assert orders.waiting() == 0
    orders.send([ORDER] * 12)
    assert orders.waiting() == 12
