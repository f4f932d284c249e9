"""Pause, resume and cancel in the middle, with deaths and zombies around them."""

from collections import Counter
from dataclasses import replace

import pytest

from local.world.case import CAMPAIGN, ORG, Case
from local.world.faults import Fault
from local.world.judge import judge
from local.world.large import case
from local.world.relay import Mood
from local.world.world import World
from mailtide.domain.batch import Phase
from mailtide.domain.campaign import Move, State
from mailtide.domain.message import DOUBT, SENT, SentState


def test_a_campaign_that_is_paused_and_resumed_again_and_again_reaches_everybody_once() -> None:
    world = World(case(2000, moves=True, cancel=False)).run()
    judge(world)
    told = Counter(row.data["state"] for row in world.table.all() if row.event_key == SENT)
    doubts = sum(row.event_key == DOUBT for row in world.table.all())
    assert told.keys() <= {SentState.SENT, SentState.FAILED}
    assert told.total() == 2000
    assert len(world.relay.ledger) >= 2000 - doubts


def test_a_campaign_that_is_cancelled_stops_and_its_figures_are_those_of_the_ledger() -> None:
    world = World(case(2000, moves=True, cancel=True)).run()
    judge(world)
    assert world.campaigns.rows[ORG, CAMPAIGN].state is State.CANCELLED
    assert 0 < len(world.relay.ledger) < 2000
    waiting = [b for b, _ in world.batches.rows.values() if b.phase is not Phase.DONE]
    assert waiting
    assert {batch.due_at for batch in waiting} == {None}


def test_a_pause_ends_every_run_after_its_block_and_a_resume_goes_on_behind_it() -> None:
    calm = Case(contacts=12, shards="0", batch_size=12, block_size=3)
    trace = World(calm).run().scheduler.trace
    second = [i for i, step in enumerate(trace) if step.endswith("relay.deliver")][4]
    world = World(replace(calm, moves={second: Move.PAUSE})).run()
    judge(world)
    assert len(world.relay.ledger) == 12
    runs = {step.split(":")[0] for step in world.scheduler.trace if step.endswith("relay.deliver")}
    assert len(runs) == 2  # the first ended with its second block
    assert [batch.count for batch, _ in world.batches.rows.values()] == [12]


@pytest.mark.thorough
@pytest.mark.parametrize("move", [Move.PAUSE, Move.CANCEL])
@pytest.mark.parametrize("fault", [Fault.DIES_AFTER, Fault.FREEZES, Fault.REPLY_LOST])
def test_no_move_at_any_step_beside_a_fault_breaks_an_invariant(move: Move, fault: Fault) -> None:
    base = Case(seed=5, contacts=4, shards="0", batch_size=2, block_size=2, mood=Mood(later=0.2))
    for step in range(0, World(base).run().scheduler.steps, 3):
        judge(World(replace(base, moves={step: move}, faults={step + 1: fault})).run())
