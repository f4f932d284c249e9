"""Rate limits' windows: however senders interleave no window is passed; table and twin agree."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from itertools import count
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from local.memory.sending_rates import SendingRates as MemorySendingRates
from mailtide.domain import sending_rate
from mailtide.domain.sending_rate import Gate, Holder, Owner, Per, RateLimit
from mailtide.store import dynamo
from mailtide.store.places import QUOTA
from mailtide.store.row import Row
from mailtide.store.sending_rates import KEPT, SendingRates
from mailtide.store.tables import WarmupRow
from tests.tables import moto_tables

NOW = datetime(2026, 11, 24, 10, 17, 42, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
numbers = count()
Store = SendingRates | MemorySendingRates


@pytest.fixture(params=["memory", "table"])
def rates(request: pytest.FixtureRequest) -> Iterator[Store]:
    if request.param == "memory":
        yield MemorySendingRates()
        return
    with moto_tables(WarmupRow):
        yield SendingRates()


@pytest.fixture
def table() -> Iterator[SendingRates]:
    with moto_tables(WarmupRow):
        yield SendingRates()


def gate(
    messages: int = 50,
    provider: str | None = "gmail",
    at: datetime = NOW,
    owner_id: str = "ip1",
    org_id: str = "acme",
) -> Gate:
    limit = RateLimit(messages, Per.MINUTE, provider)
    (found,) = sending_rate.gates(org_id, Owner.IP, owner_id, [limit], at)
    return found


def holder(block: int = 0) -> Holder:
    return Holder("c#0#00000", block)


def left(rates: Store, one: Gate, block: int = 99) -> int:
    return rates.left([one], holder(block))[one]


def test_places_are_granted_as_far_as_the_window_goes(rates: Store) -> None:
    assert left(rates, gate()) == 50
    assert rates.reserve(gate(), holder(0), 40) == 40
    assert rates.reserve(gate(), holder(1), 40) == 10
    assert rates.reserve(gate(), holder(2), 40) == 0
    assert left(rates, gate()) == 0


def test_a_holder_meets_its_own_places_and_takes_only_what_it_lacks(rates: Store) -> None:
    assert rates.reserve(gate(), holder(), 30) == 30
    assert rates.reserve(gate(), holder(), 10) == 30
    assert left(rates, gate(), 0) == 50
    assert left(rates, gate(), 1) == 20
    assert rates.reserve(gate(), holder(), 40) == 40
    assert left(rates, gate()) == 10
    assert rates.reserve(gate(), holder(), 90) == left(rates, gate(), 0) == 50
    rates.give_back(gate(), holder(), 45)
    assert left(rates, gate()) == 45
    assert rates.reserve(gate(), holder(), 90) == 5


@pytest.mark.parametrize(
    "other",
    [
        gate(at=NOW + MINUTE),
        gate(provider="yahoo"),
        gate(provider=None),
        gate(owner_id="ip2"),
        gate(org_id="other"),
        replace(gate(), meter=replace(gate().meter, owner=Owner.IDENTITY)),
    ],
)
def test_every_limit_and_window_of_every_organisation_has_places_of_its_own(
    rates: Store, other: Gate
) -> None:
    assert rates.reserve(gate(), holder(), 50) == 50
    assert rates.left([gate(), other], holder(1)) == {gate(): 0, other: 50}
    assert rates.reserve(other, holder(), 50) == 50


def test_unused_places_are_returned_once(rates: Store) -> None:
    rates.reserve(gate(), holder(), 30)
    rates.give_back(gate(), holder(), 31)
    rates.give_back(gate(), holder(), 10)
    rates.give_back(gate(), holder(), 10)
    assert left(rates, gate()) == 30
    rates.give_back(gate(), holder(1), 5)
    assert left(rates, gate()) == 30


def test_a_lowered_limit_holds_at_once_for_who_reads_it_and_for_who_has_not(rates: Store) -> None:
    rates.reserve(gate(), holder(0), 20)
    assert rates.reserve(gate(25), holder(1), 20) == 5
    rates.set_limit(gate(27))
    assert left(rates, gate()) == 2
    assert rates.reserve(gate(), holder(2), 20) == 2
    rates.set_limit(gate(10))
    assert left(rates, gate()) == 0
    assert rates.reserve(gate(), holder(3), 20) == 0


def test_a_raised_limit_holds_at_once(rates: Store) -> None:
    rates.reserve(gate(), holder(0), 50)
    rates.set_limit(gate(60))
    assert rates.reserve(gate(), holder(1), 20) == 10


def test_who_waits_for_a_limit_stands_behind_the_others(rates: Store) -> None:
    begins = NOW.replace(second=0) + MINUTE
    assert rates.join(gate(60), 15) == begins
    assert rates.join(gate(60), 30) == begins + timedelta(seconds=15)
    assert rates.join(gate(60), 1) == begins + timedelta(seconds=45)
    assert rates.join(gate(60, "yahoo"), 1) == begins
    assert rates.join(gate(60, org_id="other"), 1) == begins
    later = gate(60, at=NOW + timedelta(hours=1))
    assert rates.join(later, 1) == later.ends


def test_a_line_that_is_cleared_begins_anew_and_no_other_does(rates: Store) -> None:
    for provider in ("gmail", "yahoo"):
        rates.join(gate(60, provider), 15)
    rates.clear_line(gate().meter)
    assert rates.join(gate(60), 1) == gate().ends
    assert rates.join(gate(60, "yahoo"), 1) == gate().ends + timedelta(seconds=15)
    rates.clear_line(gate(provider=None).meter)  # nobody waits for it


STEPS = st.lists(
    st.tuples(
        st.sampled_from(["reserve", "give back", "limit", "read"]),
        st.integers(0, 3),
        st.integers(0, 30),
    ),
    max_size=12,
)


@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=STEPS)
def test_no_grant_passes_what_the_limit_is_then(
    rates: Store, steps: list[tuple[str, int, int]]
) -> None:
    """Over any blocks, repeats, returns and changes; holders may have read another limit."""
    one = gate(20, owner_id=f"ip{next(numbers)}")
    held, returned, limit = dict.fromkeys(range(4), 0), set[int](), 20
    for action, which, amount in steps:
        if action == "reserve":
            before = sum(held.values())
            granted = rates.reserve(one, holder(which), amount)
            more = 0 if which in returned else min(amount - held[which], limit - before)
            held[which] += max(0, more)
            assert granted == held[which]
        elif action == "give back" and which not in returned and 0 < amount <= held[which]:
            rates.give_back(one, holder(which), amount)
            held[which] -= amount
            returned.add(which)
        elif action == "limit":
            limit = amount + 1
            rates.set_limit(replace(one, limit=replace(one.limit, messages=limit)))
        assert left(rates, one) == max(0, limit - sum(held.values()))


Race = Callable[[], Any]


@pytest.fixture
def race(table: SendingRates, monkeypatch: pytest.MonkeyPatch) -> Callable[[list[Race]], None]:
    """Let others act between a reading and its writing, one per reading."""

    def enter(others: list[Race]) -> None:
        read, read_one = dynamo.get_many, dynamo.get

        def overtaken(model: type[Row], keys: dynamo.Keys) -> list[Row]:
            rows = read(model, keys)
            if others:
                others.pop()()
            return rows

        def overtaken_one(model: type[Row], hash_key: str, range_key: str) -> Row | None:
            row = read_one(model, hash_key, range_key)
            if others:
                others.pop()()
            return row

        monkeypatch.setattr(dynamo, "get_many", overtaken)
        monkeypatch.setattr(dynamo, "get", overtaken_one)

    return enter


def test_ten_senders_that_overtake_each_other_share_fifty_places(
    table: SendingRates, race: Callable[[list[Race]], None]
) -> None:
    granted: list[int] = []

    def reserve(block: int) -> None:
        granted.append(table.reserve(gate(), holder(block), 7))

    senders: list[Race] = [partial(reserve, i) for i in range(10)]
    race(senders[1:])
    senders[0]()
    assert len(granted) == 10
    assert sum(granted) == 50


def test_a_limit_that_is_lowered_after_it_was_read_holds(
    table: SendingRates, race: Callable[[list[Race]], None]
) -> None:
    race([lambda: table.set_limit(gate(3))])
    assert table.reserve(gate(), holder(), 50) == 3


def test_two_who_join_a_line_at_once_have_different_turns(
    table: SendingRates, race: Callable[[list[Race]], None]
) -> None:
    turns: list[datetime] = []
    race([lambda: turns.append(table.join(gate(60), 10))])
    turns.append(table.join(gate(60), 10))
    assert turns[1] - turns[0] == timedelta(seconds=10)


def test_a_crowd_that_overtakes_every_try_keeps_nobody_from_a_turn(
    table: SendingRates, race: Callable[[list[Race]], None]
) -> None:
    table.join(gate(60), 1)
    (line,) = WarmupRow.scan()
    free_at = count(int(line.free_at or 0) + 1)
    overtake = partial(_set_line, line, free_at)
    race([overtake] * 20)
    assert table.join(gate(60), 1) >= gate(60).ends


def _set_line(line: WarmupRow, free_at: Iterator[int]) -> None:
    row = WarmupRow(line.ip_day, line.item)
    dynamo.update(row, [WarmupRow.free_at.set(next(free_at))])


def test_windows_reservations_and_lines_expire(table: SendingRates) -> None:
    table.set_limit(gate(9))
    table.reserve(gate(), holder(), 1)
    table.join(gate(60), 60)
    rows = {row.item: row.expires_at for row in WarmupRow.scan()}
    assert rows == {
        QUOTA: gate().ends + KEPT,
        "reservation#c#0#00000#0": gate().ends + KEPT,
        "line": gate().ends + MINUTE + KEPT,
    }
