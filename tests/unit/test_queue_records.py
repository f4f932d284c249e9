"""Queue records: one that fails goes back alone, and the log says why."""

import pytest
from aws_lambda_powertools.utilities.data_classes.sqs_event import SQSRecord
from aws_lambda_powertools.utilities.typing import LambdaContext

from mailtide.errors import RetryableError
from mailtide.queue_records import one_by_one
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
