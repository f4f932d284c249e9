"""The suppression desk: by hand, by address, and back, however late the events come."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from local.memory.contacts import Contacts, Suppressions
from local.world.clock import Clock
from mailtide.domain import identifiers
from mailtide.domain.contact import Contact
from mailtide.domain.message import millis
from mailtide.domain.redaction import Redactor
from mailtide.domain.suppression import Evidence, Extent, Reason, Stream, Suppression, stops
from mailtide.domain.suppression_audit import AuditEntry
from mailtide.errors import InvalidInputError, NotFoundError
from mailtide.flows.addresses import Addresses
from mailtide.flows.suppression_desk import Grounds, SuppressionDesk


def _entry(world: "World") -> AuditEntry:
    return AuditEntry("acme", "e1", world.clock(), "key1", ANN, {}, "")


BY_HAND = Grounds(Reason.MANUAL, None, "")


def contact_id(org_id: str, address: str) -> str:
    return identifiers.contact_id(b"k" * 16, org_id, address)


def dated_id(at: datetime) -> str:
    return identifiers.recent_first(millis(at), b"0000")


ANN = contact_id("acme", "ann@example.com")


@dataclass
class World:
    """A desk and what it keeps."""

    clock: Clock = field(default_factory=Clock)
    suppressions: Suppressions = field(default_factory=Suppressions)
    contacts: Contacts = field(default_factory=Contacts)

    @property
    def desk(self) -> SuppressionDesk:
        return SuppressionDesk(
            self.suppressions,
            Addresses(self.contacts),
            Redactor(contact_id),
            contact_id,
            dated_id,
            self.clock,
        )

    def event(self, reason: Reason, minutes: int, text: str = "message m1") -> None:
        """Let an event of some minutes ago come in."""
        evidence = Evidence(self.clock() - timedelta(minutes=minutes), text)
        self.suppressions.add(Suppression("acme", ANN, {reason: evidence}))

    def lift(self, note: str = "") -> None:
        self.desk.lift("acme", ANN, "key1", note)

    @property
    def standing(self) -> set[Reason]:
        found = self.suppressions.get("acme", ANN)
        return set(found.reasons) if found else set()


def test_an_address_is_suppressed_by_hand_with_who_and_why() -> None:
    world = World()
    one = world.desk.add("acme", "Ann@Example.com", Grounds(Reason.MANUAL, None, "asked"), "key1")
    assert (one.contact_id, one.email) == (ANN, "ann@example.com")
    assert one.reasons == {Reason.MANUAL: Evidence(world.clock(), "API key key1: asked")}
    assert world.desk.get("acme", ANN) == one
    with pytest.raises(NotFoundError):
        world.desk.get("other", ANN)


@pytest.mark.parametrize(
    ("extent", "transactional"),
    [(None, False), (Extent.MARKETING, False), (Extent.ALL, True)],
)
def test_by_hand_the_extent_can_be_chosen(extent: Extent | None, transactional: bool) -> None:
    one = World().desk.add("acme", "ann@example.com", Grounds(Reason.MANUAL, extent, ""), "key1")
    assert stops(one, Stream.MARKETING)
    assert bool(stops(one, Stream.TRANSACTIONAL)) is transactional


def test_a_wider_suppression_by_hand_is_not_lost_behind_a_narrower_one() -> None:
    world = World()
    world.desk.add("acme", "ann@example.com", BY_HAND, "key1")
    world.clock.advance(timedelta(days=1))
    one = world.desk.add("acme", "ann@example.com", Grounds(Reason.MANUAL, Extent.ALL, ""), "key1")
    assert set(one.reasons) == {Reason.MANUAL, Reason.MANUAL_ALL}
    assert stops(one, Stream.TRANSACTIONAL) is Reason.MANUAL_ALL


@pytest.mark.parametrize(
    ("email", "grounds", "code"),
    [
        ("nobody", BY_HAND, "invalid_address"),
        ("a@b.com", Grounds(Reason.COMPLAINT, Extent.MARKETING, ""), "suppression_scope"),
    ],
)
def test_what_cannot_be_is_refused_and_nothing_is_written(
    email: str, grounds: Grounds, code: str
) -> None:
    world = World()
    with pytest.raises(InvalidInputError) as error:
        world.desk.add("acme", email, grounds, "key1")
    assert error.value.code == code
    assert world.suppressions.rows == {}


def test_an_address_is_looked_up() -> None:
    world = World()
    one = world.desk.add("acme", "ann@example.com", BY_HAND, "key1")
    assert world.desk.find("acme", "ANN@example.com").items == [one]
    assert world.desk.find("acme", "bob@example.com").items == []
    assert world.desk.find("other", "ann@example.com").items == []
    with pytest.raises(InvalidInputError):
        world.desk.find("acme", "nobody")


def test_those_of_one_reason_are_listed_as_the_api_names_it() -> None:
    world = World()
    for address, extent in (("ann@example.com", None), ("bob@example.com", Extent.ALL)):
        world.desk.add("acme", address, Grounds(Reason.MANUAL, extent, ""), "key1")
    world.event(Reason.COMPLAINT, 0)
    assert len(world.desk.page("acme", 10, None, Reason.MANUAL).items) == 2
    (complained,) = world.desk.page("acme", 10, None, Reason.COMPLAINT).items
    assert complained.contact_id == ANN
    assert world.desk.page("acme", 10, None, Reason.HARD_BOUNCE).items == []
    assert len(world.desk.page("acme", 10, None, None).items) == 2


def test_a_lifting_says_who_when_why_and_what_but_names_no_address() -> None:
    world = World()
    world.event(Reason.HARD_BOUNCE, 5, "550 ann@example.com unknown")
    world.lift("the mailbox is back")
    (entry,) = world.desk.audit("acme", 10, None).items
    assert (entry.at, entry.key_id, entry.contact_id) == (world.clock(), "key1", ANN)
    assert entry.reasons == {Reason.HARD_BOUNCE: world.clock() - timedelta(minutes=5)}
    assert entry.note == "the mailbox is back"
    assert "example.com" not in repr(entry)
    with pytest.raises(NotFoundError):
        world.lift()
    assert len(world.desk.audit("acme", 10, None).items) == 1


def test_an_older_event_that_comes_late_or_again_does_not_suppress_anew() -> None:
    world = World()
    world.event(Reason.HARD_BOUNCE, 10)
    world.lift()
    world.event(Reason.HARD_BOUNCE, 10)
    world.event(Reason.COMPLAINT, 1, "message m2")
    assert world.standing == set()
    world.clock.advance(timedelta(minutes=5))
    world.event(Reason.COMPLAINT, 1, "message m3")
    assert world.standing == {Reason.COMPLAINT}


@pytest.mark.parametrize("minutes_ahead", [0, 3])
def test_a_source_whose_clock_is_ahead_cannot_keep_a_suppression(minutes_ahead: int) -> None:
    world = World()
    world.event(Reason.HARD_BOUNCE, -minutes_ahead)
    world.lift()
    assert world.standing == set()
    one = world.desk.add("acme", "ann@example.com", BY_HAND, "key1")
    assert set(one.reasons) == {Reason.MANUAL}


def test_the_newest_lifting_comes_first() -> None:
    world = World()
    for note in ("first", "second"):
        world.clock.advance(timedelta(minutes=1))
        world.event(Reason.COMPLAINT, 0)
        world.lift(note)
    assert [one.note for one in world.desk.audit("acme", 10, None).items] == ["second", "first"]


@given(
    events=st.lists(st.tuples(st.sampled_from(Reason), st.integers(-5, 5)), min_size=1, max_size=5),
    data=st.data(),
)
def test_what_stands_after_a_lifting_does_not_depend_on_when_events_come_in(
    events: list[tuple[Reason, int]], data: st.DataObject
) -> None:
    """Negative minutes are events after the lifting."""
    ends = []
    for _ in range(2):
        order: list[tuple[Reason, int] | None] = data.draw(st.permutations([*events, None]))
        ends.append(_lived(order))
    assert ends[0].suppressions.rows == ends[1].suppressions.rows
    assert {reason for reason, minutes in events if minutes < 0} == ends[0].standing


def _lived(order: Sequence[tuple[Reason, int] | None]) -> World:
    world = World()
    world.event(Reason.MANUAL, 9)
    for event in order:
        if event is None:
            world.suppressions.lift(_entry(world))
        else:
            world.event(*event)
    return world


def test_notes_keep_no_address_but_show_that_of_a_contact_who_is_there() -> None:
    world = World()
    grounds = Grounds(Reason.MANUAL, None, "ann@example.com wrote to us")
    world.desk.add("acme", "bob@example.com", grounds, "key1")
    bob = contact_id("acme", "bob@example.com")
    world.contacts.put(Contact("acme", ANN, "ann@example.com", "other", world.clock()))
    shown = world.desk.get("acme", bob).reasons[Reason.MANUAL].text
    assert shown == "API key key1: ann@example.com wrote to us"
    world.contacts.delete("acme", ANN)
    assert "ann@" not in world.desk.get("acme", bob).reasons[Reason.MANUAL].text
    world.desk.lift("acme", bob, "key1", "ann@example.com was mistaken")
    (entry,) = world.desk.audit("acme", 10, None).items
    assert entry.note == f"{{contact:{ANN}}} was mistaken"
