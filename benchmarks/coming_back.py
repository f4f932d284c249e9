"""Coming back: what an event costs, from the webhook's signature to its rows.

Not in it: what `rollup` and `react` make of the rows (`benchmarks/life.py` has both).
"""

import hmac
import json
from base64 import b64encode
from collections import deque
from collections.abc import Iterable, Sequence
from contextlib import redirect_stdout
from datetime import timedelta
from functools import partial
from io import StringIO

from benchmarks import sink
from benchmarks.capacity import Meter
from benchmarks.careful import TABLE, make_table
from benchmarks.life import calls
from benchmarks.measure import cpu, cpu_per_call
from benchmarks.promise import Promise
from local import stage

PEOPLE = 1600
HMAC_BOUNDS = {1: 25, 100: 25, 5000: 50}  # events of a request: times the HMAC over its body
WRITE_BOUNDS = {  # DynamoDB's write units of one event
    "delivered": 1.1,
    "refused for now": 1.1,
    "hard bounce": 3.1,
    "first open": 2.1,
    "next open": 2.1,
    "click": 2.1,
}


def run() -> Iterable[Promise]:
    """Verify and queue requests of several sizes; write events of every kind."""
    with stage.standing() as standing, sink.running() as port:
        from functions.launch.handler import lambda_handler as launch
        from functions.sender.handler import lambda_handler as sender
        from local import newsletter, reports

        newsletter.add_people(PEOPLE)
        newsletter.start(newsletter.relay(port))
        with redirect_stdout(StringIO()):  # where metrics are written
            stage.invoke(launch, [stage.sqs_event(standing.bodies("launch"))])
            stage.invoke(sender, [stage.sqs_event([one]) for one in standing.bodies("sending")])
        reports.add_source()
        messages = reports.message_ids(PEOPLE)
        yield from _requests(messages)
        yield from _events(messages)


def _requests(messages: Sequence[str]) -> Iterable[Promise]:
    """Compare verify-and-queue with the HMAC alone; the queue keeps nothing."""
    from local import reports
    from mailtide import app
    from mailtide.app.base import LateBucket, keyring
    from mailtide.flows.webhook import Post, Webhook

    flow = Webhook(keyring(), _Nowhere(), LateBucket())
    key = keyring().source_keys(reports.SOURCE)[0].encode()
    now = app.now()
    for size, bound in HMAC_BOUNDS.items():
        told = [messages[number % len(messages)] for number in range(size)]
        body = reports.webhook_body(reports.DELIVERED, told, now)
        alone = partial(hmac.digest, key, body, "sha256")
        headers = {"x-signature": b64encode(alone()).decode()}
        spent = cpu_per_call(
            {
                "hmac": alone,
                "ours": partial(flow.events, Post(reports.SOURCE, headers, body), now),
            }
        )
        yield Promise(
            f"webhook of {size:,} events: verify and queue, CPU against the HMAC alone",
            spent["ours"] / spent["hmac"],
            bound,
            False,
            f"{spent['ours'] * 1e6:,.0f} µs against {spent['hmac'] * 1e6:,.1f} µs, "
            f"{len(body):,} bytes",
        )


class _Nowhere:
    """A queue that takes everything."""

    def send(self, body: str) -> None:
        """Take one text."""

    def send_all(self, bodies: Iterable[str]) -> None:
        """Take texts; they are made as they are asked for."""
        deque(bodies, 0)


def _events(messages: Sequence[str]) -> Iterable[Promise]:
    """Write events of every kind through `ingest`, beside one put for each as boto3 makes it."""
    from functions.ingest.handler import lambda_handler as ingest
    from local import reports
    from mailtide import app
    from mailtide.domain.event import EventType

    at = app.now() - timedelta(hours=4)
    half = len(messages) // 2
    payloads = {
        "refused for now": reports.told(reports.LATER, messages, at),
        "delivered": reports.told(reports.DELIVERED, messages[:half], at),
        "hard bounce": reports.told(reports.GONE, messages[half:], at),
        "first open": reports.hits(EventType.OPENED, messages[:half], at + timedelta(hours=1)),
        "next open": reports.hits(EventType.OPENED, messages[:half], at + timedelta(hours=2)),
        "click": reports.hits(EventType.CLICKED, messages[:half], at + timedelta(hours=3)),
    }
    counts = dict.fromkeys(payloads, half) | {"refused for now": len(messages)}
    meter = Meter()
    meter.watch()
    make_table()
    body = reports.webhook_body(reports.DELIVERED, messages[:half], at)
    careful = cpu(partial(_careful, body)) / half
    for kind, bodies in payloads.items():
        requests = [stage.sqs_event(call) for call in calls(bodies)]
        with meter.during(kind):
            spent = cpu(partial(stage.invoke, ingest, requests))
        spent /= counts[kind]
        writes = sum(n for (step, _, _), n in meter.writes.items() if step == kind)
        yield Promise(
            f"an event `{kind}`: write units",
            writes / counts[kind],
            WRITE_BOUNDS[kind],
            False,
            f"{spent * 1e6:,.0f} µs of CPU in `ingest`, where one `put_item` of boto3 takes "
            f"{careful * 1e6:,.0f} µs",
            unit="units",
        )


def _careful(body: bytes) -> None:
    """Put each event with one call, as is done where nothing is merged, judged or suppressed."""
    import boto3

    dynamodb = boto3.client("dynamodb")
    for event in json.loads(body)["events"]:
        dynamodb.put_item(
            TableName=TABLE,
            Item={"id": {"S": event["id"]}, "data": {"S": json.dumps(event["data"])}},
            ConditionExpression="attribute_not_exists(id)",
        )
