"""Message rows as the sender writes them: table and twin keep one contract."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from local.memory.messages import Messages as MemoryMessages
from mailtide.domain.event import EventType
from mailtide.domain.message import DOUBT, SENT, Dimensions, EventRow, SentState, settled
from mailtide.store.messages import Messages
from mailtide.store.tables import DeliveryEventRow
from tests.tables import moto_tables

NOW = datetime(2026, 11, 24, 10, tzinfo=UTC)
OF = Dimensions("acme", "c000000000", "p1", "l1", "a", "i1", "ip1", "gmail")
FIRST = EventRow(
    "c000000000aaaaaaaaaaaaaaa1", SENT, EventType.SENT, OF, NOW, data={"state": SentState.SENT}
)
MARK = replace(FIRST, event_key=DOUBT, event_type=EventType.DOUBTED, data={"settled": False})

Store = Messages | MemoryMessages


@pytest.fixture(params=["memory", "table"])
def messages(request: pytest.FixtureRequest) -> Iterator[Store]:
    if request.param == "memory":
        yield MemoryMessages()
        return
    with moto_tables(DeliveryEventRow):
        yield Messages()


def rows_of(messages: Store, message_id: str = FIRST.message_id) -> Sequence[EventRow]:
    return messages.of_messages([message_id])[message_id]


def refused(row: EventRow) -> EventRow:
    data = {"state": SentState.REFUSED}
    return replace(row, smtp_code=451, smtp_response="4.7.0 later", data=data)


def test_rows_written_ahead_are_all_there(messages: Store) -> None:
    rows = [replace(FIRST, message_id=f"c000000000aaaaaaaaaaaaa{i:03}") for i in range(60)]
    messages.write_ahead(rows)
    found = messages.of_messages([row.message_id for row in rows])
    assert [list(found[row.message_id]) for row in rows] == [[row] for row in rows]


def test_writing_nothing_ahead_is_allowed(messages: Store) -> None:
    messages.write_ahead([])


def test_of_two_rows_of_one_key_the_last_is_written(messages: Store) -> None:
    messages.write_ahead([FIRST, refused(FIRST)])
    assert list(rows_of(messages)) == [refused(FIRST)]


def test_a_later_attempt_is_written_over_a_refused_one(messages: Store) -> None:
    messages.write_ahead([refused(FIRST)])
    again = replace(FIRST, attempt=2, ts=NOW + timedelta(minutes=5))
    messages.write_ahead([again])
    assert list(rows_of(messages)) == [again]


def test_rows_of_a_message_come_by_key_and_of_an_unknown_one_there_are_none(
    messages: Store,
) -> None:
    messages.write_ahead([FIRST, MARK])
    assert [row.event_key for row in rows_of(messages)] == [DOUBT, SENT]
    assert messages.of_messages(["c000000000zzzzzzzzzzzzzzzz"]) == {
        "c000000000zzzzzzzzzzzzzzzz": []
    }


def test_a_row_is_written_where_there_is_none_or_an_earlier_attempt(messages: Store) -> None:
    assert messages.put_newer(FIRST)
    second = replace(FIRST, attempt=2)
    assert messages.put_newer(second)
    assert list(rows_of(messages)) == [second]


@pytest.mark.parametrize("attempt", [1, 2])
def test_a_row_of_the_same_or_a_later_attempt_stays(messages: Store, attempt: int) -> None:
    there = refused(replace(FIRST, attempt=2))
    messages.write_ahead([there])
    assert not messages.put_newer(replace(FIRST, attempt=attempt))
    assert list(rows_of(messages)) == [there]


def test_the_same_row_again_is_success(messages: Store) -> None:
    assert messages.put_newer(FIRST)
    assert messages.put_newer(FIRST)


def test_a_correction_replaces_the_row_of_its_own_attempt(messages: Store) -> None:
    messages.write_ahead([FIRST])
    assert messages.correct(refused(FIRST))
    assert messages.correct(refused(FIRST))
    assert list(rows_of(messages)) == [refused(FIRST)]


def test_a_correction_of_another_attempt_or_of_nothing_is_refused(messages: Store) -> None:
    assert not messages.correct(refused(FIRST))
    later = replace(FIRST, attempt=2)
    messages.write_ahead([later])
    assert not messages.correct(refused(FIRST))
    assert not messages.correct(refused(replace(FIRST, attempt=3)))
    assert list(rows_of(messages)) == [later]


def test_a_row_is_replaced_while_it_reads_as_it_was_read(messages: Store) -> None:
    messages.write_ahead([MARK])
    assert messages.replace(MARK, settled(MARK))
    assert messages.replace(MARK, settled(MARK))
    assert list(rows_of(messages)) == [settled(MARK)]


@pytest.mark.parametrize(
    "changed",
    [
        replace(MARK, attempt=2),
        replace(MARK, ts=NOW + timedelta(milliseconds=1)),
        replace(MARK, data={"settled": False, "why": "x"}),
        replace(MARK, smtp_response="x"),
    ],
)
def test_a_row_that_changed_since_it_was_read_is_not_replaced(
    messages: Store, changed: EventRow
) -> None:
    messages.write_ahead([changed])
    assert not messages.replace(MARK, settled(MARK))
    assert list(rows_of(messages)) == [changed]


def test_a_row_that_is_gone_is_not_replaced(messages: Store) -> None:
    assert not messages.replace(MARK, settled(MARK))
    assert list(rows_of(messages)) == []
