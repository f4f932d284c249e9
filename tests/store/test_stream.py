"""Records of the stream as changes; what is none of our rows is set aside with the reason."""

from typing import Any

import boto3
import pytest
from moto import mock_aws

from mailtide.domain.event import EventType
from mailtide.flows.rollup import Change, Unreadable
from mailtide.store import stream
from mailtide.store.bucket import Bucket
from mailtide.store.event_rows import to_item
from mailtide.store.stream import Quarantine
from tests.events import stream_event
from tests.rows import engagement, message, sent, state


def record(old: Any, new: Any) -> dict[str, Any]:
    [made] = stream_event([(old, new)], first=7)["Records"]
    return dict(made)


@pytest.mark.parametrize("row", [sent(), state(EventType.BOUNCED, kind="hard"), engagement()])
def test_a_record_is_the_change_of_a_row(row: Any) -> None:
    assert stream.read(record(None, to_item(row))) == Change("7".zfill(40), None, row)
    assert stream.read(record(to_item(row), None)) == Change("7".zfill(40), row, None)


def test_sequence_numbers_compare_as_texts() -> None:
    numbers = [9, 10, 99999999999999999999999]
    [a, b, c] = [
        stream.read(stream_event([(None, to_item(sent()))], first=n)["Records"][0]) for n in numbers
    ]
    assert a.sequence < b.sequence < c.sequence


def test_what_the_time_to_live_removed_is_told_apart() -> None:
    expiry = {"type": "Service", "principalId": "dynamodb.amazonaws.com"}
    ours = record(to_item(sent()), None)
    theirs = {**ours, "userIdentity": expiry}
    assert [stream.read(one) for one in (ours, theirs)] == [
        Change("7".zfill(40), sent(), None, expired=False),
        Change("7".zfill(40), sent(), None, expired=True),
    ]


@pytest.mark.parametrize(
    "change",
    [
        {"event_type": {"S": "dance"}},
        {"ts": {"S": "yesterday"}},
        {"data": {"S": "{"}},
        {"data": {"S": '{"state": "lost"}'}},
        {"data": {"S": "[]"}},
        {"campaign_id": {"NULL": True}},
        {"ts": {"N": "9" * 30}},
    ],
)
def test_a_row_that_cannot_be_counted_is_unreadable(change: dict[str, Any]) -> None:
    bad = record(None, {**to_item(sent()), **change})
    bad["dynamodb"]["Keys"] = {"message_id": {"S": message()}, "event_key": {"S": "sent"}}
    read = stream.read(bad)
    assert isinstance(read, Unreadable)
    assert (read.sequence, read.message_id) == ("7".zfill(40), message())


def test_a_record_without_a_key_is_nobody_s() -> None:
    read = stream.read(record(None, {}))
    assert isinstance(read, Unreadable)
    assert read.message_id is None


def test_what_is_no_stream_record_is_an_error() -> None:
    with pytest.raises(KeyError):
        stream.read({"body": "x"})


def test_a_record_is_quarantined_once() -> None:
    with mock_aws():
        s3 = boto3.client("s3", region_name="us-east-1")
        s3.create_bucket(Bucket="data")
        bucket = Bucket(s3, "data")
        bad = Unreadable("07", None, "no row", {"eventID": "1"})
        for _ in range(2):
            Quarantine(bucket).put("shardId-1", bad)
        assert bucket.get("quarantine/shardId-1/07.json") == (
            b'{"reason": "no row", "record": {"eventID": "1"}}'
        )
        assert s3.list_objects_v2(Bucket="data")["KeyCount"] == 1
