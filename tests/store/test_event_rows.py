"""Event rows as items: nothing is lost on the way, and the indexes follow from the row."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailtide.domain.event import EventType
from mailtide.domain.message import DOUBT, SENT, Dimensions, EventRow, SentState, instant, settled
from mailtide.store.event_rows import from_item, to_item

NOW = datetime(2026, 11, 24, 10, tzinfo=UTC)
OF = Dimensions("acme", "c000000000", "p1", "l1", "a", "i1", "ip1", "gmail")
ID = "c000000000aaaaaaaaaaaaaaa1"
ROW = EventRow(ID, SENT, EventType.SENT, OF, NOW, data={"state": SentState.SENT})
BOUNCE = replace(ROW, event_key="bounced", event_type=EventType.BOUNCED, data={"kind": "hard"})
MARK = replace(ROW, event_key=DOUBT, event_type=EventType.DOUBTED, data={"settled": False})

TEXTS = st.text(max_size=8)
JSON: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=5,
)
ROWS = st.builds(
    EventRow,
    message_id=st.just(ID),
    event_key=st.sampled_from([SENT, DOUBT, "bounced", "opened#1#x", "_engagement"]),
    event_type=st.sampled_from(list(EventType)),
    of=st.builds(Dimensions, TEXTS, TEXTS, st.just("p1"), TEXTS, TEXTS, TEXTS, st.just(""), TEXTS),
    ts=st.integers(0, 2**42).map(instant),
    attempt=st.integers(1, 99),
    smtp_code=st.none() | st.integers(200, 599),
    smtp_response=st.none() | TEXTS,
    data=st.dictionaries(TEXTS, JSON, max_size=3)
    | st.fixed_dictionaries({"order": st.just("01#0#x"), "kind": TEXTS}),
)


@given(row=ROWS)
def test_a_row_comes_back_as_it_was_written(row: EventRow) -> None:
    assert from_item(to_item(row)) == row


def test_a_row_of_the_usual_size_stays_under_a_kilobyte() -> None:
    response = "550 5.1.1 <someone@example.test>: recipient address rejected: user unknown" * 3
    item = to_item(replace(BOUNCE, smtp_code=550, smtp_response=response))
    size = sum(len(name) + len(str(next(iter(v.values())))) for name, v in item.items())
    assert size < 1024


def test_what_conditions_look_at_stands_in_attributes_of_its_own() -> None:
    item = to_item(replace(BOUNCE, data={"order": "01#2#x", "kind": "hard"}))
    assert item["merge_order"] == {"S": "01#2#x"}
    assert item["data"] == {"S": '{"kind":"hard"}'}


def test_the_recipient_finds_a_message_by_its_first_row_only() -> None:
    assert to_item(ROW)["by_recipient"] == {"S": "p1"}
    assert "by_recipient" not in to_item(BOUNCE)


@pytest.mark.parametrize(
    ("row", "problem"),
    [
        (ROW, False),
        (replace(ROW, data={"state": SentState.REFUSED}), False),  # a later batch goes on
        (replace(ROW, data={"state": SentState.FAILED}), True),
        (BOUNCE, True),
        (MARK, True),
        (settled(MARK), False),
    ],
)
def test_problems_are_indexed_by_campaign(row: EventRow, problem: bool) -> None:
    item = to_item(row)
    assert ("problem_of" in item) is problem
    if problem:
        campaign, _, shard = item["problem_of"]["S"].partition("#")
        assert campaign == "c000000000"
        assert shard in "01234567"


@pytest.mark.parametrize(
    "item",
    [
        {},
        {"message_id": {"S": ID}},
        {name: v for name, v in to_item(ROW).items() if name != "ts"},
        {**to_item(ROW), "ts": {"S": "yesterday"}},
        {**to_item(ROW), "event_type": {"S": "teleported"}},
        {**to_item(ROW), "data": {"S": "{"}},
        {**to_item(ROW), "data": {"S": "[1]"}, "merge_order": {"S": "01#0#x"}},
    ],
)
def test_what_is_not_an_event_row_is_refused(item: dict[str, dict[str, Any]]) -> None:
    with pytest.raises(ValueError, match="not an event row"):
        from_item(item)
