"""Launch: manifests without rows, lists that change, ranks that move."""

from dataclasses import replace

import pytest

from local.world.case import CAMPAIGN, ORG, Case
from local.world.faults import Fault
from local.world.judge import judge
from local.world.world import World
from mailtide.domain.batch import Batch, BatchRef, Planned


@pytest.mark.parametrize("seed", range(8))
def test_a_manifest_whose_writer_died_before_its_row_is_found_while_the_list_changes(
    seed: int,
) -> None:
    world = World(Case(seed=seed, contacts=12, shards="0", batch_size=4, churn=12))
    members = sorted(set().union(*world.lists.rows.values()))[:3]
    ref = BatchRef(ORG, CAMPAIGN, "0", "00000")
    draft = Batch(ref, count=3, rank=0, due_at=world.clock.now)
    world.batches.put_manifest(draft, [Planned(one, "list000000000000") for one in members])
    judge(world.run())
    found = world.batches.recipients(world.batches.rows[ref][0])
    assert [one.contact_id for one in found] == members


@pytest.mark.parametrize("seed", range(8))
def test_contacts_who_open_during_the_launch_are_neither_lost_nor_doubled(seed: int) -> None:
    case = Case(seed=seed, contacts=12, shards="0", batch_size=2, churn=12)
    steps = World(case).run().scheduler.trace
    creates = [i for i, step in enumerate(steps) if step.endswith("batches.create")]
    for step in creates[:6]:
        judge(World(replace(case, faults={step: Fault.DIES_AFTER})).run())
