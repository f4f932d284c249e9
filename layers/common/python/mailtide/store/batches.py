"""Batches: one row each, changed by compare-and-swap on its revision, and their manifests."""

from collections.abc import Mapping, Sequence
from dataclasses import astuple, replace
from datetime import datetime
from typing import Any
from zlib import crc32

from mailtide.domain import batch as rules
from mailtide.domain.batch import INLINE, Batch, BatchRef, Phase, Planned, Tally
from mailtide.domain.identifiers import SHARDS
from mailtide.domain.message import instant, millis
from mailtide.domain.suppression import Stream
from mailtide.store import dynamo
from mailtide.store.manifests import Manifest, Manifests, key_of
from mailtide.store.tables import BatchRow

DUE_SHARDS = 8
# What begins the due partitions of single messages; the first wait behind none of the others.
_SINGLES = {Stream.TRANSACTIONAL: "t", Stream.MARKETING: "m"}
_LATER = "."  # stands in the id of a later batch: the block it comes from
CREATED = "created"  # the nonce of a row that nobody has changed yet


class Batches:
    """The batches of all campaigns."""

    def __init__(self, manifests: Manifests) -> None:
        self._manifests = manifests

    def get(self, ref: BatchRef) -> Batch | None:
        """Read one row consistently."""
        row = dynamo.get(BatchRow, _shard_key(ref), ref.batch_id)
        return batch_of(row) if row else None

    def swap(self, old: Batch, new: Batch, nonce: str) -> bool:
        """Write `new` with `old.revision + 1` if the row still has `old.revision`.

        True also when the row already carries `nonce`: the reply of an earlier try was lost.
        """
        row = batch_row(replace(new, revision=old.revision + 1), nonce)
        found = dynamo.put(row, BatchRow.revision == old.revision)
        return found is None or found.get("nonce", {}).get("S") == nonce

    def create(self, draft: Batch, recipients: Sequence[Planned]) -> Batch:
        """Put manifest and row if absent; return the row that is stored, whoever wrote it.

        A draft without recipients is stored as done. Where the recipients go into the bucket, a
        manifest that is there already, of a try that died before its row, is the one that counts,
        with its rank and its instant.
        """
        if len(recipients) > INLINE:
            key = key_of(draft.ref)
            return self._put(_listed(draft, key, self._manifests.put(key, draft, recipients)))
        batch = replace(draft, inline=tuple(recipients), manifest_key=None, count=len(recipients))
        return self._put(batch if recipients else replace(batch, phase=Phase.DONE, due_at=None))

    def recipients(self, batch: Batch) -> Sequence[Planned]:
        """Return the manifest's recipients in order."""
        key = batch.manifest_key
        return batch.inline if key is None else self._manifests.read(key).recipients

    def stored(
        self, campaign_id: str, shard: str, first: int = 0
    ) -> Sequence[tuple[Batch, Sequence[Planned]]]:
        """Return the shard's launched batches from a number on, with their recipients.

        Later batches are not among them, and those that are there never change.

        A manifest that lies in the bucket at the next number without a row, because its writer
        died, gets its row first.
        """
        with dynamo.calling():
            behind = BatchRow.batch_id >= f"{first:05d}"
            rows = list(BatchRow.query(f"{campaign_id}#{shard}", behind, consistent_read=True))
        batches = [batch_of(row) for row in rows if _LATER not in row.batch_id]
        ref = BatchRef("", campaign_id, shard, f"{first + len(batches):05d}")
        orphan = self._manifests.find(key_of(ref))
        if orphan is not None:
            draft = Batch(replace(ref, org_id=orphan.org_id), 0, orphan.rank, orphan.due_at)
            batches.append(self._put(_listed(draft, key_of(ref), orphan)))
        return [(batch, self.recipients(batch)) for batch in batches]

    def exclude(self, campaign_id: str, shard: str, reasons: Mapping[str, str]) -> None:
        """Put the shard's list of those left out, contact id to reason, if absent."""
        self._manifests.put_excluded(campaign_id, shard, reasons)

    def due(self, now: datetime, limit: int) -> tuple[Sequence[Batch], bool]:
        """Return up to `limit` batches whose `due_at` has passed, about the longest due first.

        And whether there may be more: each of the index's partitions gives its share and no more.
        The index may lag, the rows are read.
        """
        share = limit // DUE_SHARDS
        shards = [_due_keys(str(shard), now, share) for shard in range(DUE_SHARDS)]
        rows = dynamo.get_many(BatchRow, [key for keys in shards for key in keys])
        due = [batch for batch in map(batch_of, rows) if rules.due(batch, now)]
        return due, any(len(keys) == share for keys in shards)

    def due_submitted(self, now: datetime, limit: int) -> Sequence[Batch]:
        """Return single messages' batches whose `due_at` has passed, up to `limit` of each stream.

        Transactional ones come first.
        """
        keys = [
            key
            for stream in _SINGLES.values()
            for shard in range(DUE_SHARDS)
            for key in _due_keys(f"{stream}{shard}", now, limit // DUE_SHARDS)
        ]
        batches = map(batch_of, dynamo.get_many(BatchRow, keys))
        due = [batch for batch in batches if rules.due(batch, now)]
        return sorted(due, key=lambda batch: batch.submitted is not Stream.TRANSACTIONAL)

    def all_done(self, campaign_id: str) -> bool:
        """Read consistently whether every batch of a campaign is done.

        An index of those that are not answers in most cases, for half a read unit. It may lag, so
        only where it shows none do the rows themselves decide.
        """
        with dynamo.calling():
            if any(True for _ in BatchRow.open_index.query(campaign_id, limit=1)):
                return False
        return not any(_open_batches(campaign_id, shard) for shard in SHARDS)

    def _put(self, batch: Batch) -> Batch:
        found = dynamo.put(batch_row(batch), BatchRow.batch_id.does_not_exist())
        return batch if found is None else batch_of(BatchRow.from_raw_data(found))


def _listed(draft: Batch, key: str, manifest: Manifest) -> Batch:
    """Return the row of a batch whose recipients lie in the bucket."""
    return replace(
        draft,
        rank=manifest.rank,
        due_at=manifest.due_at,
        inline=(),
        manifest_key=key,
        count=len(manifest.recipients),
    )


def _due_keys(due_shard: str, now: datetime, limit: int) -> list[tuple[str, str]]:
    with dynamo.calling():
        rows = BatchRow.due_index.query(due_shard, BatchRow.due_at <= now, limit=limit)
        return [(row.shard_key, row.batch_id) for row in rows]


def _open_batches(campaign_id: str, shard: str) -> bool:
    with dynamo.calling():
        rows = BatchRow.query(
            f"{campaign_id}#{shard}",
            filter_condition=BatchRow.phase != Phase.DONE.value,
            consistent_read=True,
            attributes_to_get=["batch_id"],
        )
        return any(True for _ in rows)


def _shard_key(ref: BatchRef) -> str:
    return f"{ref.campaign_id}#{ref.shard}"


def _due_shard(batch: Batch) -> str:
    """Return the partition of the due index: single messages lie in others than campaigns."""
    name = f"{_shard_key(batch.ref)}/{batch.ref.batch_id}"
    stream = _SINGLES[batch.submitted] if batch.submitted else ""
    return f"{stream}{crc32(name.encode()) % DUE_SHARDS}"


def batch_row(batch: Batch, nonce: str = CREATED) -> BatchRow:
    """Return the row that holds a batch."""
    ref = batch.ref
    return BatchRow(
        shard_key=_shard_key(ref),
        batch_id=ref.batch_id,
        org_id=ref.org_id,
        due_shard=None if batch.due_at is None else _due_shard(batch),
        due_at=batch.due_at,
        open_of=None if batch.phase is Phase.DONE or batch.submitted else ref.campaign_id,
        recipients=batch.count,
        rank=batch.rank,
        attempt=batch.attempt,
        tries=batch.tries,
        put_off_at=batch.put_off_at,
        manifest_key=batch.manifest_key,
        inline=[[one.contact_id, one.list_id, one.variant] for one in batch.inline] or None,
        phase=batch.phase.value,
        fence=batch.fence,
        revision=batch.revision,
        nonce=nonce,
        watermark=batch.watermark,
        block_end=batch.block_end,
        released_to=batch.released_to,
        placement=batch.placement,
        ips=list(batch.ips) or None,
        waits=[millis(one) for one in batch.waits] or None,
        placed_at=batch.placed_at,
        tally=list(astuple(batch.tally)),
        submitted=batch.submitted,
        in_doubt=batch.in_doubt or None,
    )


def batch_of(row: BatchRow) -> Batch:
    """Return the batch that a row holds."""
    campaign_id, shard = row.shard_key.split("#")
    numbers: dict[str, Any] = {
        name: int(getattr(row, name))
        for name in (
            "rank",
            "attempt",
            "tries",
            "fence",
            "revision",
            "watermark",
            "block_end",
            "released_to",
        )
    }
    return Batch(
        ref=BatchRef(row.org_id, campaign_id, shard, row.batch_id),
        count=int(row.recipients),
        due_at=row.due_at,
        put_off_at=row.put_off_at,
        manifest_key=row.manifest_key,
        inline=tuple(Planned(*one) for one in row.inline or ()),
        phase=Phase(row.phase),
        placement=row.placement or "",
        ips=tuple(row.ips or ()),
        waits=tuple(instant(int(one)) for one in row.waits or ()),
        placed_at=row.placed_at,
        tally=Tally(*row.tally),
        submitted=Stream(row.submitted) if row.submitted else None,
        in_doubt=bool(row.in_doubt),
        **numbers,
    )
