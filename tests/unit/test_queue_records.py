"""Queue records: one that fails goes back alone, and the log says why."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import pytest
from aws_lambda_powertools.utilities.data_classes.sqs_event import SQSRecord
from aws_lambda_powertools.utilities.typing import LambdaContext

from mailtide.errors import RetryableError
from mailtide.queue_records import all_at_once, one_by_one
from tests.events import sqs_event


def fail_on_bad(record: SQSRecord) -> None:
    if record.body == "bad":
        raise RetryableError("the table is throttled")


def test_returns_only_the_failed_record(caplog: pytest.LogCaptureFixture) -> None:
    event = sqs_event("good", "bad", "good")
    failed = one_by_one(event, LambdaContext(), fail_on_bad)["batchItemFailures"]
    assert [item["itemIdentifier"] for item in failed] == [event["Records"][1]["messageId"]]
    assert "the table is throttled" in caplog.text


def test_returns_all_when_all_fail() -> None:
    failed = one_by_one(sqs_event("bad", "bad"), LambdaContext(), fail_on_bad)
    assert len(failed["batchItemFailures"]) == 2


@dataclass
class Log:
    """What was written together; a body is written only where `poison` is not."""

    writes: list[list[str]] = field(default_factory=list)

    def write(self, bodies: Sequence[str]) -> None:
        if "poison" in bodies:
            raise RetryableError("the table is throttled")
        self.writes.append(list(bodies))


def read(body: str) -> str:
    if body == "bad":
        raise ValueError("not ours")
    return body


def test_what_can_be_read_is_written_together() -> None:
    log = Log()
    event = sqs_event("one", "bad", "two")
    failed = all_at_once(event, LambdaContext(), read, log.write)["batchItemFailures"]
    assert log.writes == [["one", "two"]]
    assert [item["itemIdentifier"] for item in failed] == [event["Records"][1]["messageId"]]


def test_one_that_cannot_be_written_keeps_no_other_back() -> None:
    log = Log()
    event = sqs_event("one", "poison", "bad", "two")
    failed = all_at_once(event, LambdaContext(), read, log.write)["batchItemFailures"]
    assert log.writes == [["one"], ["two"]]
    ids = [record["messageId"] for record in event["Records"]]
    assert {item["itemIdentifier"] for item in failed} == {ids[1], ids[2]}
