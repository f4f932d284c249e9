"""Pools: one contract for table and twin, and the sending IPs that a pool leaves."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from local.memory.pools import Pools as MemoryPools
from local.memory.quota import SendingIps as MemorySendingIps
from mailtide.domain.page import Page
from mailtide.domain.pool import Pool
from mailtide.domain.sending_ip import SendingIp, Ses
from mailtide.domain.suppression import Stream
from mailtide.store.pools import Pools
from mailtide.store.sending_ips import SendingIps
from mailtide.store.tables import PoolRow, SendingIpRow
from tests.tables import moto_tables

NOW = datetime(2026, 11, 24, 10, tzinfo=UTC)
POOL = Pool("acme", "p1", "News", Stream.MARKETING, frozenset({"ip1", "ip2"}))

Stores = tuple[Pools | MemoryPools, SendingIps | MemorySendingIps]


@pytest.fixture(params=["memory", "table"])
def stores(request: pytest.FixtureRequest) -> Iterator[Stores]:
    if request.param == "memory":
        pools = MemoryPools()
        yield pools, MemorySendingIps(pools=pools.items)
        return
    with moto_tables(PoolRow, SendingIpRow):
        yield Pools(), SendingIps()


def put(ips: SendingIps | MemorySendingIps, ip_id: str, org_id: str = "acme") -> SendingIp:
    ip = SendingIp(org_id, ip_id, ip_id, Stream.MARKETING, Ses(ip_id))
    if isinstance(ips, SendingIps):
        ips.create(ip, NOW)
    else:
        ips.put(ip)
    return ip


def test_a_pool_is_kept(stores: Stores) -> None:
    pools, _ = stores
    empty = Pool("acme", "p2", "Later", Stream.TRANSACTIONAL)
    for pool in (POOL, empty, replace(POOL, org_id="other", name="Theirs")):
        pools.create(pool, NOW)
    pools.create(replace(POOL, name="Again"), NOW)  # a repeat changes nothing
    assert pools.get("acme", "p1") == POOL
    assert pools.page("acme", 9, None) == Page([POOL, empty])
    assert pools.page("acme", 1, "p1") == Page([empty])
    assert pools.get("acme", "p9") is None


@pytest.mark.parametrize("ip_ids", [frozenset(), frozenset({"ip3"})])
def test_name_and_ips_change_and_the_stream_stays(stores: Stores, ip_ids: frozenset[str]) -> None:
    pools, _ = stores
    new = replace(POOL, name="Letters", ip_ids=ip_ids)
    assert not pools.change(new)
    pools.create(POOL, NOW)
    assert pools.change(replace(new, stream=Stream.TRANSACTIONAL))
    assert pools.get("acme", "p1") == new
    assert pools.delete("acme", "p1")
    assert not pools.delete("acme", "p1")
    assert pools.get("acme", "p1") is None


def test_an_ip_is_taken_out_whatever_else_changed(stores: Stores) -> None:
    pools, _ = stores
    pools.take_out(POOL, "ip1")
    assert pools.get("acme", "p1") is None  # and makes none
    pools.create(POOL, NOW)
    for _ in range(2):
        pools.take_out(replace(POOL, ip_ids=frozenset({"ip1"})), "ip1")
    assert pools.get("acme", "p1") == replace(POOL, ip_ids=frozenset({"ip2"}))
    pools.take_out(POOL, "ip2")
    assert pools.get("acme", "p1") == replace(POOL, ip_ids=frozenset())


def test_with_a_pool_only_its_ips_are_used(stores: Stores) -> None:
    pools, ips = stores
    pools.create(POOL, NOW)
    pools.create(Pool("acme", "p2", "Empty", Stream.MARKETING), NOW)
    pools.create(replace(POOL, org_id="other", ip_ids=frozenset({"ip3"})), NOW)
    one, _three, _theirs = put(ips, "ip1"), put(ips, "ip3"), put(ips, "ip2", "other")
    assert len(ips.active("acme", Stream.MARKETING)) == 2
    assert list(ips.active("acme", Stream.MARKETING, "p1")) == [one]  # ip2 is another's
    assert list(ips.active("acme", Stream.TRANSACTIONAL, "p1")) == []
    assert list(ips.active("acme", Stream.MARKETING, "p2")) == []
    assert list(ips.active("acme", Stream.MARKETING, "gone")) == []
