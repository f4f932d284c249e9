"""Rate limits in whole lives: nobody lost, nobody twice, and no window passed, by the ledger."""

from collections import Counter
from dataclasses import replace

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from local.world.case import Case
from local.world.faults import Fault
from local.world.judge import judge
from local.world.relay import Mood
from local.world.world import World
from mailtide.domain.campaign import Move
from mailtide.domain.message import SentState
from mailtide.domain.sending_rate import Per, RateLimit

share = st.sampled_from([0.0, 0.0, 0.2])
limits = st.lists(
    st.builds(
        RateLimit,
        st.integers(1, 4),
        st.sampled_from(list(Per)),
        st.sampled_from([None, "gmail", "yahoo"]),
    ),
    max_size=2,
    unique_by=lambda limit: (limit.provider, limit.per),
).map(tuple)
cases = st.builds(
    Case,
    seed=st.integers(0, 10**6),
    contacts=st.integers(1, 12),
    limits=st.sampled_from([(None,), (None, None), (3, None), (2, 2)]),
    rates=st.fixed_dictionaries({"identity": limits, "ip0": limits, "ip1": limits}),
    ses_rate=st.sampled_from([0.0, 0.0, 14.0]),
    senders=st.integers(1, 6),
    batch_size=st.integers(1, 6),
    block_size=st.integers(1, 4),
    mood=st.builds(Mood, share, share, share, share),
    duplicates=st.sampled_from([0.0, 0.3]),
    minutes_to_midnight=st.sampled_from([1, 3, 600]),
    moves=st.dictionaries(
        st.integers(0, 400), st.sampled_from([Move.PAUSE, Move.RESUME, Move.CANCEL]), max_size=3
    ),
    patient=st.booleans(),
    faults=st.dictionaries(st.integers(0, 500), st.sampled_from(list(Fault)), max_size=5),
)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(case=cases)
def test_rate_limits_hold_in_random_lives(case: Case) -> None:
    judge(World(case).run())


def test_a_case_with_rate_limits_can_be_played_again() -> None:
    case = Case(rates={"identity": (RateLimit(2, Per.HOUR, "gmail"),)})
    assert Case.read(case.written()) == case


def test_a_place_of_a_minute_is_not_used_in_a_later_one() -> None:
    rates = {"ip0": (RateLimit(3, Per.MINUTE),)}
    case = Case(
        contacts=9,
        shards="0",
        limits=(None,),
        rates=rates,
        batch_size=9,
        block_size=3,
        patient=True,
    )
    trace = World(case).run().scheduler.trace
    first = next(i for i, step in enumerate(trace) if step.endswith("relay.deliver"))
    world = World(replace(case, faults={first: Fault.FREEZES})).run()
    judge(world)
    failed = [row for row in world.table.all() if row.data.get("state") == SentState.FAILED]
    assert {row.smtp_response for row in failed} == {"the day is over"}  # the holder woke too late


def test_each_window_takes_what_it_may_and_only_those_wait_whom_the_limit_is_about() -> None:
    rates = {"identity": (RateLimit(5, Per.MINUTE, "gmail"),)}
    world = World(Case(contacts=80, rates=rates, batch_size=20, block_size=10)).run()
    judge(world)
    minutes: dict[str, Counter[str]] = {"gmail": Counter(), "yahoo": Counter(), "other": Counter()}
    for taken in world.relay.ledger:
        row = world.table.get(taken.message_id, "sent")
        assert row is not None
        minutes[row.of.provider][f"{taken.at:%H:%M}"] += 1
    assert sum(minutes["gmail"].values()) == 40
    assert len(minutes["gmail"]) <= 12  # 8 would be the least
    assert len(minutes["yahoo"] | minutes["other"]) <= 3
    tried = sum(batch.attempt > 1 for batch, _ in world.batches.rows.values())
    assert tried <= 16  # who waits is looked at in their turn, not in every window
