"""A whole stack on moto: tables, bucket, queues, secrets, and the environment that names them."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import boto3
import pytest
from moto import mock_aws

from mailtide import app
from mailtide.app import base
from mailtide.small_client import DYNAMODB, Service
from tests.ses import SesConfigured
from tests.tables import PREFIX, REGION, create_tables
from tests.transports.scripted_ses import ScriptedSes

BUCKET = "test-data"
QUEUES = ("launch", "sending", "transact", "events", "imports", "jobs")
SIGNING = {"current": "1", "1": "r" * 64, "0": "s" * 64}
SES_TOPIC = "arn:aws:sns:us-east-1:123456789012:ses-events"
PUBLIC_URL = "https://t.example.test"


@dataclass(frozen=True, slots=True)
class Stack:
    """Clients and names of what was made."""

    s3: Any
    sqs: Any
    queues: dict[str, str]  # URLs
    ses: ScriptedSes
    ses_account: SesConfigured  # what `ses` answers from

    def bodies(self, queue: str) -> list[str]:
        """Take what lies in a queue."""
        taken: list[str] = []
        while True:
            answer = self.sqs.receive_message(QueueUrl=self.queues[queue], MaxNumberOfMessages=10)
            messages = answer.get("Messages", [])
            if not messages:
                return taken
            for message in messages:
                taken.append(message["Body"])
                self.sqs.delete_message(
                    QueueUrl=self.queues[queue], ReceiptHandle=message["ReceiptHandle"]
                )

    def objects(self, prefix: str) -> dict[str, bytes]:
        """Return the objects under a prefix."""
        listed = self.s3.list_objects_v2(Bucket=BUCKET, Prefix=prefix).get("Contents", [])
        return {
            one["Key"]: self.s3.get_object(Bucket=BUCKET, Key=one["Key"])["Body"].read()
            for one in listed
        }


@contextmanager
def stack(monkeypatch: pytest.MonkeyPatch) -> Iterator[Stack]:
    """Make everything, point `app` at it, and forget what earlier tests built."""
    configured = SesConfigured()
    with mock_aws(), ScriptedSes(answer=configured.answer) as ses:
        create_tables()
        s3 = boto3.client("s3", region_name=REGION)
        s3.create_bucket(Bucket=BUCKET)
        sqs = boto3.client("sqs", region_name=REGION)
        queues = {name: sqs.create_queue(QueueName=name)["QueueUrl"] for name in QUEUES}
        secrets = boto3.client("secretsmanager", region_name=REGION)
        secrets.create_secret(Name="identity", SecretString="i" * 64)
        secrets.create_secret(Name="signing", SecretString=json.dumps(SIGNING))
        for name, value in _environment(queues).items():
            monkeypatch.setenv(f"MAILTIDE_{name}", value)
        monkeypatch.setenv("AWS_ENDPOINT_URL_SESV2", ses.url)
        # The small client is not botocore, which moto stands in for; it has tests of its own.
        monkeypatch.setattr(base, "SmallClient", _stand_in)
        _forget()
        yield Stack(s3, sqs, queues, ses, configured)
        _forget()


def _stand_in(service: Service, *_: object) -> Any:
    """Return botocore's client; for DynamoDB none, then the tables' own makes all calls."""
    return None if service is DYNAMODB else app.client(service.name)


def _environment(queues: dict[str, str]) -> dict[str, str]:
    return {
        "TABLE_PREFIX": PREFIX,
        "DATA_BUCKET": BUCKET,
        **{f"QUEUE_{name.upper()}": url for name, url in queues.items()},
        "SECRET_IDENTITY": "identity",
        "SECRET_SIGNING": "signing",
        "RELAY_SECRET_PREFIX": "test/relay/",
        "PUBLIC_URL": PUBLIC_URL,
        "RELAY_NETWORKS": "127.0.0.0/8",
        "SES_TOPIC": SES_TOPIC,
        "SES_TOPICS": "",
        "SENDER_TIMEOUT_SECONDS": "60",
        "LEASE_SECONDS": "120",
        "REQUESTS_PER_MINUTE": "1000000",
        "EMULATOR": "false",
    }


def _forget() -> None:
    for built in vars(app).values():
        if hasattr(built, "cache_clear"):
            built.cache_clear()
