"""Random campaigns with faults, silent relays, tight limits, duplicates and people who come and go.

A failing case ends with the command that plays it again, step by step.
"""

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from local.world.case import Case
from local.world.faults import Fault
from local.world.judge import judge
from local.world.relay import Mood
from local.world.world import World
from mailtide.domain.campaign import Move

share = st.sampled_from([0.0, 0.0, 0.1, 0.3])
cases = st.builds(
    Case,
    seed=st.integers(0, 10**6),
    contacts=st.integers(0, 12),
    shards=st.sampled_from(["0", "05", "3bf"]),
    limits=st.lists(st.sampled_from([None, 0, 1, 3, 6]), min_size=1, max_size=3)
    .filter(lambda limits: any(limit != 0 for limit in limits))
    .map(tuple),
    ses_rate=st.sampled_from([0.0, 0.0, 1.0, 14.0]),
    senders=st.integers(1, 10),
    batch_size=st.integers(1, 6),
    block_size=st.integers(1, 4),
    mood=st.builds(Mood, share, share, share, share),
    duplicates=st.sampled_from([0.0, 0.3]),
    broad=st.booleans(),
    scheduled=st.booleans(),
    churn=st.sampled_from([0, 12]),
    minutes_to_midnight=st.sampled_from([0, 1, 3, 600]),
    hasty=st.booleans(),
    moves=st.dictionaries(
        st.integers(0, 400), st.sampled_from([Move.PAUSE, Move.RESUME, Move.CANCEL]), max_size=4
    ),
    retries=st.booleans(),
    readers=st.sampled_from([1.0, 1.0, 0.5, 0.0]),
    patient=st.booleans(),
    faults=st.dictionaries(st.integers(0, 500), st.sampled_from(list(Fault)), max_size=6),
)


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(case=cases)
def test_invariants_hold_in_random_lives(case: Case) -> None:
    judge(World(case).run())


def test_the_same_case_plays_the_same_way() -> None:
    case = Case(seed=11, churn=9, duplicates=0.3, faults={40: Fault.DIES_AFTER})
    first, second = (World(Case.read(case.written())).run() for _ in range(2))
    assert first.scheduler.trace == second.scheduler.trace
    assert first.relay.ledger == second.relay.ledger
