"""Files of imports in the data bucket: uploads and reports by presigned URL, the rest by range."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from botocore.exceptions import ClientError

from mailtide.aws_errors import code_of, translated
from mailtide.flows.imports import FileChangedError

PART_BYTES = 8 * 1024 * 1024  # of a multipart upload; S3 wants at least 5 MB of all but the last
_GONE = frozenset({"PreconditionFailed", "NoSuchKey"})
_MISSING = frozenset({"404", "NoSuchKey", "NotFound"})


class ImportFiles:
    """Objects under `imports/`."""

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
        """Read a whole object."""
        with translated():
            body: bytes = self._s3.get_object(Bucket=self._bucket, Key=key)["Body"].read()
        return body

    def put(self, key: str, body: bytes) -> None:
        """Write an object, whatever was there."""
        with translated():
            self._s3.put_object(Bucket=self._bucket, Key=key, Body=body)

    def join(self, target: str, head: bytes, keys: Sequence[str]) -> None:
        """Write `head` and the objects, in order, as one, with two parts in memory at most."""
        upload = _Upload(self._s3, self._bucket, target)
        pending = bytearray(head)
        for key in keys:
            pending += self.get(key)
            if len(pending) >= PART_BYTES:
                upload.add(bytes(pending))
                pending.clear()
        upload.finish(bytes(pending))

    def _presigned(self, operation: str, key: str, lifetime: timedelta) -> str:
        url: str = self._s3.generate_presigned_url(
            operation,
            Params={"Bucket": self._bucket, "Key": key},
            ExpiresIn=int(lifetime.total_seconds()),
        )
        return url


class _Upload:
    """An object that is written in parts; one that fits into one part is simply put."""

    def __init__(self, s3: Any, bucket: str, key: str) -> None:
        self._s3 = s3
        self._target = {"Bucket": bucket, "Key": key}
        self._id: str | None = None
        self._parts: list[dict[str, Any]] = []

    def add(self, body: bytes) -> None:
        """Upload one part."""
        with translated():
            if self._id is None:
                self._id = self._s3.create_multipart_upload(**self._target)["UploadId"]
            number = len(self._parts) + 1
            answer = self._s3.upload_part(
                **self._target, UploadId=self._id, PartNumber=number, Body=body
            )
        self._parts.append({"ETag": answer["ETag"], "PartNumber": number})

    def finish(self, rest: bytes) -> None:
        """Upload what is left and make the object of it.

        Parts of an upload that is never finished are removed by the bucket's own rule.
        """
        if self._id is None:
            with translated():
                self._s3.put_object(**self._target, Body=rest)
            return
        if rest:
            self.add(rest)
        with translated():
            self._s3.complete_multipart_upload(
                **self._target, UploadId=self._id, MultipartUpload={"Parts": self._parts}
            )
