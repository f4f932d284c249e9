"""Quota: however senders interleave, a day is never passed; table and twin keep one contract."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, date, datetime
from functools import partial
from itertools import count
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from local.memory.quota import Quota as MemoryQuota
from local.memory.quota import SendingIps as MemorySendingIps
from mailtide.domain.quota import Day, ReservationKey
from mailtide.domain.sending_ip import Relay, SendingIp, Tls
from mailtide.domain.suppression import Stream
from mailtide.store import dynamo
from mailtide.store.quota import KEPT, QUOTA, Quota
from mailtide.store.row import Row
from mailtide.store.sending_ips import SendingIps
from mailtide.store.tables import SendingIpRow, WarmupRow
from tests.tables import moto_tables

DAY = date(2026, 11, 24)
RELAY = Relay("relay.test", 587, Tls.STARTTLS, "user", "relay/ip1")
IP = SendingIp("acme", "ip1", "a", Stream.MARKETING, RELAY, daily_limit=50)
numbers = count(10)

Store = Quota | MemoryQuota


@pytest.fixture(params=["memory", "table"])
def quota(request: pytest.FixtureRequest) -> Iterator[Store]:
    if request.param == "memory":
        yield MemoryQuota()
        return
    with moto_tables(WarmupRow):
        yield Quota()


@pytest.fixture
def table() -> Iterator[Quota]:
    with moto_tables(WarmupRow):
        yield Quota()


def key(block: int = 0, batch: str = "c#0#00000", day: date = DAY) -> ReservationKey:
    return ReservationKey("ip1", day, batch, block)


def set_limit(quota: Store, limit: int) -> None:
    if isinstance(quota, MemoryQuota):
        quota.set_limit("ip1", DAY, limit)
    else:
        dynamo.update(WarmupRow(f"ip1#{DAY}", QUOTA), [WarmupRow.daily_limit.set(limit)])


def set_stopped(quota: Store, stopped: bool) -> None:
    if isinstance(quota, MemoryQuota):
        (quota.stopped.add if stopped else quota.stopped.discard)(("ip1", DAY))
    else:
        dynamo.update(WarmupRow(f"ip1#{DAY}", QUOTA), [WarmupRow.stopped.set(stopped)])


def test_a_day_that_nobody_used_has_the_limit_of_the_ip(quota: Store) -> None:
    assert quota.day(IP, DAY) == Day(0, 50)
    assert quota.day(replace(IP, daily_limit=None), DAY) == Day(0, None)


def test_places_are_granted_as_far_as_the_day_goes(quota: Store) -> None:
    assert quota.reserve(IP, key(0), 40) == 40
    assert quota.reserve(IP, key(100), 40) == 10
    assert quota.reserve(IP, key(200), 40) == 0
    assert quota.day(IP, DAY) == Day(50, 50)


def test_every_date_has_places_of_its_own(quota: Store) -> None:
    assert quota.reserve(IP, key(), 50) == 50
    assert quota.reserve(IP, key(day=date(2026, 11, 25)), 50) == 50


def test_an_ip_without_a_limit_grants_everything(quota: Store) -> None:
    unlimited = replace(IP, daily_limit=None)
    assert quota.reserve(unlimited, key(0), 10_000) == 10_000
    assert quota.reserve(unlimited, key(100), 10_000) == 10_000
    assert quota.day(unlimited, DAY).reserved == 20_000


def test_a_key_meets_its_own_places_and_takes_only_what_it_lacks(quota: Store) -> None:
    assert quota.held(key()) == 0
    assert quota.reserve(IP, key(), 20) == 20
    assert quota.reserve(IP, key(), 10) == 20
    assert quota.held(key()) == 20
    assert quota.reserve(IP, key(), 30) == 30
    assert quota.held(key()) == 30
    assert quota.day(IP, DAY).reserved == 30
    assert quota.reserve(IP, key(), 60) == 50
    assert quota.reserve(IP, key(), 60) == 50
    assert quota.day(IP, DAY).reserved == 50


def test_all_that_a_key_took_is_returned(quota: Store) -> None:
    quota.reserve(IP, key(), 20)
    quota.reserve(IP, key(), 30)
    quota.give_back(key(), 25)
    assert quota.day(IP, DAY).reserved == quota.held(key()) == 5


def test_unused_places_are_returned_once(quota: Store) -> None:
    quota.reserve(IP, key(), 30)
    quota.give_back(key(), 10)
    quota.give_back(key(), 10)
    assert quota.day(IP, DAY).reserved == 20
    assert quota.held(key()) == 20


def test_a_return_of_nothing_is_a_return(quota: Store) -> None:
    quota.reserve(IP, key(), 30)
    quota.give_back(key(), 0)
    quota.give_back(key(), 30)
    assert quota.day(IP, DAY).reserved == 30


def test_a_key_without_a_reservation_returns_nothing(quota: Store) -> None:
    quota.reserve(IP, key(0), 30)
    quota.give_back(key(100), 30)
    assert quota.day(IP, DAY).reserved == 30


def test_nobody_returns_more_than_was_granted(quota: Store) -> None:
    quota.reserve(IP, key(0), 30)
    quota.reserve(IP, key(100), 20)
    quota.give_back(key(0), 31)
    assert quota.day(IP, DAY).reserved == 50


def test_returned_places_are_granted_to_others_and_not_to_their_own_key(quota: Store) -> None:
    quota.reserve(IP, key(0), 50)
    quota.give_back(key(0), 20)
    assert quota.reserve(IP, key(0), 50) == 30
    assert quota.reserve(IP, key(100), 50) == 20


def test_a_lowered_limit_holds_at_once(quota: Store) -> None:
    quota.reserve(IP, key(0), 20)
    set_limit(quota, 25)
    assert quota.reserve(IP, key(100), 20) == 5
    set_limit(quota, 10)
    assert quota.reserve(IP, key(200), 20) == 0
    assert quota.day(IP, DAY).left == 0


def test_a_raised_limit_holds_at_once(quota: Store) -> None:
    quota.reserve(IP, key(0), 50)
    set_limit(quota, 60)
    assert quota.reserve(IP, key(100), 20) == 10


def test_a_stopped_day_grants_nothing_until_it_goes_on(quota: Store) -> None:
    quota.reserve(IP, key(100), 5)
    set_stopped(quota, True)
    assert quota.reserve(IP, key(), 1) == 0
    assert quota.reserve(IP, key(100), 9) == 5
    assert quota.day(IP, DAY).stopped
    set_stopped(quota, False)
    assert quota.reserve(IP, key(), 1) == 1


STEPS = st.lists(
    st.tuples(
        st.sampled_from(["reserve", "give back", "limit"]), st.integers(0, 2), st.integers(0, 30)
    ),
    max_size=8,
)


@settings(max_examples=10, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=STEPS)
def test_the_day_is_the_sum_of_what_is_held_and_no_grant_passes_its_limit(
    quota: Store, steps: list[tuple[str, int, int]]
) -> None:
    ip = replace(IP, ip_id=f"ip{next(numbers)}")
    keys = [ReservationKey(ip.ip_id, DAY, "c#0#00000", block) for block in range(3)]
    for action, which, amount in steps:
        if action == "reserve":
            before = quota.held(keys[which])
            granted = quota.reserve(ip, keys[which], amount)
            assert before <= granted == quota.held(keys[which])
        else:
            quota.give_back(keys[which], amount)
        assert quota.day(ip, DAY).reserved <= 50
    assert quota.day(ip, DAY).reserved == sum(map(quota.held, keys))


Race = Callable[[], Any]


@pytest.fixture
def race(table: Quota, monkeypatch: pytest.MonkeyPatch) -> Callable[[list[Race]], None]:
    """Let others act between a reservation's reading and its writing, one per reading."""

    def enter(others: list[Race]) -> None:
        read = dynamo.get_many

        def read_and_be_overtaken(model: type[Row], keys: dynamo.Keys) -> list[Row]:
            rows = read(model, keys)
            if others:
                others.pop()()
            return rows

        monkeypatch.setattr(dynamo, "get_many", read_and_be_overtaken)

    return enter


def test_ten_senders_that_overtake_each_other_share_fifty_places(
    table: Quota, race: Callable[[list[Race]], None]
) -> None:
    granted: list[int] = []

    def reserve(block: int) -> None:
        granted.append(table.reserve(IP, key(block), 7))

    senders: list[Race] = [partial(reserve, i) for i in range(10)]
    race(senders[1:])
    senders[0]()
    assert len(granted) == 10
    assert sum(granted) == 50
    assert table.day(IP, DAY) == Day(50, 50)


def test_a_limit_that_is_lowered_after_it_was_read_holds(
    table: Quota, race: Callable[[list[Race]], None]
) -> None:
    race([lambda: set_limit(table, 3)])
    assert table.reserve(IP, key(), 50) == 3


def test_a_stop_that_comes_after_the_day_was_read_holds(
    table: Quota, race: Callable[[list[Race]], None]
) -> None:
    race([lambda: set_stopped(table, True)])
    assert table.reserve(IP, key(), 50) == 0


def test_a_reservation_whose_reply_was_lost_is_found_again(
    table: Quota, race: Callable[[list[Race]], None]
) -> None:
    race([lambda: table.reserve(IP, key(), 30)])
    assert table.reserve(IP, key(), 30) == 30
    assert table.day(IP, DAY).reserved == 30


def test_two_holders_of_one_block_reserve_its_places_once(
    table: Quota, race: Callable[[list[Race]], None]
) -> None:
    race([lambda: table.reserve(IP, key(), 20)])
    assert table.reserve(IP, key(), 20) == 20
    assert table.day(IP, DAY).reserved == 20
    race([lambda: table.reserve(IP, key(), 30)])
    assert table.reserve(IP, key(), 40) == 40
    assert table.day(IP, DAY).reserved == 40


def test_a_key_whose_places_are_returned_while_it_asks_for_more_takes_none(
    table: Quota, race: Callable[[list[Race]], None]
) -> None:
    table.reserve(IP, key(), 20)
    race([lambda: table.give_back(key(), 0)])
    assert table.reserve(IP, key(), 40) == 20
    assert table.day(IP, DAY).reserved == 20


def test_a_reservation_expires_after_its_day(table: Quota) -> None:
    table.reserve(IP, key(), 1)
    row = dynamo.get(WarmupRow, f"ip1#{DAY}", "reservation#c#0#00000#0")
    assert row is not None
    assert row.expires_at == datetime(2026, 11, 24, tzinfo=UTC) + KEPT


@pytest.fixture(params=["memory", "table"])
def ips(request: pytest.FixtureRequest) -> Iterator[tuple[Any, Callable[[SendingIp], None]]]:
    if request.param == "memory":
        store = MemorySendingIps()
        yield store, store.put
        return
    with moto_tables(SendingIpRow):
        yield SendingIps(), put_ip


def put_ip(ip: SendingIp) -> None:
    SendingIps().create(ip, datetime(2026, 11, 24, tzinfo=UTC))


def test_the_active_ips_of_a_stream_come_by_id(
    ips: tuple[Any, Callable[[SendingIp], None]],
) -> None:
    store, put = ips
    second = replace(IP, ip_id="ip2", daily_limit=None)
    for ip in (second, IP):
        put(ip)
    put(replace(IP, ip_id="ip3", active=False))
    put(replace(IP, ip_id="ip4", stream=Stream.TRANSACTIONAL))
    put(replace(IP, org_id="other"))
    assert list(store.active("acme", Stream.MARKETING)) == [IP, second]
