"""What AWS does between the functions, on moto and at its worst.

Queues hand out in any order and cuts, some messages twice; what failed comes again; a stream's
batches overlap; DynamoDB refuses calls. The schedule's minutes pass as fast as the rest works.
"""

import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from random import Random
from threading import Lock
from typing import Any, TypeVar
from unittest.mock import patch
from urllib.parse import urlsplit

from functions.imports.handler import lambda_handler as imports
from functions.ingest.handler import lambda_handler as ingest
from functions.jobs.handler import lambda_handler as jobs
from functions.launch.handler import lambda_handler as launch
from functions.react.handler import lambda_handler as react
from functions.release.handler import lambda_handler as release
from functions.rollup.handler import lambda_handler as rollup
from functions.sender.handler import lambda_handler as sender
from functions.transact.handler import lambda_handler as transact
from mailtide import app
from mailtide.errors import RetryableError
from tests.aws import BUCKET, Stack
from tests.events import Context, failed_ids, sqs_event
from tests.functions.stream import Reader, Stream
from tests.functions.throttle import Throttle

Handler = Callable[[dict[str, Any], Any], Any]
T = TypeVar("T")

WORKERS: Mapping[str, tuple[str, Handler, int]] = {  # queue → function and its greatest batch
    "imports": ("imports", imports, 10),
    "jobs": ("jobs", jobs, 10),
    "launch": ("launch", launch, 10),
    "sending": ("sender", sender, 1),
    "transact": ("transact", transact, 1),
    "events": ("ingest", ingest, 3),  # large ones; a visitor waits for the whole batch
}
READERS: Mapping[str, Handler] = {"rollup": rollup, "react": react}
TWICE = 0.15  # of the messages are handed out once more
VISIBILITY_SECONDS = 3600  # nothing comes twice but by chance of ours, however slow the machine
PAUSE_SECONDS = 0.1
TURN_SECONDS = 0.001  # a lock is not fair: in this time somebody else can take it
DEADLINE_SECONDS = 300.0  # far more than it takes; then something is stuck


@dataclass
class Cloud:
    """The services around the functions; `turn` lets one function run at a time.

    Neither moto nor Powertools' resolvers are made for threads.
    """

    stack: Stack
    dice: Random
    throttle: Throttle
    turn: Lock = field(default_factory=Lock)
    stream: Stream = field(default_factory=Stream)
    handed_out: dict[str, Counter[str]] = field(default_factory=dict)  # bodies by queue
    minutes: int = 0  # that the schedule is ahead of the clock

    def __post_init__(self) -> None:
        self.readers = {name: Reader(self.stream, self.dice) for name in READERS}

    def upload(self, url: str, body: bytes) -> None:
        """Put a file where a presigned URL points; moto has no server that takes it."""
        self.stack.s3.put_object(Bucket=BUCKET, Key=urlsplit(url).path[1:], Body=body)

    def download(self, url: str) -> str:
        """Return the text that a presigned URL points to."""
        key = urlsplit(url).path[1:]
        return str(self.stack.s3.get_object(Bucket=BUCKET, Key=key)["Body"].read().decode())

    def run(self, settled: Callable[[], bool] = lambda: True) -> None:
        """Let everything happen until nothing is left of it, and `settled` was true before that."""
        deadline = time.monotonic() + DEADLINE_SECONDS
        while True:
            before = settled()
            moved = self._round()
            if before and not moved:
                return
            assert time.monotonic() < deadline, f"still {moved} to do, settled: {before}"
            if not moved:
                time.sleep(PAUSE_SECONDS)

    def invoke(self, function: str | None, handler: Handler, event: dict[str, Any]) -> Any:
        """Run a handler; a function that is named may find DynamoDB throttled."""
        with self.turn, self.throttle.during(function):
            return handler(event, Context())

    def shuffled(self, items: Iterable[T]) -> list[T]:
        """Return things in another order."""
        return self.dice.sample(found := list(items), len(found))

    def feed_again(self) -> None:
        """Hand out all that queues and stream ever handed out, in other orders and cuts."""
        for queue, (_, handler, most) in WORKERS.items():
            for cut in self._cuts(self.handed_out.get(queue, Counter()), most):
                assert failed_ids(self.invoke(None, handler, sqs_event(*cut))) == []
        for handler in READERS.values():
            for event in self.stream.again(self.dice):
                self.invoke(None, handler, event)

    def _round(self) -> int:
        """Let everything happen once; return how much did."""
        moved = sum(self._drain(queue) for queue in self.shuffled(WORKERS))
        self.stream.look()
        moved += sum(self._read(name) for name in READERS)
        return moved + self._look_at_the_schedule()

    def _drain(self, queue: str) -> int:
        messages = list(self._receive(queue))
        for cut in self._cuts(messages, WORKERS[queue][2]):
            self._work(queue, cut)
        return len(messages)

    def _receive(self, queue: str) -> Iterator[dict[str, Any]]:
        while True:
            with self.turn:
                answer = self.stack.sqs.receive_message(
                    QueueUrl=self.stack.queues[queue],
                    MaxNumberOfMessages=10,
                    VisibilityTimeout=VISIBILITY_SECONDS,
                )
            if not answer.get("Messages"):
                return
            yield from answer["Messages"]

    def _work(self, queue: str, messages: Sequence[dict[str, Any]]) -> None:
        function, handler, _ = WORKERS[queue]
        bodies = [message["Body"] for message in messages]
        self.handed_out.setdefault(queue, Counter()).update(bodies)
        time.sleep(TURN_SECONDS)
        with self.turn, self.throttle.during(function):
            failed = failed_ids(handler(sqs_event(*bodies), Context()))
            refused = self.throttle.refused_now
        assert len(failed) <= refused, f"{function} failed by itself: {bodies[0]:.500}"
        for i, message in enumerate(messages):
            self._end(queue, message, failed=f"message-{i}" in failed)

    def _end(self, queue: str, message: dict[str, Any], *, failed: bool) -> None:
        """Delete a message, or let it come again at once."""
        place = {"QueueUrl": self.stack.queues[queue], "ReceiptHandle": message["ReceiptHandle"]}
        with self.turn:
            if failed or self.dice.random() < TWICE:
                self.stack.sqs.change_message_visibility(**place, VisibilityTimeout=0)
            else:
                self.stack.sqs.delete_message(**place)

    def _read(self, name: str) -> int:
        reader = self.readers[name]
        batches = 0
        while (found := reader.next()) is not None:
            shard, event, end = found
            with retrying():
                self.invoke(name, READERS[name], event)
                reader.places[shard] = end
            batches += 1
        return batches

    def _look_at_the_schedule(self) -> int:
        self.minutes += 1
        at = app.now() + timedelta(minutes=self.minutes)
        with (
            retrying(),
            self.turn,
            self.throttle.during("release"),
            patch.object(app, "now", lambda: at),
        ):
            return sum(release({}, Context()).values())
        return 1

    def _cuts(self, items: Iterable[T], most: int) -> Iterator[list[T]]:
        """Cut shuffled items into batches of any size."""
        left = self.shuffled(items)
        while left:
            size = self.dice.randint(1, most)
            yield left[:size]
            left = left[size:]


@contextmanager
def retrying() -> Iterator[None]:
    """Take the failure of a function that its trigger asks again."""
    try:
        yield
    except RetryableError:
        return
