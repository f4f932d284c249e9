"""Message rows: instants, keys and the order in which reports of one thing are kept."""

from datetime import UTC, datetime, timedelta, timezone
from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailtide.domain.event import EventType
from mailtide.domain.message import (
    DOUBT,
    Dimensions,
    EventRow,
    fingerprint,
    happening_key,
    instant,
    merge_order,
    millis,
    order_of,
    settled,
)

AT = datetime(2026, 11, 24, 10, 15, tzinfo=UTC)
OF = Dimensions("org", "camp", "contact", "list", "a", "identity", "ip", "gmail")
instants = st.integers(0, 10**13 - 1).map(instant)  # to the year 2286, as 13 digits allow
contents = st.dictionaries(st.text(max_size=5), st.integers() | st.text(max_size=5), max_size=3)


@pytest.mark.parametrize(
    ("at", "ms"),
    [
        (datetime(1970, 1, 1, tzinfo=UTC), 0),
        (datetime(2026, 11, 24, tzinfo=UTC), 1795478400000),
        (datetime(1970, 1, 1, 0, 0, 0, 1999, tzinfo=UTC), 1),  # rounded down
        (datetime(1969, 12, 31, 23, 59, 59, 999500, tzinfo=UTC), -1),  # down, not towards zero
        (datetime(1970, 1, 1, 2, tzinfo=timezone(timedelta(hours=2))), 0),
    ],
)
def test_millis(at: datetime, ms: int) -> None:
    assert millis(at) == ms


@given(st.integers(-(10**13), 10**13))
def test_an_instant_and_its_milliseconds_stand_for_each_other(ms: int) -> None:
    assert millis(instant(ms)) == ms
    assert instant(ms).tzinfo is UTC


@given(contents)
def test_a_fingerprint_does_not_depend_on_the_order_of_keys(content: dict[str, object]) -> None:
    assert fingerprint(content) == fingerprint(dict(reversed(content.items())))
    assert len(fingerprint(content)) == 8


def test_another_content_has_another_fingerprint() -> None:
    assert fingerprint({"code": 421}) != fingerprint({"code": 450})


def test_a_fingerprint_takes_what_json_does_not_know() -> None:
    assert fingerprint({"at": AT}) == fingerprint({"at": str(AT)})


def test_the_same_happening_has_the_same_key() -> None:
    key = happening_key(EventType.OPENED, AT, {"agent": "x"})
    assert key == happening_key(EventType.OPENED, AT, {"agent": "x"})
    assert key.startswith("opened#1795515300000#")
    assert key != happening_key(EventType.OPENED, AT, {"agent": "y"})


@given(instants, instants, contents)
def test_happenings_sort_by_time(one: datetime, other: datetime, content: object) -> None:
    keys = [happening_key(EventType.CLICKED, at, content) for at in (one, other)]
    assert (keys[0] < keys[1]) == (one < other)


@given(st.integers(0, 99), st.integers(0, 99), instants, instants, contents, contents)
def test_the_better_source_wins_whatever_the_time(
    rank: int, other: int, at: datetime, later: datetime, content: object, more: object
) -> None:
    orders = merge_order(rank, at, content), merge_order(other, later, more)
    if (rank, at) != (other, later):
        assert (orders[0] < orders[1]) == ((rank, at) < (other, later))


def test_of_two_reports_that_differ_in_content_alone_the_same_one_always_wins() -> None:
    reports = [merge_order(0, AT, {"code": n}) for n in range(4)]
    assert len(set(reports)) == 4
    assert {min(order) for order in permutations(reports)} == {min(reports)}


def test_the_order_of_a_state_row_is_read_back() -> None:
    row = EventRow("m", "delivered", EventType.DELIVERED, OF, AT, data={"order": "00#1#ab"})
    assert order_of(row) == "00#1#ab"


def test_a_settled_doubt_keeps_all_else() -> None:
    row = EventRow("m", DOUBT, EventType.DOUBTED, OF, AT, 3, data={"settled": False, "why": "x"})
    after = settled(row)
    assert after.data == {"settled": True, "why": "x"}
    assert (after.event_key, after.attempt, after.ts, after.of) == (DOUBT, 3, AT, OF)
    assert row.data["settled"] is False
