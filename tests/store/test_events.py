"""Event rows of what comes back: the table and its stand-in keep the same contract."""

from collections.abc import Iterator
from datetime import timedelta
from itertools import permutations

import pytest

from local.memory.events import Events as MemoryEvents
from mailtide.domain.event import EventType
from mailtide.domain.message import EventRow, settled
from mailtide.store.events import Events
from mailtide.store.tables import DeliveryEventRow
from tests.rows import START, contact, doubt, engagement, happening, message, sent, state
from tests.tables import moto_tables

Store = Events | MemoryEvents


@pytest.fixture(params=["memory", "table"])
def store(request: pytest.FixtureRequest) -> Iterator[Store]:
    if request.param == "memory":
        yield MemoryEvents()
        return
    with moto_tables(DeliveryEventRow):
        yield Events()


def rows_of(store: Store, number: int = 1) -> list[EventRow]:
    return list(store.of_messages([message(number)])[message(number)])


def test_sent_rows_come_back_by_message_and_the_missing_are_missing(store: Store) -> None:
    store.put_all([sent(n) for n in range(1, 121)])  # more than one call reads
    found = store.sent([message(n) for n in range(1, 131)])
    assert found == {message(n): sent(n) for n in range(1, 121)}


def test_reading_nothing_is_no_call(store: Store) -> None:
    assert store.sent([]) == {}
    assert store.marks([]) == []


def test_marks_are_the_doubt_and_the_engagement(store: Store) -> None:
    store.put_all([sent(), doubt(), engagement(), happening(EventType.OPENED), sent(2)])
    marks = store.marks([message(1), message(2)])
    assert {row.event_key for row in marks} == {"doubt", "_engagement"}


def test_rows_of_a_message_begin_with_the_engagement(store: Store) -> None:
    store.put_all([happening(EventType.OPENED), sent(), engagement()])
    assert [row.event_type for row in rows_of(store)] == [
        EventType.ENGAGEMENT,
        EventType.OPENED,
        EventType.SENT,
    ]


def test_of_all_reports_of_a_state_the_least_is_kept_in_any_order(store: Store) -> None:
    reports = [
        state(EventType.DELIVERED, minutes=1, rank=1),
        state(EventType.DELIVERED, minutes=5, rank=0),
        state(EventType.DELIVERED, minutes=9, rank=0),
    ]
    for number, order in enumerate(permutations(reports), start=1):
        store.put_least([_of(row, number) for row in order])
        assert rows_of(store, number) == [_of(reports[1], number)]


def _of(row: EventRow, number: int) -> EventRow:
    other = state(EventType.DELIVERED, number)
    return EventRow(
        other.message_id, row.event_key, row.event_type, other.of, row.ts, data=row.data
    )


def test_the_same_report_again_changes_nothing(store: Store) -> None:
    row = state(EventType.BOUNCED, kind="hard")
    store.put_least([row])
    store.put_least([row])
    assert rows_of(store) == [row]


def test_a_doubt_is_settled_only_as_it_was_read(store: Store) -> None:
    store.put_all([doubt()])
    assert store.replace(doubt(), settled(doubt()))
    assert store.replace(doubt(), settled(doubt()))  # by now it is ours
    assert rows_of(store) == [settled(doubt())]


def test_an_engagement_row_is_replaced_only_while_it_reads_as_it_was_read(store: Store) -> None:
    first, second = engagement(), engagement(last_human_open_at=2)
    assert store.put_if_absent(first)
    assert store.replace(first, second)
    other = engagement(last_human_open_at=1)
    assert not store.replace(first, other)
    assert not store.put_if_absent(other)
    assert rows_of(store) == [second]


def test_removed_rows_are_gone_and_removing_again_is_no_error(store: Store) -> None:
    opened = happening(EventType.OPENED)
    store.put_all([sent(), opened])
    store.remove(message(), [opened.event_key])
    store.remove(message(), [opened.event_key])
    assert rows_of(store) == [sent()]


def test_messages_to_a_contact_come_newest_first_in_pages(store: Store) -> None:
    rows = [sent(n, at=START + timedelta(minutes=n), recipient_id=contact(7)) for n in range(1, 4)]
    store.put_all([*rows, sent(9)])
    first = store.to_contact(contact(7), 2, None)
    assert first.items == [rows[2], rows[1]]
    second = store.to_contact(contact(7), 2, first.after)
    assert second.items == [rows[0]]
    assert second.after is None
