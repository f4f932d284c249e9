"""Everything that moved during a campaign, invoked again on the deployed functions.

Nothing of it is made up: queue messages as the functions sent them, webhook bodies as they were
received (the queue carried them), records as the table's stream gives them. Order and cuts differ.
"""

import json
import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import httpx

from local.deployed import EVENTS_TABLE, Deployed
from local.laptop import Laptop
from local.receivers.poster import sign

WORKERS = {"launch": "launch", "sending": "sender", "events": "ingest", "imports": "imports"}
READERS = ("rollup", "react")


@dataclass(frozen=True, slots=True)
class Replay:
    """Replays what one laptop's functions and receivers sent."""

    machine: Laptop
    deployed: Deployed
    sent: Mapping[str, Sequence[str]]  # bodies by queue URL
    dice: random.Random

    def queues(self) -> dict[str, int]:
        """Invoke the queues' functions with what they got; return how many messages of each."""
        told = {}
        for queue, function in WORKERS.items():
            bodies = list(self.sent[self.machine.deployment.outputs[f"{queue.title()}Queue"]])
            self.dice.shuffle(bodies)
            told[queue] = len(bodies)
            for cut in self._cuts(bodies, 1 if function == "sender" else 10):
                answer = self.deployed.invoke(
                    function, {"Records": [_message(body) for body in cut]}
                )
                assert answer["batchItemFailures"] == [], f"{function}: {cut}"
        return told

    def webhooks(self) -> int:
        """Post every body that came to the webhooks again; return how many there were."""
        source = self.machine.source
        bodies = list(self._received())
        self.dice.shuffle(bodies)
        for body in bodies:
            if "events" in json.loads(body):
                url, header = (
                    source["webhook_url"],
                    {"X-Signature": sign(body, source["signature_key"])},
                )
            else:
                url = source["inbound_url"]
                header = {"Authorization": f"Bearer {source['inbound_token']}"}
            headers = {"Content-Type": "application/json", **header}
            httpx.post(url, content=body, headers=headers, timeout=60).raise_for_status()
        return len(bodies)

    def streams(self) -> int:
        """Invoke the stream's functions with its records; return how many records there were.

        Each is read in order in other cuts, and once more in overlapping batches out of order.
        """
        records = list(self._stream_records())
        batches = list(self._cuts(records, 60))
        overlapping = [records[start : start + 80] for start in range(0, len(records), 50)]
        self.dice.shuffle(overlapping)
        for function in READERS:
            for batch in (*batches, *overlapping):
                self.deployed.invoke(function, {"Records": batch})
        return len(records)

    def release(self) -> dict[str, Any]:
        """Invoke the schedule's function; return what it did."""
        return self.deployed.invoke("release", {})

    def _cuts(self, items: Sequence[Any], most: int) -> Iterator[Sequence[Any]]:
        start = 0
        while start < len(items):
            size = self.dice.randint(1, most)
            yield items[start : start + size]
            start += size

    def _received(self) -> Iterator[bytes]:
        """Yield the bodies as they came; what the bucket keeps has references for addresses."""
        for text in self.sent[self.machine.deployment.outputs["EventsQueue"]]:
            message = json.loads(text)
            if message.get("source") in ("stalwart", "inbound"):
                yield message["body"].encode()

    def _stream_records(self) -> Iterator[dict[str, Any]]:
        streams = self.machine.emulator.client("dynamodbstreams")
        table = f"{self.machine.deployment.outputs['TablePrefix']}-{EVENTS_TABLE}"
        (stream,) = streams.list_streams(TableName=table)["Streams"]
        arn = stream["StreamArn"]
        for shard in streams.describe_stream(StreamArn=arn)["StreamDescription"]["Shards"]:
            iterator = streams.get_shard_iterator(
                StreamArn=arn, ShardId=shard["ShardId"], ShardIteratorType="TRIM_HORIZON"
            )["ShardIterator"]
            while iterator:
                answer = streams.get_records(ShardIterator=iterator)
                if not answer["Records"]:
                    break
                yield from (_record(record, arn) for record in answer["Records"])
                iterator = answer.get("NextShardIterator")


def _message(body: str) -> dict[str, Any]:
    """Write a queue's message as Lambda hands it over."""
    return {
        "messageId": f"again-{abs(hash(body))}",
        "receiptHandle": "again",
        "body": body,
        "attributes": {"ApproximateReceiveCount": "2"},
        "messageAttributes": {},
        "eventSource": "aws:sqs",
        "eventSourceARN": "arn:aws:sqs:us-east-1:000000000000:again",
        "awsRegion": "us-east-1",
    }


def _record(record: dict[str, Any], arn: str) -> dict[str, Any]:
    """Write a stream's record as Lambda hands it over."""
    record["eventSourceARN"] = arn
    made_at = record["dynamodb"].get("ApproximateCreationDateTime")
    if isinstance(made_at, datetime):
        record["dynamodb"]["ApproximateCreationDateTime"] = made_at.timestamp()
    return record
