"""Manifests: who is in a batch, in order; written once, in the bucket.

No address and no name stands in them: a batch may wait for weeks, and erasure must work.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from botocore.exceptions import ClientError

from mailtide.aws_errors import code_of, translated
from mailtide.domain.batch import Batch, BatchRef, Planned
from mailtide.domain.message import instant, millis
from mailtide.errors import RetryableError

# Manifests in memory, about 0.2 MB each: a sender reads its own once per block.
_KEPT = 8


@dataclass(frozen=True, slots=True)
class Manifest:
    """What is stored of a batch before its row is; enough to write the row of a launched one."""

    org_id: str
    rank: int
    due_at: datetime | None
    recipients: tuple[Planned, ...]


class Manifests:
    """The manifests in the data bucket."""

    def __init__(self, s3: Any, bucket: str) -> None:
        self._s3 = s3
        self._bucket = bucket
        self._kept: dict[str, Manifest] = {}  # the one that was used last comes last

    def put(self, key: str, draft: Batch, recipients: Sequence[Planned]) -> Manifest:
        """Write a batch's manifest unless one is there; return the one that is stored."""
        if self._put_if_absent(key, _write(draft, recipients)):
            return self._keep(
                key, Manifest(draft.ref.org_id, draft.rank, draft.due_at, tuple(recipients))
            )
        return self.read(key)

    def read(self, key: str) -> Manifest:
        """Return a manifest that is there."""
        kept = self._kept.pop(key, None)
        return self._keep(key, self._read(key) if kept is None else kept)

    def put_excluded(self, campaign_id: str, shard: str, reasons: Mapping[str, str]) -> None:
        """Write whom a launch left out, contact id to reason, unless that is there."""
        self._put_if_absent(f"excluded/{campaign_id}/{shard}.json", json.dumps(dict(reasons)))

    def find(self, key: str) -> Manifest | None:
        """Return a manifest, or None when there is none."""
        try:
            return self.read(key)
        except ClientError as error:
            if code_of(error) != "NoSuchKey":
                raise
            return None

    def _keep(self, key: str, manifest: Manifest) -> Manifest:
        self._kept[key] = manifest
        if len(self._kept) > _KEPT:
            del self._kept[next(iter(self._kept))]
        return manifest

    def _put_if_absent(self, key: str, text: str) -> bool:
        """Write an object; False when one is there."""
        try:
            with translated():
                self._s3.put_object(
                    Bucket=self._bucket,
                    Key=key,
                    Body=text.encode(),
                    ContentType="application/json",
                    IfNoneMatch="*",
                )
        except ClientError as error:
            if code_of(error) == "ConditionalRequestConflict":
                raise RetryableError("another put of the same manifest is under way") from error
            if code_of(error) != "PreconditionFailed":
                raise
            return False
        return True

    def _read(self, key: str) -> Manifest:
        with translated():
            body = self._s3.get_object(Bucket=self._bucket, Key=key)["Body"].read()
        return _parse(body)


def key_of(ref: BatchRef) -> str:
    """Return where a batch's manifest lies."""
    return f"manifests/{ref.campaign_id}/{ref.shard}/{ref.batch_id}.json"


def _write(draft: Batch, recipients: Sequence[Planned]) -> str:
    return json.dumps(
        {
            "org_id": draft.ref.org_id,
            "rank": draft.rank,
            "due_at": millis(draft.due_at) if draft.due_at else None,
            "recipients": [[r.contact_id, r.list_id, r.variant] for r in recipients],
        }
    )


def _parse(text: bytes) -> Manifest:
    found = json.loads(text)
    due_at = None if found["due_at"] is None else instant(found["due_at"])
    recipients = tuple(Planned(*row) for row in found["recipients"])
    return Manifest(found["org_id"], found["rank"], due_at, recipients)
