"""Churn: what people do to lists and themselves while a campaign is launched and sent."""

import random
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from local.world.case import CAMPAIGN, ORG
from local.world.plan import EXCLUDED_LIST, NOBODY, SEGMENTS
from mailtide.domain.campaign import State

if TYPE_CHECKING:
    from local.world.world import World

LAST_STEP = 200  # by then a small campaign is mostly sent


@dataclass(slots=True)
class Churn:
    """So many acts, each at a step of its own."""

    world: "World"
    chance: random.Random
    acts: int
    at: list[int] = field(init=False)
    left: set[str] = field(default_factory=set)  # who came or went: nothing is promised them

    def __post_init__(self) -> None:
        self.at = sorted(self.chance.randint(0, LAST_STEP) for _ in range(self.acts))

    def act(self, step: int) -> None:
        """Do what is due by a step."""
        while self.at and self.at[0] <= step:
            number = 1000 + len(self.at)
            self.at.pop(0)
            acts = [self._join, self._leave, self._open, self._unsubscribe]
            if self.world.case.broad:
                acts += [self._turn, self._exclude, self._edit]
            act = self.chance.choice(acts) if self.world.contacts.rows else self._join
            act(number)

    def _join(self, number: int) -> None:
        contact_id = self.world.add_contact(number)
        self.left.add(contact_id)
        self._some_list().add(contact_id)

    def _leave(self, _number: int) -> None:
        members = self._some_list()
        if members:
            contact_id = self.chance.choice(sorted(members))
            members.remove(contact_id)
            self.left.add(contact_id)

    def _open(self, _number: int) -> None:
        """Move a contact to the front of the line."""
        contact = self.world.contacts.rows[self._somebody()]
        self.world.contacts.put(replace(contact, last_open_at=self.world.clock.now))

    def _unsubscribe(self, _number: int) -> None:
        _, contact_id = self._somebody()
        self.world.suppress(contact_id)

    def _turn(self, _number: int) -> None:
        """Let a contact fit a segment that it did not fit, or the other way round."""
        contact = self.world.contacts.rows[self._somebody()]
        name = self.chance.choice(sorted(SEGMENTS))
        attributes = {**contact.attributes, name: not contact.attributes.get(name, False)}
        self.world.contacts.put(replace(contact, attributes=attributes))
        self.left.add(contact.contact_id)

    def _exclude(self, _number: int) -> None:
        _, contact_id = self._somebody()
        self.world.lists.rows[EXCLUDED_LIST].add(contact_id)
        self.left.add(contact_id)

    def _edit(self, _number: int) -> None:
        """Edit a segment; the campaign that was started has a copy of its own."""
        if self.world.campaigns.rows[ORG, CAMPAIGN].state is State.SCHEDULED:
            return
        segments = self.world.campaigns.segments
        segment = segments.rows[ORG, self.chance.choice(sorted(SEGMENTS))]
        segments.swap(segment, replace(segment, filter=NOBODY), self.world.clock.now)

    def _somebody(self) -> tuple[str, str]:
        return self.chance.choice(sorted(self.world.contacts.rows))

    def _some_list(self) -> set[str]:
        lists = self.world.lists.rows
        return lists[self.chance.choice(sorted(lists) or ["list000000000000"])]
