"""Erasure: one call, which may die anywhere and be made again."""

from datetime import UTC, datetime
from typing import Any

import pytest

from local.memory.contacts import Contacts, Lists, Suppressions
from local.memory.imports import Files
from mailtide.domain.contact import Contact
from mailtide.domain.contact_list import ContactList
from mailtide.domain.suppression import Evidence, Reason, Suppression
from mailtide.errors import NotFoundError
from mailtide.flows.erasure import Erasure

NOW = datetime(2026, 11, 24, 10, tzinfo=UTC)
KEPT = ["exports/other/j1/contacts.csv", "imports/acme/i2/source.csv", "manifests/acme/x.json"]
GONE = ["exports/acme/j1/contacts.csv", "imports/acme/i1/refused.csv"]


class DeathError(Exception):
    """The process ends here."""


class World:
    """Two people of one organisation on one list, one of them suppressed by hand."""

    def __init__(self) -> None:
        self.contacts = Contacts()
        self.lists = Lists()
        self.suppressions = Suppressions()
        self.files = Files()
        self.lists.create(ContactList("acme", "list1", "News", NOW))
        for name in ("ann", "bob"):
            self.contacts.put(Contact("acme", name, f"{name}@example.com", "other", NOW))
        self.lists.add_members("list1", ["ann", "bob"], NOW)
        reasons = {Reason.MANUAL: Evidence(NOW, "asked by phone")}
        self.suppressions.add(Suppression("acme", "ann", reasons, "ann@example.com"))
        for key in (*KEPT, *GONE):
            self.files.put(key, b"ann@example.com")
        self.calls = 0

    def erasure(self, dies_at: int | None = None) -> Erasure:
        parts: list[Any] = [
            _Mortal(one, self, dies_at)
            for one in (self.contacts, self.lists, self.suppressions, self.files)
        ]
        return Erasure(*parts)

    def outcome(self) -> tuple[object, ...]:
        return (
            dict(self.contacts.rows),
            set(self.lists.rows["list1"]),
            dict(self.suppressions.rows),
            sorted(self.files.objects),
        )


class _Mortal:
    """A collaborator whose process dies before a call of that number."""

    def __init__(self, target: Any, world: World, dies_at: int | None) -> None:
        self._target = target
        self._world = world
        self._dies_at = dies_at

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._target, name)

        def call(*args: Any) -> Any:
            self._world.calls += 1
            if self._world.calls == self._dies_at:
                raise DeathError
            return method(*args)

        return call


def test_a_person_is_forgotten_and_stays_suppressed_and_nobody_else_is() -> None:
    world = World()
    world.erasure().run("acme", "ann")
    assert [one.email for one in world.contacts.rows.values()] == ["bob@example.com"]
    assert world.lists.rows["list1"] == {"bob"}
    kept = world.suppressions.rows["acme", "ann"]
    assert (kept.email, set(kept.reasons)) == (None, {Reason.MANUAL})
    assert sorted(world.files.objects) == sorted(KEPT)


@pytest.mark.parametrize("org_id", ["acme", "other"])
def test_who_is_no_contact_of_the_organisation_is_not_found(org_id: str) -> None:
    world = World()
    before = world.outcome()
    with pytest.raises(NotFoundError):
        world.erasure().run(org_id, "ann" if org_id == "other" else "cid")
    assert world.outcome() == before


def test_a_second_erasure_finds_nobody() -> None:
    world = World()
    world.erasure().run("acme", "ann")
    with pytest.raises(NotFoundError):
        world.erasure().run("acme", "ann")


def test_a_death_anywhere_is_made_good_by_the_same_call() -> None:
    whole = World()
    whole.erasure().run("acme", "ann")
    for dies_at in range(1, whole.calls + 1):
        world = World()
        with pytest.raises(DeathError):
            world.erasure(dies_at).run("acme", "ann")
        world.erasure().run("acme", "ann")
        assert world.outcome() == whole.outcome()
