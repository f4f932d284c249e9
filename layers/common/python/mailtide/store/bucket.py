"""The data bucket, for payloads and whatever else is kept as it came."""

from typing import Any

from botocore.exceptions import ClientError

from mailtide.aws_errors import code_of, translated


class Bucket:
    """Objects by key."""

    def __init__(self, s3: Any, bucket: str) -> None:
        self._s3 = s3
        self._bucket = bucket

    def put(self, key: str, body: bytes) -> None:
        """Write an object, whatever was there."""
        with translated():
            self._s3.put_object(
                Bucket=self._bucket, Key=key, Body=body, ContentType="application/json"
            )

    def get(self, key: str) -> bytes:
        """Read an object."""
        with translated():
            body: bytes = self._s3.get_object(Bucket=self._bucket, Key=key)["Body"].read()
        return body

    def fetch(self, key: str, limit: int | None = None) -> bytes | None:
        """Read an object, or its first `limit` bytes; None when it is not there."""
        part = {} if limit is None else {"Range": f"bytes=0-{limit - 1}"}
        try:
            with translated():
                answer = self._s3.get_object(Bucket=self._bucket, Key=key, **part)
                body: bytes = answer["Body"].read()
                return body
        except ClientError as error:
            if code_of(error) != "NoSuchKey":
                raise
            return None

    def delete(self, key: str) -> None:
        """Remove an object; one that is gone already is no error."""
        with translated():
            self._s3.delete_object(Bucket=self._bucket, Key=key)
