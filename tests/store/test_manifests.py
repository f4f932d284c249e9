"""Manifests: what the bucket answers, read by code."""

from datetime import UTC, datetime
from io import BytesIO
from typing import Any

import pytest
from botocore.exceptions import ClientError

from mailtide.domain.batch import Batch, BatchRef, Planned
from mailtide.errors import RetryableError
from mailtide.store.manifests import Manifests, key_of

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
    """A client of S3 that has every manifest and counts how often it is asked."""

    def __init__(self) -> None:
        self.reads = 0

    def get_object(self, **_: Any) -> Any:
        self.reads += 1
        body = b'{"org_id": "acme", "rank": 1, "due_at": null, "recipients": [["p1", "l1", "a"]]}'
        return {"Body": BytesIO(body)}


def put(code: str, status: int) -> None:
    Manifests(Answering(code, status), "data").put(KEY, DRAFT, [Planned("p1", "l1")])


def test_a_manifest_that_lies_there_already_is_no_error() -> None:
    put("PreconditionFailed", 412)


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


def test_the_manifests_of_a_large_shard_are_read_once_however_often_a_launch_asks() -> None:
    s3 = Counting()
    manifests = Manifests(s3, "data")
    for _ in range(3):
        for number in range(60):
            manifests.read(f"manifests/c/3/{number:05d}.json")
    assert s3.reads == 60
