"""Import jobs and files: tables, bucket and their twins keep one contract."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError
from moto import mock_aws

from local.memory.imports import Files as MemoryFiles
from local.memory.imports import Imports as MemoryImports
from mailtide.domain.csv_records import Place
from mailtide.domain.import_job import Counts, ImportJob, advanced, started
from mailtide.errors import NotFoundError, RetryableError
from mailtide.flows.csv_file import FileChangedError
from mailtide.flows.exports import UploadLostError
from mailtide.store import import_files
from mailtide.store.import_files import ImportFiles
from mailtide.store.imports import Imports
from mailtide.store.tables import ListRow
from tests.tables import moto_tables

PART = 5 * 1024 * 1024  # S3 wants so much of all but the last
NOW = datetime(2026, 11, 24, 10, tzinfo=UTC)
JOB = ImportJob("acme", "i1", "l1", NOW)
RUNNING = started(JOB, "etag", 1000)


@pytest.fixture(params=["memory", "table"])
def jobs(request: pytest.FixtureRequest) -> Iterator[Imports | MemoryImports]:
    if request.param == "memory":
        yield MemoryImports()
        return
    with moto_tables(ListRow):
        yield Imports()


@pytest.fixture(params=["memory", "bucket"])
def files(request: pytest.FixtureRequest) -> Iterator[ImportFiles | MemoryFiles]:
    if request.param == "memory":
        yield MemoryFiles()
        return
    with mock_aws():
        yield bucket()


def bucket() -> ImportFiles:
    config = Config(signature_version="s3v4")
    s3 = boto3.client("s3", region_name="us-east-1", config=config)
    s3.create_bucket(Bucket="data")
    return ImportFiles(s3, "data")


def test_objects_are_named_by_prefix_page_after_page(
    files: ImportFiles | MemoryFiles, monkeypatch: pytest.MonkeyPatch
) -> None:
    if isinstance(files, ImportFiles):
        pages = files._s3.list_objects_v2
        short = {"MaxKeys": 2}
        monkeypatch.setattr(files._s3, "list_objects_v2", lambda **asked: pages(**asked, **short))
    for name in ("a/1", "a/2", "a/3", "b/1"):
        files.put(name, b"x")
    assert list(files.keys("a/")) == ["a/1", "a/2", "a/3"]
    files.delete(list(files.keys("a/")))
    assert list(files.keys("")) == ["b/1"]


def test_a_job_is_read_as_it_was_written(jobs: Imports | MemoryImports) -> None:
    jobs.create(JOB)
    assert jobs.get("acme", "i1") == JOB
    assert jobs.get("other", "i1") is None


def test_every_swap_raises_the_revision(jobs: Imports | MemoryImports) -> None:
    jobs.create(JOB)
    assert jobs.swap(JOB, RUNNING, "api")
    stored = replace(RUNNING, revision=1)
    assert jobs.get("acme", "i1") == stored
    behind = advanced(stored, Place(500, 9), Counts(5, 2, 1))
    failed = replace(behind, failure="why", failure_code="not_found")
    assert jobs.swap(stored, failed, "worker")
    assert jobs.get("acme", "i1") == replace(failed, revision=2)


def test_a_swap_from_an_older_version_is_refused(jobs: Imports | MemoryImports) -> None:
    jobs.create(JOB)
    jobs.swap(JOB, RUNNING, "a")
    assert not jobs.swap(JOB, RUNNING, "b")
    assert not jobs.swap(JOB, replace(RUNNING, failure="other"), "a")


def test_a_repeat_of_a_swap_whose_reply_was_lost_is_no_refusal(
    jobs: Imports | MemoryImports,
) -> None:
    jobs.create(JOB)
    assert jobs.swap(JOB, RUNNING, "a")
    assert jobs.swap(JOB, RUNNING, "a")
    assert jobs.get("acme", "i1") == replace(RUNNING, revision=1)


def test_a_late_creation_does_not_undo_a_start(jobs: Imports | MemoryImports) -> None:
    jobs.create(JOB)
    jobs.swap(JOB, RUNNING, "a")
    jobs.create(JOB)
    assert jobs.get("acme", "i1") == replace(RUNNING, revision=1)


def test_a_file_is_found_with_its_size(files: ImportFiles | MemoryFiles) -> None:
    assert files.find("x") is None
    files.put("x", b"0123456789")
    found = files.find("x")
    assert found is not None
    assert found[1] == 10


@pytest.mark.parametrize(
    ("offset", "size", "expected"), [(0, 4, b"0123"), (4, 4, b"4567"), (8, 4, b"89")]
)
def test_a_file_is_read_by_range(
    files: ImportFiles | MemoryFiles, offset: int, size: int, expected: bytes
) -> None:
    files.put("x", b"0123456789")
    etag, _ = files.find("x") or ("", 0)
    assert files.read("x", etag, offset, size) == expected


def test_another_file_under_the_same_name_is_told(files: ImportFiles | MemoryFiles) -> None:
    files.put("x", b"0123456789")
    etag, _ = files.find("x") or ("", 0)
    files.put("x", b"0123456780")
    with pytest.raises(FileChangedError):
        files.read("x", etag, 0, 4)


def test_a_file_that_is_gone_is_told(files: ImportFiles | MemoryFiles) -> None:
    with pytest.raises(FileChangedError):
        files.read("x", "etag", 0, 4)


def test_objects_are_joined_in_order(files: ImportFiles | MemoryFiles) -> None:
    files.put("b", b"two;")
    files.put("a", b"one;")
    files.join("all", b"head;", ["b", "a"])
    assert files.get("all") == b"head;two;one;"


def test_many_objects_are_read_in_order(files: ImportFiles | MemoryFiles) -> None:
    names = [f"seen/{number}" for number in range(40)]
    for name in names:
        files.put(name, name.encode())
    assert list(files.get_many(names)) == [name.encode() for name in names]
    with pytest.raises(NotFoundError):
        list(files.get_many(["seen/1", "seen/40"]))


def test_objects_are_removed_even_those_that_are_gone(files: ImportFiles | MemoryFiles) -> None:
    files.put("a", b"one")
    files.delete(["a", "b"])
    assert files.find("a") is None
    files.delete([])


def test_an_object_that_is_gone_is_told(files: ImportFiles | MemoryFiles) -> None:
    with pytest.raises(NotFoundError):
        files.get("a")


def test_an_object_is_made_of_its_parts(files: ImportFiles | MemoryFiles) -> None:
    upload = files.begin_upload("all")
    files.add_part("all", upload, 1, b"other")
    etags = [files.add_part("all", upload, 1, b"x" * PART), files.add_part("all", upload, 2, b"y")]
    assert files.find("all") is None
    files.finish_upload("all", upload, etags)
    assert files.get("all") == b"x" * PART + b"y"


@pytest.mark.parametrize(
    ("code", "error"), [("NoSuchUpload", UploadLostError), ("AccessDenied", ClientError)]
)
def test_an_upload_that_is_gone_is_told(code: str, error: type[Exception]) -> None:
    class Gone:  # moto does not notice
        def upload_part(self, **_: object) -> dict[str, object]:
            raise ClientError({"Error": {"Code": code}}, "UploadPart")

        complete_multipart_upload = upload_part

    with pytest.raises(error):
        ImportFiles(Gone(), "data").add_part("all", "upload", 1, b"x")
    with pytest.raises(error):
        ImportFiles(Gone(), "data").finish_upload("all", "upload", ["etag"])


def test_the_twin_tells_of_an_upload_that_is_gone() -> None:
    files = MemoryFiles()
    with pytest.raises(UploadLostError):
        files.add_part("all", "upload", 1, b"x")
    with pytest.raises(UploadLostError):
        files.finish_upload("all", "upload", ["etag"])


def test_a_part_that_is_another_is_told(files: ImportFiles | MemoryFiles) -> None:
    upload = files.begin_upload("all")
    etag = files.add_part("all", upload, 1, b"x")
    files.add_part("all", upload, 1, b"y")
    with pytest.raises(UploadLostError):
        files.finish_upload("all", upload, [etag])


def test_an_object_that_s3_does_not_remove_is_tried_again_later() -> None:
    class Refusing:
        def delete_objects(self, **_: object) -> dict[str, object]:
            return {"Errors": [{"Key": "a", "Code": "InternalError"}]}

    with pytest.raises(RetryableError, match="a"):
        ImportFiles(Refusing(), "data").delete(["a"])


def test_large_objects_are_joined_in_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(import_files, "PART_BYTES", 6_000_000)
    pieces = [bytes([65 + n]) * 2_500_000 for n in range(5)]
    with mock_aws():
        files = bucket()
        for n, piece in enumerate(pieces):
            files.put(str(n), piece)
        files.join("all", b"head;", [str(n) for n in range(5)])
        assert files.get("all") == b"head;" + b"".join(pieces)


def test_urls_are_signed_and_expire() -> None:
    with mock_aws():
        url = bucket().upload_url("imports/x", timedelta(minutes=15))
        assert "X-Amz-Algorithm=AWS4-HMAC-SHA256" in url
        assert "X-Amz-Expires=900" in url
        assert "imports/x" in bucket().download_url("imports/x", timedelta(hours=1))
