"""Pools in memory."""

from dataclasses import dataclass, field, replace
from datetime import datetime

from local.memory.pages import page
from mailtide.domain.page import Page
from mailtide.domain.pool import Pool


@dataclass(slots=True)
class Pools:
    """Stands in for `store.pools.Pools`."""

    items: dict[tuple[str, str], Pool] = field(default_factory=dict)

    def get(self, org_id: str, pool_id: str) -> Pool | None:
        """Return one pool."""
        return self.items.get((org_id, pool_id))

    def page(self, org_id: str, limit: int, after: str | None) -> Page[Pool]:
        """Return the organisation's pools by id."""
        return page({id_: p for (o, id_), p in self.items.items() if o == org_id}, limit, after)

    def create(self, pool: Pool, at: datetime) -> None:
        """Write a pool under a fresh id."""
        self.items.setdefault((pool.org_id, pool.pool_id), pool)

    def change(self, new: Pool) -> bool:
        """Write a pool's name and IPs; False when it is not there."""
        old = self.items.get((new.org_id, new.pool_id))
        if old is not None:
            changed = replace(old, name=new.name, ip_ids=new.ip_ids)
            self.items[new.org_id, new.pool_id] = changed
        return old is not None

    def take_out(self, pool: Pool, ip_id: str) -> None:
        """Take an IP out of a pool, whatever else changes in it."""
        old = self.items.get((pool.org_id, pool.pool_id))
        if old is not None:
            self.items[pool.org_id, pool.pool_id] = replace(old, ip_ids=old.ip_ids - {ip_id})

    def delete(self, org_id: str, pool_id: str) -> bool:
        """Delete a pool; False when it is not there."""
        return self.items.pop((org_id, pool_id), None) is not None
