"""The event table's stream as Lambda hands it out: by shard and in order, but some of it twice."""

import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from random import Random
from typing import Any

import boto3

from mailtide.store.tables import DeliveryEventRow

Record = dict[str, Any]

SHARDS = ("shard-a", "shard-b")
MOST = 100  # records of one batch
OVERLAP = 20  # records that a repeated batch may begin earlier


@dataclass
class Stream:
    """Records by shard, as a table with two partitions would have split moto's only one."""

    records: Mapping[str, list[Record]] = field(default_factory=lambda: {s: [] for s in SHARDS})
    _iterator: str = ""

    def look(self) -> None:
        """Take what is new in the table's stream."""
        client = boto3.client("dynamodbstreams")
        while True:
            answer = client.get_records(ShardIterator=self._iterator or _beginning(client))
            self._iterator = answer["NextShardIterator"]
            if not answer["Records"]:
                return
            for record in answer["Records"]:
                self.records[_shard(record)].append(record)

    def again(self, dice: Random) -> Iterator[dict[str, Any]]:
        """Yield all of it in batches that overlap, out of order."""
        batches = [
            batch(shard, records[start : start + MOST])
            for shard, records in self.records.items()
            for start in range(0, len(records), MOST - OVERLAP)
        ]
        dice.shuffle(batches)
        yield from batches


@dataclass
class Reader:
    """One function's place in each shard."""

    stream: Stream
    dice: Random
    places: dict[str, int] = field(default_factory=lambda: dict.fromkeys(SHARDS, 0))

    def next(self) -> tuple[str, dict[str, Any], int] | None:
        """Return a shard, its next batch and the place behind it; None when all is read."""
        for shard, records in self.stream.records.items():
            place = self.places[shard]
            if place < len(records):
                end = min(len(records), place + self.dice.randint(1, MOST))
                start = max(0, place - self.dice.choice((0, 0, OVERLAP)))
                return shard, batch(shard, records[start:end]), end
        return None


def batch(shard: str, records: list[Record]) -> dict[str, Any]:
    """Return the event of a tumbling window's batch."""
    return {"Records": records, "shardId": shard, "state": {}, "isFinalInvokeForWindow": False}


def _beginning(client: Any) -> str:
    [stream] = client.list_streams(TableName=DeliveryEventRow.Meta.table_name)["Streams"]
    arn = stream["StreamArn"]
    [shard] = client.describe_stream(StreamArn=arn)["StreamDescription"]["Shards"]
    answer = client.get_shard_iterator(
        StreamArn=arn, ShardId=shard["ShardId"], ShardIteratorType="TRIM_HORIZON"
    )
    return str(answer["ShardIterator"])


def _shard(record: Record) -> str:
    message_id = record["dynamodb"]["Keys"]["message_id"]["S"]
    return SHARDS[zlib.crc32(message_id.encode()) % len(SHARDS)]
