"""Batches and their manifests in memory."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from mailtide.domain import batch as rules
from mailtide.domain.batch import INLINE, Batch, BatchRef, Phase, Planned
from mailtide.domain.suppression import Stream


@dataclass(slots=True)
class Batches:
    """Rows with the nonce of their last write; manifests by where they would lie in the bucket."""

    rows: dict[BatchRef, tuple[Batch, str]] = field(default_factory=dict)
    manifests: dict[str, tuple[Batch, tuple[Planned, ...]]] = field(default_factory=dict)
    excluded: dict[tuple[str, str], dict[str, str]] = field(default_factory=dict)

    def get(self, ref: BatchRef) -> Batch | None:
        """Read one row."""
        return self.rows[ref][0] if ref in self.rows else None

    def swap(self, old: Batch, new: Batch, nonce: str) -> bool:
        """Write `new` with `old.revision + 1` if the row still has `old.revision`."""
        stored, last_nonce = self.rows[old.ref]
        if stored.revision != old.revision:
            return last_nonce == nonce
        self.rows[old.ref] = (replace(new, revision=old.revision + 1), nonce)
        return True

    def create(self, draft: Batch, recipients: Sequence[Planned]) -> Batch:
        """Put manifest and row if absent; return the row that is stored, whoever wrote it."""
        if not recipients:
            empty = replace(draft, phase=Phase.DONE, due_at=None, count=0, inline=())
            return self._put(replace(empty, manifest_key=None))
        if len(recipients) <= INLINE:
            inline = replace(draft, inline=tuple(recipients), count=len(recipients))
            return self._put(replace(inline, manifest_key=None))
        return self._put_listed(draft, *self.put_manifest(draft, recipients))

    def put_manifest(
        self, draft: Batch, recipients: Sequence[Planned]
    ) -> tuple[Batch, tuple[Planned, ...]]:
        """Put a manifest if absent, as a writer does who dies before the row; return the stored."""
        return self.manifests.setdefault(_key(draft.ref), (draft, tuple(recipients)))

    def recipients(self, batch: Batch) -> Sequence[Planned]:
        """Return the manifest's recipients in order."""
        key = batch.manifest_key
        return batch.inline if key is None else self.manifests[key][1]

    def stored(
        self, campaign_id: str, shard: str, first: int = 0
    ) -> Sequence[tuple[Batch, Sequence[Planned]]]:
        """Return the shard's launched batches from a number on, with their recipients."""
        rows = [
            batch
            for batch in self._of_campaign(campaign_id)
            if batch.ref.shard == shard and "." not in batch.ref.batch_id
        ]
        rows.sort(key=lambda batch: batch.ref.batch_id)
        rows = rows[first:]
        orphan = self.manifests.get(
            _key(BatchRef("", campaign_id, shard, f"{first + len(rows):05d}"))
        )
        if orphan is not None:
            rows.append(self._put_listed(orphan[0], *orphan))
        return [(batch, self.recipients(batch)) for batch in rows]

    def exclude(self, campaign_id: str, shard: str, reasons: Mapping[str, str]) -> None:
        """Put the shard's list of those left out, contact id to reason, if absent."""
        self.excluded.setdefault((campaign_id, shard), dict(reasons))

    def due(self, now: datetime, limit: int) -> tuple[Sequence[Batch], bool]:
        """Return up to `limit` batches whose `due_at` has passed, and whether there may be more."""
        due = [
            batch
            for batch, _ in self.rows.values()
            if rules.due(batch, now) and batch.submitted is None
        ]
        return sorted(due, key=lambda batch: batch.due_at or now)[:limit], len(due) >= limit

    def due_submitted(self, now: datetime, limit: int) -> Sequence[Batch]:
        """Return single messages' batches whose `due_at` has passed, up to `limit` of each stream.

        Transactional ones come first.
        """
        due = [batch for batch, _ in self.rows.values() if rules.due(batch, now)]
        of = {stream: [one for one in due if one.submitted is stream] for stream in Stream}
        return of[Stream.TRANSACTIONAL][:limit] + of[Stream.MARKETING][:limit]

    def all_done(self, campaign_id: str) -> bool:
        """Say whether every batch of a campaign is done."""
        return all(batch.phase is Phase.DONE for batch in self._of_campaign(campaign_id))

    def _of_campaign(self, campaign_id: str) -> list[Batch]:
        return [batch for batch, _ in self.rows.values() if batch.ref.campaign_id == campaign_id]

    def _put_listed(self, draft: Batch, stored: Batch, recipients: Sequence[Planned]) -> Batch:
        """Put the row of a batch whose manifest, with rank and instant, is `stored`."""
        key = _key(draft.ref)
        as_stored = replace(draft, rank=stored.rank, due_at=stored.due_at, inline=())
        return self._put(replace(as_stored, manifest_key=key, count=len(recipients)))

    def _put(self, batch: Batch) -> Batch:
        return self.rows.setdefault(batch.ref, (batch, "created"))[0]


def _key(ref: BatchRef) -> str:
    return f"manifests/{ref.campaign_id}/{ref.shard}/{ref.batch_id}.json"
