"""Life: DynamoDB's units of a recipient from launch to the last click, and the bill per million."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from typing import Any

from benchmarks import sink
from benchmarks.capacity import Meter
from benchmarks.measure import cpu
from benchmarks.promise import Promise
from local import stage
from local.stage import Handler, Stage

PEOPLE = 3200  # 200 in each shard
EVENTS_OF_A_CALL = 5  # queue messages, as the stack hands them to `ingest`
RECORDS = 1000  # of one batch of the stream
WRITE_DOLLARS, READ_DOLLARS = 0.625e-6, 0.125e-6  # a unit, on demand, us-east-1, 2026


def run() -> Iterable[Promise]:
    """Send a campaign, let its receivers act, and count what DynamoDB charges for."""
    with stage.standing() as standing, sink.running() as port:
        from local import newsletter

        newsletter.add_people(PEOPLE)
        newsletter.start(newsletter.relay(port))
        life = Life(standing)
        life.meter.watch()
        life.go_out()
        life.come_back()
        life.count()
    life.show()
    yield Promise(
        "DynamoDB write units per recipient, launch to last click",
        life.per_recipient(life.meter.writes),
        6,
        False,
        f"{life.lines(life.meter.writes)}; read units: {life.lines(life.meter.reads)}; "
        f"${life.dollars():.2f} per million",
        unit="units",
    )


@dataclass
class Life:
    """One campaign's life, step by step, with what each step costs."""

    standing: Stage
    meter: Meter = field(default_factory=Meter)
    cpu: dict[str, float] = field(default_factory=dict)  # seconds by step

    def go_out(self) -> None:
        """Launch, and hand over."""
        from functions.launch.handler import lambda_handler as launch
        from functions.sender.handler import lambda_handler as sender

        self._work("launch", launch, [self.standing.bodies("launch")])
        self._work("send", sender, [[order] for order in self.standing.bodies("sending")])

    def come_back(self) -> None:
        """Take what the relay and the readers tell."""
        from functions.ingest.handler import lambda_handler as ingest
        from local import reports
        from mailtide import app

        reports.add_source()
        messages, at = reports.message_ids(PEOPLE), app.now() - timedelta(hours=4)
        self._work("delivery", ingest, calls(reports.deliveries(messages, at)))
        self._work("opens", ingest, calls(reports.opens(messages, at + timedelta(minutes=5))))
        self._work("clicks", ingest, calls(reports.clicks(messages, at + timedelta(hours=1))))

    def count(self) -> None:
        """Read the stream, in full batches."""
        from functions.react.handler import lambda_handler as react
        from functions.rollup.handler import lambda_handler as rollup

        batches = list(_stream(self.standing))
        self._run("count", rollup, batches)
        self._run("react", react, batches)

    def per_recipient(self, units: Counter[tuple[str, str, str]]) -> float:
        """Return the units of one recipient."""
        return sum(count for (step, _, _), count in units.items() if step) / PEOPLE

    def lines(self, units: Counter[tuple[str, str, str]]) -> str:
        """Return the units of a recipient by step."""
        by_step: dict[str, float] = {}
        for (step, _, _), count in units.items():
            if not step:  # what set the stage
                continue
            by_step[step] = by_step.get(step, 0) + count / PEOPLE
        return ", ".join(f"{step} {count:.2f}" for step, count in by_step.items())

    def dollars(self) -> float:
        """Return what DynamoDB charges for a million recipients."""
        writes, reads = map(self.per_recipient, (self.meter.writes, self.meter.reads))
        return (writes * WRITE_DOLLARS + reads * READ_DOLLARS) * 1e6

    def show(self) -> None:
        """Print every line."""
        for name, units in (("write", self.meter.writes), ("read", self.meter.reads)):
            for (step, table, operation), count in sorted(units.items()):
                print(f"  {name:5} {step:9} {table:24} {operation:20} {count / PEOPLE:8.4f}")
        for step, seconds in self.cpu.items():
            print(f"  CPU   {step:9} {seconds / PEOPLE * 1e6:8.0f} µs a recipient")

    def _work(self, step: str, handler: Handler, calls: Iterable[Sequence[str]]) -> None:
        self._run(step, handler, [stage.sqs_event(bodies) for bodies in calls])

    def _run(self, step: str, handler: Handler, events: Sequence[dict[str, Any]]) -> None:
        with self.meter.during(step):
            self.cpu[step] = cpu(partial(stage.invoke, handler, events))


def calls(bodies: Iterable[str]) -> Iterator[list[str]]:
    """Yield the queue's messages as the stack hands them to `ingest`."""
    waiting = list(bodies)
    for start in range(0, len(waiting), EVENTS_OF_A_CALL):
        yield waiting[start : start + EVENTS_OF_A_CALL]


def _stream(standing: Stage) -> Iterator[dict[str, Any]]:
    """Yield the event table's stream, as Lambda hands out full batches of a window."""
    table = f"{stage.PREFIX}-email_delivery_events"
    client = standing.aws.client("dynamodbstreams")
    [stream] = client.list_streams(TableName=table)["Streams"]
    arn = stream["StreamArn"]
    records: list[dict[str, Any]] = []
    shards = client.describe_stream(StreamArn=arn)["StreamDescription"]["Shards"]
    for shard in shards:
        iterator = client.get_shard_iterator(
            StreamArn=arn, ShardId=shard["ShardId"], ShardIteratorType="TRIM_HORIZON"
        )["ShardIterator"]
        while True:
            answer = client.get_records(ShardIterator=iterator, Limit=RECORDS)
            records += answer["Records"]
            iterator = answer.get("NextShardIterator")
            if not answer["Records"] or not iterator:
                break
    for start in range(0, len(records), RECORDS):
        yield {"Records": records[start : start + RECORDS], "shardId": "shard-1", "state": {}}
