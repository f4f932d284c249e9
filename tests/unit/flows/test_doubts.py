"""Doubts: a mark and its evidence find each other in whatever order they are written."""

from dataclasses import replace
from typing import Any

import pytest

from mailtide.domain.event import EventType
from mailtide.domain.message import EventRow
from mailtide.flows.doubts import Doubts, evident
from tests import rows
from tests.sending import Stage


@pytest.fixture
def stage() -> Stage:
    return Stage()


def marked(stage: Stage, number: int = 1) -> dict[str, Any]:
    """Return what the mark of a message says."""
    row = stage.messages.table.get(rows.message(number), "doubt")
    assert row is not None
    return dict(row.data)


def said(**data: Any) -> EventRow:
    """Return a `sent` row with more said in it."""
    row = rows.sent()
    return replace(row, data={**row.data, **data})


EVIDENCE = [
    rows.state(EventType.DELIVERED),
    rows.state(EventType.BOUNCED, kind="soft"),
    rows.state(EventType.COMPLAINED),
    rows.state(EventType.UNSUBSCRIBED),
    rows.happening(EventType.ATTEMPT_FAILED),
    rows.happening(EventType.DEFERRED),
    rows.happening(EventType.OPENED),
    rows.happening(EventType.CLICKED),
    said(answered=True),  # the holder heard the relay and came back late
    said(state="refused"),
    said(state="failed"),
]


@pytest.mark.parametrize("evidence", EVIDENCE, ids=lambda row: f"{row.event_key[:9]}{row.data}")
def test_evidence_that_was_there_before_the_mark_settles_it(
    stage: Stage, evidence: EventRow
) -> None:
    stage.messages.table.put(evidence)
    assert Doubts(stage.messages).mark([rows.doubt()]) == 0
    assert marked(stage) == {"settled": True}


@pytest.mark.parametrize("evidence", EVIDENCE, ids=lambda row: f"{row.event_key[:9]}{row.data}")
def test_evidence_that_comes_after_the_mark_settles_it(stage: Stage, evidence: EventRow) -> None:
    doubts = Doubts(stage.messages)
    assert doubts.mark([rows.doubt()]) == 1
    stage.messages.table.put(evidence)
    assert doubts.settle_with_evidence([rows.message()]) == 1
    assert marked(stage) == {"settled": True}


def test_a_row_that_was_only_written_ahead_is_no_evidence(stage: Stage) -> None:
    stage.messages.table.put(rows.sent())
    assert Doubts(stage.messages).mark([rows.doubt()]) == 1
    assert marked(stage) == {"settled": False}


def test_a_message_without_evidence_stays_in_doubt(stage: Stage) -> None:
    doubts = Doubts(stage.messages)
    stage.messages.table.put(rows.state(EventType.DELIVERED, number=2))
    assert doubts.mark([rows.doubt(1), rows.doubt(2), rows.doubt(3)]) == 2
    assert [marked(stage, n)["settled"] for n in (1, 2, 3)] == [False, True, False]


def test_marking_again_changes_nothing(stage: Stage) -> None:
    doubts = Doubts(stage.messages)
    stage.messages.table.put(rows.state(EventType.DELIVERED))
    doubts.mark([rows.doubt()])
    before = len(stage.messages.table.stream)
    assert doubts.mark([rows.doubt()]) == 0
    assert len(stage.messages.table.stream) == before


def test_evidence_without_a_mark_writes_nothing(stage: Stage) -> None:
    stage.messages.table.put(rows.state(EventType.DELIVERED))
    before = len(stage.messages.table.stream)
    assert Doubts(stage.messages).settle_with_evidence([rows.message()]) == 1
    assert len(stage.messages.table.stream) == before


def test_a_suppressed_row_is_no_evidence_of_a_hand_over() -> None:
    row = replace(rows.sent(), event_key="suppressed", event_type=EventType.SUPPRESSED, data={})
    assert not evident([row])
