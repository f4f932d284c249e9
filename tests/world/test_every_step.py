"""A fault at every single step of a small campaign: before the call, reply lost, death, freeze.

The campaign has two batches, one of them over two sending IPs, so the steps include every one
between two lines of the send protocol (docs/domain/sending.md).
"""

from dataclasses import replace

import pytest

from local.world.case import Case
from local.world.faults import Fault
from local.world.judge import judge
from local.world.world import World

pytestmark = pytest.mark.thorough

BASE = Case(seed=3, contacts=3, shards="0", limits=(None, 3), batch_size=2)
LIVES = [
    *((fault, False) for fault in Fault),
    (Fault.FREEZES, True),  # a late holder whose hand-overs nothing stops
]


@pytest.mark.parametrize("fault", Fault)
def test_no_single_fault_breaks_a_start_by_schedule_or_a_broad_launch(fault: Fault) -> None:
    base = replace(BASE, contacts=5, broad=True, scheduled=True)
    whole = World(base).run()
    judge(whole)
    first = whole.scheduler.trace.index(next(s for s in whole.scheduler.trace if "sender" in s))
    for step in range(first):
        judge(World(replace(base, faults={step: fault})).run())


@pytest.mark.parametrize(("fault", "patient"), LIVES)
def test_no_single_fault_breaks_an_invariant(fault: Fault, patient: bool) -> None:
    base = replace(BASE, patient=patient)
    whole = World(base).run()
    judge(whole)
    for step in range(whole.scheduler.steps):
        judge(World(replace(base, faults={step: fault})).run())
