"""Pools: what may be in one, who may name one, and when it may go."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from local.memory.contents import Identities
from local.memory.pages import page
from local.memory.pools import Pools
from local.memory.quota import SendingIps
from mailtide.domain.content import Identity
from mailtide.domain.page import Page
from mailtide.domain.pool import Pool
from mailtide.domain.sending_ip import SendingIp, Ses
from mailtide.domain.suppression import Stream
from mailtide.errors import ConflictError, InvalidInputError, NotFoundError
from mailtide.flows.pool_desk import PoolDesk

NOW = datetime(2026, 11, 24, 10, tzinfo=UTC)
POOL = Pool("acme", "p1", "News", Stream.MARKETING, frozenset({"ip1"}))
IDENTITY = Identity("acme", "i1", "News", "Acme", "news@acme.test", "b.acme.test", pool_id="p1")


class PagedIps(SendingIps):
    """Sending IPs of which one comes per page."""

    def page(self, org_id: str, _limit: int, after: str | None) -> Page[SendingIp]:
        return page({id_: ip for (org, id_), ip in self.rows.items() if org == org_id}, 1, after)


class VanishingPools(Pools):
    """Pools that somebody else deletes before each change."""

    def change(self, new: Pool) -> bool:
        self.items.clear()
        return super().change(new)


def desk(pools: Pools | None = None) -> PoolDesk:
    ips = PagedIps()
    for ip_id, stream in (("ip1", Stream.MARKETING), ("ip2", Stream.TRANSACTIONAL)):
        ips.put(SendingIp("acme", ip_id, ip_id, stream, Ses(ip_id)))
    ips.put(SendingIp("other", "ip3", "ip3", Stream.MARKETING, Ses("ip3")))
    return PoolDesk(pools or Pools(), ips, Identities(), lambda: "p1", lambda: NOW)


def test_a_pool_is_created_found_and_changed() -> None:
    kept = desk()
    made = kept.create("acme", name="News", stream=Stream.MARKETING, ip_ids=frozenset({"ip1"}))
    assert made == kept.get("acme", "p1") == POOL
    assert kept.change("acme", "p1", {"name": "Letters"}) == replace(POOL, name="Letters")
    assert kept.change("acme", "p1", {"ip_ids": frozenset()}).ip_ids == frozenset()
    assert kept.get("acme", "p1").name == "Letters"


@pytest.mark.parametrize(
    ("ip_id", "words"),
    [("ip9", "no sending IP"), ("ip3", "no sending IP"), ("ip2", "of the stream transactional")],
)
def test_an_ip_that_does_not_fit_is_refused_and_nothing_is_written(ip_id: str, words: str) -> None:
    kept = desk()
    ip_ids = frozenset({"ip1", ip_id})
    with pytest.raises(InvalidInputError, match=words) as caught:
        kept.create("acme", name="News", stream=Stream.MARKETING, ip_ids=ip_ids)
    assert [error["at"] for error in caught.value.errors] == ["body.ip_ids"]
    with pytest.raises(NotFoundError):
        kept.get("acme", "p1")
    kept.pools.create(POOL, NOW)
    with pytest.raises(InvalidInputError, match=words):
        kept.change("acme", "p1", {"ip_ids": ip_ids})
    assert kept.get("acme", "p1") == POOL


def test_a_pool_of_nobody_is_not_found() -> None:
    kept = desk()
    with pytest.raises(NotFoundError):
        kept.change("acme", "p1", {"name": "x"})
    with pytest.raises(NotFoundError):
        kept.delete("acme", "p1")


def test_a_pool_that_is_deleted_meanwhile_is_not_found() -> None:
    kept = desk(VanishingPools({("acme", "p1"): POOL}))
    with pytest.raises(NotFoundError):
        kept.change("acme", "p1", {"name": "x"})


def test_a_pool_that_an_identity_names_stays() -> None:
    kept = desk(Pools({("acme", "p1"): POOL}))
    assert isinstance(kept.identities, Identities)
    kept.identities.create(IDENTITY, NOW)
    with pytest.raises(ConflictError) as caught:
        kept.delete("acme", "p1")
    assert caught.value.code == "pool_in_use"
    assert kept.get("acme", "p1") == POOL
    kept.identities.replace(replace(IDENTITY, pool_id="p2"))
    kept.delete("acme", "p1")
    with pytest.raises(NotFoundError):
        kept.get("acme", "p1")


def test_an_identity_names_a_pool_that_is_there_and_of_its_stream() -> None:
    kept = desk(Pools({("acme", "p1"): POOL}))
    assert kept.admit(IDENTITY) is IDENTITY
    free = replace(IDENTITY, pool_id=None)
    assert kept.admit(free) is free
    for wrong in (
        replace(IDENTITY, pool_id="p2"),
        replace(IDENTITY, org_id="other"),
        replace(IDENTITY, stream=Stream.TRANSACTIONAL),
    ):
        with pytest.raises(InvalidInputError) as caught:
            kept.admit(wrong)
        assert [error["at"] for error in caught.value.errors] == ["body.pool_id"]
