"""Verdicts: the engagement row fits all other rows, whoever else writes at the same time."""

from collections.abc import Sequence
from typing import Any

import pytest

from local.memory.events import Events
from local.memory.rows import EventTable
from mailtide.domain import engagement
from mailtide.domain.event import EventType
from mailtide.domain.message import EventRow, millis
from mailtide.errors import RetryableError
from tests.ingesting import World, delivered, hit
from tests.rows import engagement as engagement_row
from tests.rows import happening, message


@pytest.fixture
def world() -> World:
    return World()


def engagement_of(world: World, number: int = 1) -> dict[str, Any]:
    row = world.row("_engagement", number)
    assert row is not None
    return dict(row.data)


def test_an_open_by_a_person_is_judged(world: World) -> None:
    assert world.hit(hit()) == {"opened": 1}
    data = engagement_of(world)
    assert data["opens"] == {"2026-11-24T10:00": [1, 0, 0]}
    assert data["last_human_open_at"] == millis(hit().at)


def test_a_later_open_by_a_person_is_the_last(world: World) -> None:
    world.hit(hit(seconds=600))
    world.hit(hit(seconds=5000, request_id="2"))
    world.hit(hit(seconds=900, request_id="3"))
    assert engagement_of(world)["last_human_open_at"] == millis(hit(seconds=5000).at)


def test_a_delivery_that_is_reported_later_changes_the_verdict(world: World) -> None:
    world.hit(hit(seconds=61))
    before = engagement_of(world)["opens"]
    world.ingest(delivered(seconds=60))
    after = engagement_of(world)["opens"]
    assert before == {"2026-11-24T10:00": [1, 0, 0]}
    assert after == {"2026-11-24T10:00": [0, 1, 0]}  # a second after delivery


def test_the_verdict_is_renewed_also_when_the_hit_was_there(world: World) -> None:
    """A run that died between the hit and the verdict is completed by its repeat."""
    world.hit(hit())
    wanted = world.row("_engagement")
    world.table.delete(message(), "_engagement")
    world.hit(hit())
    assert world.row("_engagement") == wanted


@pytest.mark.parametrize(
    ("type_", "kind", "limit"),
    [
        (EventType.OPENED, "opens", engagement.MAX_OPENS),
        (EventType.CLICKED, "clicks", engagement.MAX_CLICKS),
    ],
)
def test_only_the_earliest_hits_are_kept_in_any_order(
    world: World, type_: EventType, kind: str, limit: int
) -> None:
    hits = [hit(type_, seconds=600 + n, request_id=str(n)) for n in range(limit + 5)]
    world.hit(*hits[40:])
    world.hit(*reversed(hits[:40]))
    world.hit(hits[-1])
    rows = world.table.of_message(message())
    kept = [row.ts for row in rows if row.event_type is type_]
    assert kept == [hit.at for hit in hits[:limit]]
    assert sum(sum(counts) for counts in engagement_of(world)[kind].values()) == limit


class Contended(Events):
    """Another process adds a hit each time an engagement row is about to be written."""

    def put_if_absent(self, row: EventRow) -> bool:
        self._disturb()
        return super().put_if_absent(row)

    def replace(self, old: EventRow, new: EventRow) -> bool:
        self._disturb()
        return super().replace(old, new)

    others: Sequence[EventRow] = ()

    def _disturb(self) -> None:
        if self.others:
            self.put_all(self.others[:1])
            self.others = self.others[1:]


def test_a_hit_that_comes_in_between_is_judged_too() -> None:
    events = Contended(EventTable())
    events.others = [happening(EventType.OPENED, minutes=n, user_agent="curl") for n in (5, 6)]
    world = World(events)
    world.hit(hit())
    rows = [row for row in world.table.of_message(message()) if row.event_key != "_engagement"]
    wanted = engagement.summary(engagement.judge(rows))
    assert engagement_of(world) == wanted
    assert len(rows) == 4


def test_too_many_writers_at_one_message_send_the_payload_back() -> None:
    events = Contended(EventTable())
    events.others = [happening(EventType.OPENED, minutes=n) for n in range(90)]
    with pytest.raises(RetryableError):
        World(events).hit(hit())


def test_a_message_without_hits_needs_no_verdict(world: World) -> None:
    stale = engagement_row()
    world.events.put_all([stale])
    world.ingest(delivered())
    assert world.row("_engagement") == stale
