"""What decides whether mail leaves is read consistently; moto never lags, so it looks at calls.

An index can only be read as it is; what it names is read again from the table.
"""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import boto3
import pytest

from mailtide.domain.batch import BatchRef
from mailtide.domain.quota import ReservationKey
from mailtide.domain.sending_ip import Relay, SendingIp, Tls
from mailtide.domain.suppression import Stream
from mailtide.store import dynamo
from mailtide.store.batches import Batches
from mailtide.store.campaigns import Campaigns
from mailtide.store.contacts import Contacts
from mailtide.store.lists import Lists
from mailtide.store.manifests import Manifests
from mailtide.store.messages import Messages
from mailtide.store.quota import Quota
from mailtide.store.sending_ips import SendingIps
from mailtide.store.suppressions import Suppressions
from tests.tables import REGION, moto_tables

NOW = datetime(2026, 11, 24, 10, tzinfo=UTC)
IP = SendingIp("acme", "ip1", "a", Stream.MARKETING, Relay("relay.test", 587, Tls.STARTTLS), 5)
KEY = ReservationKey("ip1", NOW.date(), "c1#3#00000", 0)
READS = {"GetItem", "BatchGetItem", "Query"}


@pytest.fixture
def batches() -> Iterator[Batches]:
    with moto_tables():
        s3 = boto3.client("s3", region_name=REGION)
        s3.create_bucket(Bucket="data")
        yield Batches(Manifests(s3, "data"))


def reads(monkeypatch: pytest.MonkeyPatch, call: Callable[[], Any]) -> list[dict[str, Any]]:
    """Return the arguments of every read of a table, not of an index, that a call makes."""
    made: list[dict[str, Any]] = []
    client = dynamo.client()
    real = client._make_api_call

    def record(operation: str, arguments: dict[str, Any]) -> Any:
        if operation in READS and "IndexName" not in arguments:
            made.extend(arguments.get("RequestItems", {"": arguments}).values())
        return real(operation, arguments)

    monkeypatch.setattr(client, "_make_api_call", record)
    list(call() or ())
    return made


@pytest.mark.parametrize(
    "call",
    [
        lambda _: Campaigns().get("acme", "c1"),
        lambda _: Contacts().get_many("acme", ["c" * 26]),
        lambda _: Contacts().of_shard("acme", "3"),
        lambda _: Suppressions().get_many("acme", ["c" * 26]),
        lambda _: Suppressions().of_shard("acme", "3"),
        lambda _: Lists().members("l1", "3"),
        lambda _: SendingIps().active("acme", Stream.MARKETING),
        lambda _: [Quota().day(IP, NOW.date())],
        lambda _: [Quota().held(KEY)],
        lambda _: [Quota().reserve(IP, KEY, 1)],
        lambda _: Messages().of_messages(["c" * 26]),
        lambda batches: batches.get(BatchRef("acme", "c1", "3", "00000")),
        lambda batches: batches.stored("c1", "3"),
        lambda batches: [batches.all_done("c1")],
    ],
)
def test_the_sending_side_reads_what_was_written(
    monkeypatch: pytest.MonkeyPatch, batches: Batches, call: Callable[[Batches], Any]
) -> None:
    made = reads(monkeypatch, lambda: call(batches))
    assert made
    assert all(arguments.get("ConsistentRead") for arguments in made)
