"""What an operator does to a deployed stack: queues, what died in them, alarms."""

import json
from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from moto import mock_aws

from cli import stack
from tests.cli.conftest import run


@pytest.fixture
def sqs(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """Two queues with dead letters, as the stack's outputs name them."""
    with mock_aws():
        client = boto3.client("sqs", region_name="us-east-1")
        outputs = {"TablePrefix": "t"}
        for name in ("Events", "Sending"):
            dead = client.create_queue(QueueName=f"{name}Dead")["QueueUrl"]
            arn = client.get_queue_attributes(QueueUrl=dead, AttributeNames=["QueueArn"])
            policy = {"deadLetterTargetArn": arn["Attributes"]["QueueArn"], "maxReceiveCount": 5}
            queue = client.create_queue(
                QueueName=name, Attributes={"RedrivePolicy": json.dumps(policy)}
            )
            outputs |= {f"{name}Queue": queue["QueueUrl"], f"{name}DeadLetters": dead}
        monkeypatch.setattr(stack.Target, "outputs", lambda _: outputs)
        yield client


def test_queues_are_listed_with_what_died(sqs: Any) -> None:
    sqs.send_message(
        QueueUrl=sqs.get_queue_url(QueueName="EventsDead")["QueueUrl"], MessageBody="x"
    )
    shown = [json.loads(line) for line in run("operations", "queues", "--json").output.splitlines()]
    assert shown == [
        {"queue": "events", "waiting": 0, "in_work": 0, "dead": 1},
        {"queue": "sending", "waiting": 0, "in_work": 0, "dead": 0},
    ]


def test_what_died_can_be_looked_at(sqs: Any) -> None:
    sqs.send_message(
        QueueUrl=sqs.get_queue_url(QueueName="EventsDead")["QueueUrl"], MessageBody="x"
    )
    assert json.loads(run("operations", "dead", "events", "--json").output)["body"] == "x"
    assert "None." in run("operations", "dead", "sending").output


def test_an_unknown_queue_is_answered_with_those_there_are(sqs: Any) -> None:
    assert "events, sending" in run("operations", "dead", "letters", code=2).stderr


def test_what_died_goes_back(sqs: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    started: list[str] = []
    monkeypatch.setattr(boto3, "client", lambda *_, **__: sqs)
    # moto knows the call, but not from a queue that is a dead-letter queue by policy alone.
    monkeypatch.setattr(
        sqs,
        "start_message_move_task",
        lambda SourceArn: started.append(SourceArn),  # noqa: N803
    )
    assert "goes back" in run("operations", "redrive", "events").output
    assert started[0].endswith(":EventsDead")


@mock_aws
def test_alarms_that_ring_are_listed() -> None:
    client = boto3.client("cloudwatch", region_name="us-east-1")
    for name in ("Mailtide-Dead", "Other-Dead", "Mailtide-Quiet"):
        client.put_metric_alarm(
            AlarmName=name,
            AlarmDescription="Runbook: docs/runbook.md#dead-letters",
            MetricName="m",
            Namespace="n",
            Period=60,
            EvaluationPeriods=1,
            Threshold=1,
            ComparisonOperator="GreaterThanThreshold",
            Statistic="Sum",
        )
        state = "OK" if name.endswith("Quiet") else "ALARM"
        client.set_alarm_state(AlarmName=name, StateValue=state, StateReason="x")
    shown = [json.loads(line) for line in run("operations", "alarms", "--json").output.splitlines()]
    assert [one["alarm"] for one in shown] == ["Mailtide-Dead"]
    assert "dead-letters" in shown[0]["means"]
