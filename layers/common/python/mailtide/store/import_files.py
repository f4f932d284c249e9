"""Files that people send and fetch, in the data bucket: by presigned URL, by range, in parts."""

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

from botocore.exceptions import ClientError

from mailtide.aws_errors import code_of, translated
from mailtide.errors import NotFoundError, RetryableError
from mailtide.flows.csv_file import FileChangedError
from mailtide.flows.exports import UploadLostError
from mailtide.store.dynamo import chunks

PART_BYTES = 8 * 1024 * 1024  # of a multipart upload; S3 wants at least 5 MB of all but the last
DELETE_LIMIT = 1000  # keys of one call
_READERS = 8  # at once; the client keeps 10 connections
_AHEAD = 16  # objects that are held in memory
_GONE = frozenset({"PreconditionFailed", "NoSuchKey"})
_MISSING = frozenset({"404", "NoSuchKey", "NotFound"})
_LOST = frozenset({"NoSuchUpload", "InvalidPart", "InvalidPartOrder"})


class ImportFiles:
    """Objects under `imports/` and `exports/`."""

    def __init__(self, s3: Any, bucket: str) -> None:
        self._s3 = s3
        self._bucket = bucket

    def upload_url(self, key: str, lifetime: timedelta) -> str:
        """Return a URL that takes one PUT of an object."""
        return self._presigned("put_object", key, lifetime)

    def download_url(self, key: str, lifetime: timedelta) -> str:
        """Return a URL that gives an object to whoever has it."""
        return self._presigned("get_object", key, lifetime)

    def find(self, key: str) -> tuple[str, int] | None:
        """Return an object's etag and size in bytes; None when it is not there."""
        try:
            with translated():
                head = self._s3.head_object(Bucket=self._bucket, Key=key)
        except ClientError as error:
            if code_of(error) not in _MISSING:
                raise
            return None
        return head["ETag"], head["ContentLength"]

    def read(self, key: str, etag: str, offset: int, size: int) -> bytes:
        """Read up to `size` bytes of an object from `offset` on, less at its end.

        Raises:
            FileChangedError: when the object is gone or is not the one with this etag.
        """
        span = f"bytes={offset}-{offset + size - 1}"
        try:
            with translated():
                answer = self._s3.get_object(Bucket=self._bucket, Key=key, IfMatch=etag, Range=span)
                body: bytes = answer["Body"].read()
        except ClientError as error:
            if code_of(error) not in _GONE:
                raise
            raise FileChangedError(key) from error
        return body

    def get(self, key: str) -> bytes:
        """Read a whole object.

        Raises:
            NotFoundError: when it is gone.
        """
        try:
            with translated():
                body: bytes = self._s3.get_object(Bucket=self._bucket, Key=key)["Body"].read()
        except ClientError as error:
            if code_of(error) not in _MISSING:
                raise
            raise NotFoundError("A part of the work was removed; start it anew.") from error
        return body

    def get_many(self, keys: Sequence[str]) -> Iterator[bytes]:
        """Read whole objects, in order, several at a time.

        Raises:
            NotFoundError: when one is gone.
        """
        with ThreadPoolExecutor(_READERS) as pool:
            for some in chunks(keys, _AHEAD):
                yield from pool.map(self.get, some)

    def put(self, key: str, body: bytes) -> None:
        """Write an object, whatever was there."""
        with translated():
            self._s3.put_object(Bucket=self._bucket, Key=key, Body=body)

    def keys(self, prefix: str) -> Iterator[str]:
        """Name the objects under a prefix."""
        start: dict[str, str] = {}
        while True:
            with translated():
                page = self._s3.list_objects_v2(Bucket=self._bucket, Prefix=prefix, **start)
            yield from (found["Key"] for found in page.get("Contents", ()))
            if not page["IsTruncated"]:
                return
            start = {"ContinuationToken": page["NextContinuationToken"]}

    def delete(self, keys: Sequence[str]) -> None:
        """Remove objects; those that are gone do not matter.

        Raises:
            RetryableError: when some could not be removed.
        """
        for chunk in chunks(keys, DELETE_LIMIT):
            objects = [{"Key": key} for key in chunk]
            with translated():
                answer = self._s3.delete_objects(
                    Bucket=self._bucket, Delete={"Objects": objects, "Quiet": True}
                )
            if answer.get("Errors"):
                raise RetryableError(f"S3 did not remove {answer['Errors'][0]['Key']}")

    def join(self, target: str, head: bytes, keys: Sequence[str]) -> None:
        """Write `head` and the objects, in order, as one, in bounded memory."""
        upload = _Upload(self, target)
        pending = bytearray(head)
        for body in self.get_many(keys):
            pending += body
            if len(pending) >= PART_BYTES:
                upload.add(bytes(pending))
                pending.clear()
        upload.finish(bytes(pending))

    def begin_upload(self, key: str) -> str:
        """Begin an object in parts; return the upload's id.

        Parts of an upload that is never finished are removed by the bucket's own rule.
        """
        with translated():
            answer = self._s3.create_multipart_upload(Bucket=self._bucket, Key=key)
        return str(answer["UploadId"])

    def add_part(self, key: str, upload: str, number: int, body: bytes) -> str:
        """Upload the part of a number from 1 on, again if need be; return its etag.

        Raises:
            UploadLostError: when the upload is gone.
        """
        with _upload(key), translated():
            answer = self._s3.upload_part(
                Bucket=self._bucket, Key=key, UploadId=upload, PartNumber=number, Body=body
            )
        return str(answer["ETag"])

    def finish_upload(self, key: str, upload: str, etags: Sequence[str]) -> None:
        """Make the object of its parts.

        Raises:
            UploadLostError: when the upload is gone, or a part is another.
        """
        parts = [{"ETag": etag, "PartNumber": n} for n, etag in enumerate(etags, start=1)]
        with _upload(key), translated():
            self._s3.complete_multipart_upload(
                Bucket=self._bucket, Key=key, UploadId=upload, MultipartUpload={"Parts": parts}
            )

    def _presigned(self, operation: str, key: str, lifetime: timedelta) -> str:
        url: str = self._s3.generate_presigned_url(
            operation,
            Params={"Bucket": self._bucket, "Key": key},
            ExpiresIn=int(lifetime.total_seconds()),
        )
        return url


class _Upload:
    """An object that is written in parts; one that fits into one part is simply put."""

    def __init__(self, files: ImportFiles, key: str) -> None:
        self._files = files
        self._key = key
        self._id: str | None = None
        self._etags: list[str] = []

    def add(self, body: bytes) -> None:
        """Upload one part."""
        if self._id is None:
            self._id = self._files.begin_upload(self._key)
        number = len(self._etags) + 1
        self._etags.append(self._files.add_part(self._key, self._id, number, body))

    def finish(self, rest: bytes) -> None:
        """Upload what is left and make the object of it."""
        if self._id is None:
            self._files.put(self._key, rest)
            return
        if rest:
            self.add(rest)
        self._files.finish_upload(self._key, self._id, self._etags)


@contextmanager
def _upload(key: str) -> Iterator[None]:
    """Say in our words that an upload cannot go on."""
    try:
        yield
    except ClientError as error:
        if code_of(error) not in _LOST:
            raise
        raise UploadLostError(key) from error
