"""Pools of sending IPs."""

from datetime import datetime

from mailtide.domain.page import Page
from mailtide.domain.pool import Pool
from mailtide.domain.suppression import Stream
from mailtide.store import dynamo
from mailtide.store.paging import page
from mailtide.store.row import assign
from mailtide.store.tables import PoolRow


class Pools:
    """The table `pools`."""

    def get(self, org_id: str, pool_id: str) -> Pool | None:
        """Read one pool consistently."""
        row = dynamo.get(PoolRow, org_id, pool_id)
        return _read(row) if row else None

    def page(self, org_id: str, limit: int, after: str | None) -> Page[Pool]:
        """Return the organisation's pools by id."""
        return page(PoolRow, org_id, limit, after, _read)

    def create(self, pool: Pool, at: datetime) -> None:
        """Write a pool under a fresh id; a repeat of the same write changes nothing."""
        row = PoolRow(
            pool.org_id,
            pool.pool_id,
            name=pool.name,
            stream_=pool.stream.value,
            ip_ids=set(pool.ip_ids) or None,
            created_at=at,
        )
        dynamo.put(row, PoolRow.org_id.does_not_exist())

    def change(self, new: Pool) -> bool:
        """Write a pool's name and IPs; False when it is not there."""
        actions = [
            PoolRow.name.set(new.name),
            assign(PoolRow.ip_ids, set(new.ip_ids) or None),
        ]
        row = PoolRow(new.org_id, new.pool_id)
        return dynamo.update(row, actions, PoolRow.org_id.exists()) is None

    def take_out(self, pool: Pool, ip_id: str) -> None:
        """Take an IP out of a pool, whatever else changes in it."""
        row = PoolRow(pool.org_id, pool.pool_id)
        dynamo.update(row, [PoolRow.ip_ids.delete({ip_id})], PoolRow.org_id.exists())

    def delete(self, org_id: str, pool_id: str) -> bool:
        """Delete a pool; False when it is not there."""
        row = PoolRow(org_id, pool_id)
        return dynamo.delete(row, PoolRow.org_id.exists()) is None


def _read(row: PoolRow) -> Pool:
    return Pool(row.org_id, row.pool_id, row.name, Stream(row.stream_), frozenset(row.ip_ids or ()))
