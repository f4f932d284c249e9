"""React: a contact's last human open and click, whatever order the stream brings them in."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from random import Random

from hypothesis import given
from hypothesis import strategies as st

from local.memory.contacts import Contacts
from local.memory.engagement import Engagement, Seen
from mailtide.domain.contact import Contact
from mailtide.domain.event import EventType
from mailtide.domain.message import instant
from mailtide.flows.firing import Happening
from mailtide.flows.react import React
from mailtide.flows.rollup import Change, Unreadable
from tests.rows import ORG, START, contact, engagement, happening, sent


@dataclass
class Firing:
    """Keeps what is told; each makes one trigger fire."""

    told: list[Happening] = field(default_factory=list)

    def run(self, org_id: str, happenings: Sequence[Happening]) -> list[str]:
        self.told += happenings
        return [one.name for one in happenings]


def react(engagement: Engagement, firing: Firing | None = None) -> React:
    """Return the flow; without `firing` no contact is known, so nothing fires."""
    known = Contacts()
    for org_id, contact_id in engagement.contacts if firing else ():
        known.put(Contact(org_id, contact_id, "ann@example.com", "other", START))
    return React(engagement, known, firing or Firing())


def record(
    number: int, opened: int | None, clicked: int | None, replied: int | None = None
) -> Change:
    row = engagement(
        number,
        last_human_open_at=opened,
        last_human_click_at=clicked,
        last_reply_at=replied,
    )
    return Change(f"{number:040d}", None, row)


def seen(*batches: list[Change | Unreadable]) -> dict[tuple[str, str], Seen]:
    contacts = Engagement({(ORG, contact(n)) for n in range(1, 4)})
    for batch in batches:
        react(contacts).run(batch)
    return contacts.seen


def test_the_latest_human_open_and_click_are_kept() -> None:
    assert seen([record(1, 1000, None)], [record(1, 500, 3000)]) == {
        (ORG, contact(1)): (instant(1000), instant(3000), None)
    }


def test_a_reply_engages_as_well() -> None:
    assert seen([record(1, None, None, 2000)], [record(1, None, None, 700)]) == {
        (ORG, contact(1)): (None, None, instant(2000))
    }


def test_a_row_of_before_there_were_replies_tells_of_hits() -> None:
    old = record(1, 1000, None)
    assert old.new is not None
    data = {name: value for name, value in old.new.data.items() if name != "last_reply_at"}
    change = Change(old.sequence, None, replace(old.new, data=data))
    assert seen([change]) == {(ORG, contact(1)): (instant(1000), None, None)}


def test_machines_and_other_rows_change_nothing() -> None:
    others = [sent(), happening(EventType.OPENED)]
    changes = [Change("01", None, row) for row in others]
    assert seen([record(1, None, None), *changes, Change("05", sent(), None)]) == {}


def test_a_contact_that_is_gone_stays_gone() -> None:
    assert seen([record(9, 1000, None)]) == {}


def test_a_record_that_cannot_be_read_is_not_ours_to_judge() -> None:
    assert seen([Unreadable("01", None, "no", {}), record(1, 1000, None)]) == {
        (ORG, contact(1)): (instant(1000), None, None)
    }


def test_it_says_how_many_changed() -> None:
    contacts = Engagement({(ORG, contact(1))})
    batch = [record(1, 1000, None), record(1, 2000, None)]
    assert react(contacts).run(batch) == {"engaged": 1, "fired": 0}
    assert react(contacts).run(batch) == {"engaged": 0, "fired": 0}


def test_triggers_hear_of_what_a_person_did_to_a_message_for_the_first_time() -> None:
    firing, contacts = Firing(), Engagement({(ORG, contact(1))})
    opened, clicked = record(1, 1000, None), record(1, 2000, 3000)
    left = happening(EventType.UNSUBSCRIBED)
    batch: list[Change | Unreadable] = [
        opened,
        replace(clicked, old=opened.new),
        replace(record(1, 5000, 3000), old=clicked.new),
        record(9, 1000, None),  # a contact that is gone
        Change("07", None, left),
        Change("08", left, left),
        Unreadable("09", None, "no", {}),
    ]
    assert react(contacts, firing).run(batch)["fired"] == 3
    events = [one.event for one in firing.told]
    assert events == ["contact.opened", "contact.clicked", "contact.unsubscribed"]
    # Each at its own time, whenever else something happened to the message: delays count from it.
    assert [one.at for one in firing.told] == [instant(1000), instant(3000), left.ts]
    assert {(one.name, one.group) for one in firing.told} == {
        (left.message_id, left.of.campaign_id)
    }


MS = st.none() | st.integers(1, 10**6)
HITS = st.tuples(st.integers(1, 3), MS, MS, MS)


@given(st.lists(HITS, max_size=12), st.randoms(use_true_random=True), st.integers(1, 5))
def test_order_repeats_and_cuts_do_not_matter(
    hits: list[tuple[int, int | None, int | None, int | None]], chance: Random, size: int
) -> None:
    records = [record(*hit) for hit in hits]
    shuffled: list[Change | Unreadable] = [*records, *records]
    chance.shuffle(shuffled)
    cut = [list(shuffled[at : at + size]) for at in range(0, len(shuffled), size)]
    assert seen(*cut) == seen(list(records))
