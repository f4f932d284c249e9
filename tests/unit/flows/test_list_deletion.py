"""A deleted list: its members go, others' stay, whatever is killed or repeated on the way."""

from collections.abc import Callable
from dataclasses import dataclass, field

import pytest

from local.memory.contacts import Lists
from local.world.faults import Fault
from mailtide.domain.contact_list import ContactList
from mailtide.domain.job import JobKind, JobState
from mailtide.flows.list_deletion import ListDeletion, task_of
from tests.jobs import JobWorld, Wrap

IDS = [f"{number:032x}" for number in range(7)]


@dataclass
class World(JobWorld):
    """A list with members, and others that stay."""

    make: Callable[[Wrap], ListDeletion] = field(init=False)
    lists: Lists = field(default_factory=Lists)

    def __post_init__(self) -> None:
        self.make = lambda wrap: ListDeletion(wrap(self.lists, "lists"), at_once=2)
        for org_id, list_id in (("acme", "gone"), ("acme", "stays"), ("other", "theirs")):
            self.lists.create(ContactList(org_id, list_id, "News", self.clock()))
            self.lists.add_members(list_id, IDS, self.clock())


def test_the_list_goes_with_its_members_and_others_stay() -> None:
    world = World()
    pointer = world.start(JobKind.LIST_DELETION, task_of("gone"))
    world.run(pointer)
    job = world.job(pointer)
    assert (job.state, job.result) == (JobState.DONE, {"members": 7})
    assert sorted(world.lists.lists) == [("acme", "stays"), ("other", "theirs")]
    assert {name for name, members in world.lists.rows.items() if members} == {"stays", "theirs"}


@pytest.mark.parametrize("fault", Fault)
def test_a_fault_at_any_step_leaves_no_member(fault: Fault) -> None:
    whole = World()
    whole.start(JobKind.LIST_DELETION, task_of("gone"))
    for step in range(1, whole.live({}) + 1):
        world = World()
        pointer = world.start(JobKind.LIST_DELETION, task_of("gone"))
        world.live({step: fault})
        assert world.job(pointer).state is JobState.DONE
        assert not world.lists.rows["gone"]
        assert not world.lists.exists("acme", "gone")
        assert world.lists.rows["stays"] == set(IDS)
