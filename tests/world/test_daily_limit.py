"""The daily limit of a sending IP: with many senders at once, and over midnight."""

from collections import Counter
from dataclasses import replace

import pytest

from local.world.case import Case
from local.world.faults import Fault
from local.world.judge import judge
from local.world.world import World
from mailtide.domain.message import SentState


@pytest.mark.parametrize("seed", range(3))
def test_ten_senders_at_once_use_the_days_places_and_no_more(seed: int) -> None:
    case = Case(
        seed=seed, contacts=120, shards="0123456789abcdef", limits=(50,), senders=10, batch_size=20
    )
    world = World(case).run()
    judge(world)
    by_day = Counter(taken.at.date() for taken in world.relay.ledger)
    assert [count for _, count in sorted(by_day.items())] == [50, 50, 20]


def test_a_place_reserved_before_midnight_is_not_used_after_it() -> None:
    case = Case(contacts=9, shards="0", limits=(3,), batch_size=9, block_size=3, patient=True)
    case = replace(case, minutes_to_midnight=1)
    trace = World(case).run().scheduler.trace
    first = next(i for i, step in enumerate(trace) if step.endswith("relay.deliver"))
    world = World(replace(case, faults={first: Fault.FREEZES})).run()
    judge(world)
    assert {taken.at.day for taken in world.relay.ledger} == {3, 4}  # the holder woke on the 3rd
    failed = [row for row in world.table.all() if row.data.get("state") == SentState.FAILED]
    assert len(world.relay.ledger) + len(failed) == case.contacts
    assert {row.smtp_response for row in failed} == {"the day is over"}
