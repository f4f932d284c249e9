"""Campaigns that retry doubts: once each, when no relay tries any more, against no evidence."""

from collections import Counter
from dataclasses import replace
from datetime import timedelta

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from local.world.case import CAMPAIGN, ORG, Case
from local.world.faults import Fault
from local.world.judge import judge
from local.world.relay import Mood
from local.world.world import World
from mailtide.domain.campaign import DOUBT_EXPIRES_HOURS, Move
from mailtide.domain.message import DOUBT

CALM = Case(contacts=6, shards="0", batch_size=6, block_size=3, retries=True)
FIRST = next(
    i for i, step in enumerate(World(CALM).run().scheduler.trace) if step.endswith("relay.deliver")
)


def played(fault: Fault, **changes: object) -> World:
    """Play a life in which a fault strikes the first hand-over."""
    world = World(replace(CALM, faults={FIRST: fault}, **changes)).run()  # type: ignore[arg-type]
    judge(world)
    return world


def times(world: World) -> list[int]:
    """Return how often each message left."""
    return sorted(Counter(one.message_id for one in world.relay.ledger).values())


def open_doubts(world: World) -> int:
    rows = world.table.all()
    return sum(row.event_key == DOUBT and not row.data["settled"] for row in rows)


def test_a_block_that_a_death_left_in_doubt_is_mailed_when_no_relay_tries_any_more() -> None:
    world = played(Fault.DIES_BEFORE)
    assert times(world) == [1] * 6
    assert open_doubts(world) == 0
    first, *_, last = sorted(one.at for one in world.relay.ledger)
    assert last - first > timedelta(hours=DOUBT_EXPIRES_HOURS)
    ended = world.campaigns.rows[ORG, CAMPAIGN].finished_at
    assert ended is not None
    assert ended > last


def test_a_block_in_doubt_stays_so_where_doubts_are_reported() -> None:
    world = played(Fault.DIES_BEFORE, retries=False)
    assert times(world) == [1] * 3
    assert open_doubts(world) == 3


def test_whose_delivery_was_heard_of_is_not_mailed_again() -> None:
    world = played(Fault.REPLY_LOST)
    assert times(world) == [1] * 6
    assert open_doubts(world) == 0


def test_only_who_took_the_mail_without_any_word_gets_it_twice() -> None:
    world = played(Fault.REPLY_LOST, readers=0.0)
    assert times(world) == [1] * 5 + [2]
    assert open_doubts(world) == 0


def test_a_retry_that_is_in_doubt_itself_is_not_retried() -> None:
    world = World(replace(CALM, mood=Mood(silent_lost=1))).run()
    judge(world)
    assert times(world) == []
    assert open_doubts(world) == 6
    assert world.relay.silences == 12


share = st.sampled_from([0.0, 0.1, 0.3])
lives = st.builds(
    Case,
    seed=st.integers(0, 10**6),
    contacts=st.integers(1, 9),
    shards=st.sampled_from(["0", "05"]),
    limits=st.lists(st.sampled_from([None, 2, 5]), min_size=1, max_size=2).map(tuple),
    batch_size=st.integers(1, 6),
    block_size=st.integers(1, 4),
    mood=st.builds(Mood, share, share, share, share),
    duplicates=st.sampled_from([0.0, 0.3]),
    churn=st.sampled_from([0, 6]),
    retries=st.just(True),
    readers=st.sampled_from([1.0, 0.5, 0.0]),
    moves=st.dictionaries(
        st.integers(0, 600), st.sampled_from([Move.PAUSE, Move.RESUME, Move.CANCEL]), max_size=3
    ),
    faults=st.dictionaries(st.integers(0, 600), st.sampled_from(list(Fault)), max_size=8),
)


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(case=lives)
def test_invariants_hold_where_doubts_are_retried(case: Case) -> None:
    judge(World(case).run())
