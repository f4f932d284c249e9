"""Manifests: what the bucket answers, read by code."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from io import BytesIO
from typing import Any

import pytest
from botocore.exceptions import ClientError

from mailtide.domain.batch import INLINE, Batch, BatchRef, Planned
from mailtide.errors import RetryableError
from mailtide.store.batches import Batches
from mailtide.store.manifests import Manifests, key_of
from mailtide.store.tables import BatchRow
from tests.sending import Stage
from tests.sending_outside import CAMPAIGN, LIST, ORG
from tests.tables import moto_tables

NOW = datetime(2026, 11, 24, 10, tzinfo=UTC)
DRAFT = Batch(BatchRef("acme", "c000000000", "3", "00000"), count=1, rank=1, due_at=NOW)
KEY = key_of(DRAFT.ref)


class Answering:
    """A client of S3 that answers every call with one error."""

    def __init__(self, code: str, status: int) -> None:
        response = {"Error": {"Code": code}, "ResponseMetadata": {"HTTPStatusCode": status}}
        self.error = ClientError(response, "PutObject")

    def put_object(self, **_: Any) -> Any:
        raise self.error

    get_object = put_object


class Counting:
    """A client of S3 in memory that counts how often each object is read."""

    def __init__(self) -> None:
        self.bodies: dict[str, bytes] = {}
        self.reads: Counter[str] = Counter()

    def put_object(self, **call: Any) -> None:
        if call["Key"] in self.bodies:
            raise ClientError({"Error": {"Code": "PreconditionFailed"}}, "PutObject")
        self.bodies[call["Key"]] = call["Body"]

    def get_object(self, **call: Any) -> Any:
        if call["Key"] not in self.bodies:
            raise ClientError({"Error": {"Code": "NoSuchKey"}}, "GetObject")
        self.reads[call["Key"]] += 1
        return {"Body": BytesIO(self.bodies[call["Key"]])}


@pytest.fixture
def table() -> Iterator[None]:
    with moto_tables(BatchRow):
        yield


def put(code: str, status: int) -> None:
    Manifests(Answering(code, status), "data").put(KEY, DRAFT, [Planned("p1", "l1")])


def test_a_manifest_that_lies_there_already_is_the_one_that_counts() -> None:
    s3 = Counting()
    Manifests(s3, "data").put(KEY, DRAFT, [Planned("p1", "l1")])
    stored = Manifests(s3, "data").put(KEY, replace(DRAFT, rank=2), [Planned("p2", "l1")])
    assert (stored.rank, stored.recipients) == (1, (Planned("p1", "l1"),))


@pytest.mark.parametrize(
    ("code", "status"), [("ConditionalRequestConflict", 409), ("SlowDown", 503)]
)
def test_what_may_work_later_is_retryable(code: str, status: int) -> None:
    with pytest.raises(RetryableError):
        put(code, status)


def test_a_bucket_that_refuses_us_is_loud() -> None:
    with pytest.raises(ClientError):
        put("AccessDenied", 403)
    with pytest.raises(ClientError):
        Manifests(Answering("AccessDenied", 403), "data").find(KEY)


def test_a_manifest_that_is_not_there_is_none() -> None:
    assert Manifests(Answering("NoSuchKey", 404), "data").find(KEY) is None


def test_a_launch_reads_no_manifest_that_it_wrote_and_each_other_once(table: None) -> None:
    s3, stage = Counting(), Stage()
    size = INLINE + 1
    for n in range(70 * size):
        stage.lists.rows[LIST].add(stage.put_contact(n, joined_days_ago=n))
    launch = replace(stage.launch(batch_size=size), batches=Batches(Manifests(s3, "data")))
    stage.put_campaign(list_ids=(LIST,), launching=frozenset("0"))
    assert launch.run(ORG, CAMPAIGN, "0", NOW) == size  # its time is over after the first
    assert launch.run(ORG, CAMPAIGN, "0", NOW) == 2 * size
    again = replace(launch, batches=Batches(Manifests(s3, "data")))
    assert again.run(ORG, CAMPAIGN, "0", NOW + timedelta(days=1)) == 70 * size
    assert len(s3.bodies) == 70 + 1  # and whom the launch left out
    written_before = [key_of(BatchRef(ORG, CAMPAIGN, "0", f"{n:05d}")) for n in range(2)]
    assert s3.reads == dict.fromkeys(written_before, 1)


def test_a_sender_reads_its_batchs_manifest_once() -> None:
    s3 = Counting()
    Manifests(s3, "data").put(KEY, DRAFT, [Planned("p1", "l1")])
    manifests = Manifests(s3, "data")
    for _ in range(10):
        manifests.read(KEY)
    assert s3.reads == {KEY: 1}
