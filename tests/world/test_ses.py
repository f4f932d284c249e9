"""One campaign over SES and SMTP at once: throttling loses nobody, nobody is mailed twice."""

import pytest

from local.world.case import Case
from local.world.faults import Fault
from local.world.judge import judge
from local.world.relay import Mood
from local.world.world import World
from mailtide.domain.message import DOUBT, SentState

pytestmark = pytest.mark.thorough

EVERYWHERE = "0123456789abcdef"


def case(seed: int, **changes: object) -> Case:
    return Case(seed, 60, EVERYWHERE, batch_size=20, block_size=10, **changes)  # type: ignore[arg-type]


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("rate", [1.0, 14.0])
def test_throttling_slows_and_loses_nobody(seed: int, rate: float) -> None:
    world = World(case(seed, ses_rate=rate, mood=Mood(later=0.4))).run()
    judge(world)
    assert {taken.ip_id for taken in world.relay.ledger} == {"ip0", "ip1"}
    assert len(world.relay.ledger) == 60
    sends = sum(step.endswith("ses.send") for step in world.scheduler.trace)
    over_ses = sum(taken.ip_id == "ip0" for taken in world.relay.ledger)
    assert sends > over_ses  # some were throttled, and came again
    failed = [row for row in world.table.all() if row.data.get("state") == SentState.FAILED]
    assert failed == []


@pytest.mark.parametrize("seed", range(3))
def test_lost_replies_are_doubts_and_never_second_mails(seed: int) -> None:
    mood = Mood(later=0.1, silent_taken=0.2, silent_lost=0.1)
    world = World(case(seed, ses_rate=14.0, mood=mood, duplicates=0.3)).run()
    judge(world)
    doubts = [row for row in world.table.all() if row.event_key == DOUBT]
    assert {row.of.ip_id for row in doubts} == {"ip0", "ip1"}
    assert len(doubts) == world.relay.silences


@pytest.mark.parametrize("fault", [f for f in Fault if f is not Fault.FREEZES])
def test_any_fault_at_a_request_to_ses_keeps_the_books(fault: Fault) -> None:
    calm = case(7, ses_rate=14.0)
    trace = World(calm).run().scheduler.trace
    struck = [i for i, step in enumerate(trace) if step.endswith("ses.send")][4]
    world = World(case(7, ses_rate=14.0, faults={struck: fault})).run()
    judge(world)
    assert len(world.relay.ledger) >= 60 - 10  # at most a block is in doubt
