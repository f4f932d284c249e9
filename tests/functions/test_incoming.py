"""From the queue to the counters on moto: ingest, rollup and react, in other orders and cuts."""

import json
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import boto3
import pytest

from functions.ingest.handler import lambda_handler as ingest
from functions.react.handler import lambda_handler as react
from functions.rollup.handler import lambda_handler as rollup
from mailtide.domain import metrics
from mailtide.domain.message import EventRow, millis
from mailtide.domain.organisation import Source, SourceKind
from mailtide.domain.suppression import Reason
from mailtide.errors import PermanentError
from mailtide.store import dynamo
from mailtide.store.contacts import shard_key
from mailtide.store.event_rows import from_item
from mailtide.store.events import Events
from mailtide.store.organisations import Organisations
from mailtide.store.suppressions import Suppressions
from mailtide.store.tables import CampaignMetricRow, ContactRow, DeliveryEventRow
from tests.aws import Stack, stack
from tests.collaborators import SEAL, SOURCE
from tests.events import Context, failed_ids, sqs_event
from tests.rows import CAMPAIGN, ORG, START, contact, message, sent

Record = dict[str, Any]


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch) -> Iterator[Stack]:
    with stack(monkeypatch) as made:
        Organisations().add_source(Source(ORG, SOURCE, SourceKind.STALWART, "relay", START))
        Events().put_all([sent(n) for n in range(1, 5)])
        yield made


def stalwart(*entries: dict[str, Any]) -> str:
    message_ = {"source": "stalwart", "source_id": SOURCE, "received_at": millis(START)}
    return json.dumps({**message_, "body": json.dumps({"events": entries})})


def entry(word: str, number: int, seconds: int, **data: Any) -> dict[str, Any]:
    at = (START + timedelta(seconds=seconds)).strftime("%Y-%m-%dT%H:%M:%SZ")
    sender = SEAL.mail_from("ip1", message(number), "bounce.example.com")
    return {"type": word, "createdAt": at, "data": {"from": sender, **data}}


def opened(number: int, seconds: int) -> str:
    at = millis(START + timedelta(seconds=seconds))
    hit = {
        "kind": "open",
        "message_id": message(number),
        "key": f"opened#{at:013d}#{number:08d}",
        "at": at,
        "method": "GET",
        "user_agent": "Mozilla/5.0 (iPhone) Safari",
        "address": "192.0.2.1",
    }
    return json.dumps({"source": "tracking", "source_id": None, "received_at": at, "hits": [hit]})


PAYLOADS = [
    stalwart(
        entry("delivery.delivered", 1, 60, code=250, details="OK"),
        entry("queue.rescheduled", 2, 60),
    ),
    stalwart(entry("delivery.rcpt-to-rejected", 3, 61, code=550, details="user unknown")),
    stalwart(entry("delivery.delivered", 2, 2000, code=250, details="OK")),
    opened(1, 1000),
    opened(1, 2000),
    opened(2, 3000),
]


def stream() -> list[Record]:
    """Return all records of the event table's stream, oldest first."""
    table = boto3.client("dynamodb").describe_table(TableName=DeliveryEventRow.Meta.table_name)
    arn = table["Table"]["LatestStreamArn"]
    streams = boto3.client("dynamodbstreams")
    [shard] = streams.describe_stream(StreamArn=arn)["StreamDescription"]["Shards"]
    iterator = streams.get_shard_iterator(
        StreamArn=arn, ShardId=shard["ShardId"], ShardIteratorType="TRIM_HORIZON"
    )["ShardIterator"]
    records: list[Record] = streams.get_records(ShardIterator=iterator)["Records"]
    return records


def batch(records: list[Record], shard: str | None = "A") -> dict[str, Any]:
    return {"Records": records} | ({"shardId": shard} if shard else {})


def counters() -> dict[tuple[str, str], dict[str, int]]:
    items = boto3.client("dynamodb").scan(TableName=CampaignMetricRow.Meta.table_name)["Items"]
    found = {}
    for item in items:
        counts = {m: int(item[m]["N"]) for m in metrics.METRICS if m in item}
        found[item["campaign_id"]["S"], item["bucket"]["S"]] = {
            m: n for m, n in counts.items() if n
        }
    return {cell: counts for cell, counts in found.items() if counts}


def rebuilt() -> dict[tuple[str, str], dict[str, int]]:
    sums = metrics.totals(rows())
    return {cell: dict(+counts) for cell, counts in sums.items() if +counts}


def rows() -> list[EventRow]:
    items = boto3.client("dynamodb").scan(TableName=DeliveryEventRow.Meta.table_name)["Items"]
    return [from_item(item) for item in items]


def test_counters_are_the_sum_over_the_rows_after_any_cut_and_repeat(aws: Stack) -> None:
    answer = ingest(sqs_event(*reversed(PAYLOADS), *PAYLOADS[:3]), Context())
    assert failed_ids(answer) == []
    records = stream()
    half = len(records) // 2
    for part in (records[:half], records[half - 3 :], records[:5], records):
        assert rollup(batch(part), Context()) == {"state": {}}
    assert counters() == rebuilt()
    every = {m: n for cell, c in counters().items() if cell[1][:4] == "all#" for m, n in c.items()}
    assert every.keys() >= {"sent", "delivered", "deferred", "bounced_hard", "opens_human"}


def test_a_hard_bounce_suppresses_its_contact_alone(aws: Stack) -> None:
    ingest(sqs_event(*PAYLOADS), Context())
    found = Suppressions().get_many(ORG, [contact(n) for n in range(1, 5)])
    assert {one: set(s.reasons) for one, s in found.items()} == {contact(3): {Reason.HARD_BOUNCE}}


def test_a_poisoned_payload_returns_alone(aws: Stack) -> None:
    answer = ingest(sqs_event(PAYLOADS[0], "{", PAYLOADS[3]), Context())
    assert failed_ids(answer) == ["message-1"]
    assert {row.event_key for row in rows()} >= {"delivered", "_engagement"}


def test_a_large_payload_is_read_from_the_bucket(aws: Stack) -> None:
    body = json.dumps({"events": [entry("delivery.delivered", 1, 60, code=250)]}).encode()
    aws.s3.put_object(Bucket="test-data", Key="payloads/x.json", Body=body)
    head = {"source": "stalwart", "source_id": SOURCE, "received_at": millis(START)}
    ingest(sqs_event(json.dumps({**head, "body_key": "payloads/x.json"})), Context())
    assert "delivered" in {row.event_key for row in rows()}
    assert list(aws.objects("raw/").values()) == [body]
    assert aws.objects("payloads/") == {}
    again = ingest(sqs_event(json.dumps({**head, "body_key": "payloads/x.json"})), Context())
    assert failed_ids(again) == []


def test_a_batch_without_a_shard_is_an_error_on_aws(aws: Stack) -> None:
    with pytest.raises(PermanentError):
        rollup(batch(stream(), shard=None), Context())
    assert counters() == {}


def test_a_record_that_cannot_be_read_is_quarantined_and_the_rest_is_counted(aws: Stack) -> None:
    records = stream()
    records[0]["dynamodb"]["NewImage"].pop("event_type")
    rollup(batch(records), Context())
    assert counters()[CAMPAIGN, "all#2026-11-24T10:00#"] == {"sent": 3}
    assert len(aws.objects("quarantine/A/")) == 1
    assert dynamo.get(CampaignMetricRow, CAMPAIGN, "_dirty") is not None


def test_a_human_open_is_kept_with_the_contact(aws: Stack) -> None:
    dynamo.put(
        ContactRow(
            shard_key(ORG, contact(1)),
            contact(1),
            email="ann@example.com",
            provider="gmail",
            created_at=START,
        )
    )
    ingest(sqs_event(*PAYLOADS), Context())
    assert react(batch(stream()), Context()) == {"engaged": 1, "fired": 0}
    assert react(batch(stream()), Context()) == {"engaged": 0, "fired": 0}
    stored = dynamo.get(ContactRow, shard_key(ORG, contact(1)), contact(1))
    assert stored is not None
    assert stored.last_open_at is not None
