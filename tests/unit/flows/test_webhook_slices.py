"""Slices of the webhook: each event once, in order, none acknowledged before all are queued."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from local.memory.bucket import Bucket
from mailtide.errors import InvalidInputError, RetryableError
from mailtide.flows import envelope_reading
from mailtide.flows.webhook import SLICE, Post, Webhook
from tests.collaborators import KEYRING, SOURCE, Queue, signed
from tests.rows import START


def entry(number: int) -> dict[str, Any]:
    """One event of the size that they have, with ids as Stalwart gives them."""
    words = {"queueId": 2**63 + number, "details": f"<{number}@example.com> ".ljust(500, "x")}
    return {"id": str(number), "type": "delivery.delivered", "data": words}


def slices(queue: Queue, bucket: Bucket) -> list[list[Any]]:
    """Return the events of each queued payload."""
    bodies = [envelope_reading.read(text, bucket).body for text in queue.sent]
    return [json.loads(body)["events"] for body in bodies]


@pytest.mark.parametrize(
    ("count", "sizes"),
    [
        (0, [0]),
        (100, [100]),
        (101, [100, 1]),
        (7000, [100] * 70),  # what 5 MB hold
    ],
)
def test_a_batch_is_queued_in_slices_that_hold_each_event_once_and_in_order(
    webhook: Webhook, queue: Queue, bucket: Bucket, count: int, sizes: list[int]
) -> None:
    entries = [entry(number) for number in range(count)]
    webhook.events(signed(json.dumps({"events": entries}).encode()), START)
    parts = slices(queue, bucket)
    assert [len(part) for part in parts] == sizes
    assert [one for part in parts for one in part] == entries
    assert bucket.objects == {}


def test_a_batch_of_one_slice_is_queued_byte_for_byte(webhook: Webhook, queue: Queue) -> None:
    body = json.dumps({"more": 1, "events": ["é"] * 100}, indent=1, ensure_ascii=False)
    webhook.events(signed(body.encode()), START)
    assert [message["body"] for message in queue.messages] == [body]


def test_a_slice_is_a_payload_like_any_other(webhook: Webhook, queue: Queue) -> None:
    webhook.events(signed(json.dumps({"events": [*range(101)], "more": 1}).encode()), START)
    head = {"source": "stalwart", "source_id": SOURCE, "received_at": 1_795_514_400_000}
    assert queue.messages[1] == {**head, "body": '{"events":[100]}'}


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=5,
)


@given(some=st.lists(VALUES, min_size=1, max_size=20), count=st.integers(0, 350), ascii_=...)
def test_slices_together_are_the_batch(some: list[Any], count: int, ascii_: bool) -> None:
    queue, bucket = Queue(), Bucket()
    entries = [some[number % len(some)] for number in range(count)]
    body = json.dumps({"events": entries}, ensure_ascii=ascii_).encode()
    Webhook(KEYRING, queue, bucket).events(signed(body), START)
    parts = slices(queue, bucket)
    assert [one for part in parts for one in part] == entries
    assert all(len(part) <= SLICE for part in parts)
    assert len(parts) == max(1, -(-count // SLICE))
    assert all(text.isascii() for text in queue.sent)


def test_one_huge_event_takes_only_its_own_slice_to_the_bucket(
    webhook: Webhook, queue: Queue, bucket: Bucket
) -> None:
    entries = [entry(number) for number in range(300)]
    entries[150]["data"]["details"] = "x" * 3_000_000
    webhook.events(signed(json.dumps({"events": entries}).encode()), START)
    assert ["body_key" in message for message in queue.messages] == [False, True, False]
    assert [one for part in slices(queue, bucket) for one in part] == entries


@pytest.mark.parametrize("character", ["\uffff", "\\ufffe", "\\ud800", "é", "\U0001f600"])
def test_a_slice_has_no_character_that_a_queue_refuses(
    webhook: Webhook, queue: Queue, bucket: Bucket, character: str
) -> None:
    body = '{"events": [' + ", ".join([f'"{character}"'] * 101) + "]}"
    webhook.events(signed(body.encode()), START)
    assert all(text.isascii() for text in queue.sent)
    assert slices(queue, bucket)[1] == json.loads(body)["events"][100:]


def deep(depth: int) -> Post:
    return signed(b'{"events": [' + b"[" * depth + b"]" * depth + b", 0" * SLICE + b"]}")


def test_a_batch_nested_as_deeply_as_can_be_read_is_queued(webhook: Webhook, queue: Queue) -> None:
    low, high = 1, 100_000
    while high - low > 1:
        middle = (low + high) // 2
        try:
            webhook.events(deep(middle), START)
        except InvalidInputError:
            high = middle
        else:
            low = middle
    queue.sent.clear()
    webhook.events(deep(low), START)
    assert queue.sent


def test_a_batch_that_cannot_be_written_again_is_queued_whole(
    webhook: Webhook, queue: Queue, bucket: Bucket, monkeypatch: pytest.MonkeyPatch
) -> None:
    body = json.dumps({"events": [entry(number) for number in range(101)]}).encode()
    written = json.dumps

    def too_deep(value: Any, **options: Any) -> str:
        """Write as Python 3.11 does, which reads deeper nesting than it writes."""
        if "events" in value:
            raise RecursionError
        return written(value, **options)

    monkeypatch.setattr(json, "dumps", too_deep)
    webhook.events(signed(body), START)
    assert [len(events) for events in slices(queue, bucket)] == [101]


@pytest.mark.parametrize("room", [0, 1, 69])
def test_a_batch_that_is_not_queued_whole_is_not_acknowledged(
    webhook: Webhook, queue: Queue, room: int
) -> None:
    queue.room = room
    body = json.dumps({"events": [entry(number) for number in range(7000)]}).encode()
    with pytest.raises(RetryableError):
        webhook.events(signed(body), START)


def test_a_batch_that_comes_again_has_the_same_slices(
    webhook: Webhook, queue: Queue, bucket: Bucket
) -> None:
    body = json.dumps({"events": [entry(number) for number in range(250)]}).encode()
    queue.room = 2
    with pytest.raises(RetryableError):
        webhook.events(signed(body), START)
    queue.room = None
    webhook.events(signed(body), START)
    assert queue.sent[:2] == queue.sent[2:4]
    assert len(queue.sent) == 5
