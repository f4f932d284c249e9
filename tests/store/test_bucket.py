"""The data bucket: S3 and the twin in memory keep the same contract."""

from collections.abc import Iterator

import boto3
import pytest
from botocore.exceptions import ClientError
from moto import mock_aws

from local.memory.bucket import Bucket as MemoryBucket
from mailtide.store.bucket import Bucket
from tests.tables import REGION


@pytest.fixture(params=["memory", "s3"])
def bucket(request: pytest.FixtureRequest) -> Iterator[Bucket | MemoryBucket]:
    if request.param == "memory":
        yield MemoryBucket()
        return
    with mock_aws():
        s3 = boto3.client("s3", region_name=REGION)
        s3.create_bucket(Bucket="data")
        yield Bucket(s3, "data")


def test_an_object_is_read_byte_for_byte(bucket: Bucket | MemoryBucket) -> None:
    bucket.put("raw/a", b"\x00\xff\r\n")
    bucket.put("raw/b", b"")
    assert (bucket.get("raw/a"), bucket.get("raw/b")) == (b"\x00\xff\r\n", b"")


def test_the_last_write_of_a_key_is_read(bucket: Bucket | MemoryBucket) -> None:
    bucket.put("a", b"1")
    bucket.put("a", b"2")
    assert bucket.get("a") == b"2"


def test_an_object_that_is_not_there_is_no_error_that_a_repeat_could_mend(
    bucket: Bucket | MemoryBucket,
) -> None:
    with pytest.raises((KeyError, ClientError)):
        bucket.get("nothing")


def test_the_beginning_of_an_object_is_read(bucket: Bucket | MemoryBucket) -> None:
    bucket.put("a", b"12345")
    assert bucket.fetch("a", 3) == b"123"
    assert bucket.fetch("a", 9) == b"12345"
    assert bucket.fetch("b", 3) is None


def test_an_object_that_may_be_missing_is_fetched_and_removed(
    bucket: Bucket | MemoryBucket,
) -> None:
    bucket.put("a", b"1")
    assert bucket.fetch("a") == b"1"
    bucket.delete("a")
    bucket.delete("a")
    assert bucket.fetch("a") is None


def test_trouble_does_not_pass_for_absence() -> None:
    with mock_aws(), pytest.raises(ClientError):
        Bucket(boto3.client("s3", region_name=REGION), "no-such-bucket").fetch("a")
