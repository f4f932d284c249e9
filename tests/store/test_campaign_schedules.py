"""Campaigns that wait for their time: table and twin keep the same contract."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from local.memory.campaigns import Campaigns as MemoryCampaigns
from mailtide.domain.campaign import Campaign, Move, State
from mailtide.errors import ConflictError
from mailtide.store.campaign_tables import CampaignRow
from mailtide.store.campaigns import Campaigns
from tests.tables import moto_tables

NOW = datetime(2026, 11, 24, 10, tzinfo=UTC)
SOON, LATER = NOW + timedelta(minutes=5), NOW + timedelta(days=1)
DRAFT = Campaign("acme", "c1", "November", ("l1",), "t1", "i1", State.DRAFT, NOW)

Store = Campaigns | MemoryCampaigns


@pytest.fixture(params=["memory", "table"])
def store(request: pytest.FixtureRequest) -> Iterator[Store]:
    if request.param == "memory":
        yield MemoryCampaigns()
        return
    with moto_tables(CampaignRow):
        yield Campaigns()


def read(store: Store, campaign: Campaign = DRAFT) -> Campaign:
    found = store.get(campaign.org_id, campaign.campaign_id)
    assert found is not None
    return found


def scheduled(store: Store, send_at: datetime = SOON, **changes: str) -> Campaign:
    draft = replace(DRAFT, **changes)  # type: ignore[arg-type]
    store.create(draft)
    assert store.schedule(draft, send_at, NOW)
    return read(store, draft)


def test_a_scheduled_campaign_keeps_its_time(store: Store) -> None:
    found = scheduled(store)
    assert found == replace(DRAFT, state=State.SCHEDULED, send_at=SOON)


def test_what_is_due_is_found_the_earliest_first_and_not_more_than_asked(store: Store) -> None:
    later = scheduled(store, LATER, campaign_id="c2")
    soon = scheduled(store, SOON, campaign_id="c3", org_id="other")
    scheduled(store, LATER + timedelta(milliseconds=1), campaign_id="c4")
    assert list(store.due(SOON - timedelta(milliseconds=1), 9)) == []
    assert list(store.due(LATER, 9)) == [soon, later]
    assert list(store.due(LATER, 1)) == [soon]


def test_another_time_takes_the_place_of_the_first(store: Store) -> None:
    first = scheduled(store)
    assert store.schedule(first, LATER, NOW)
    assert read(store).send_at == LATER
    assert list(store.due(SOON, 9)) == []


@pytest.mark.parametrize("move", [Move.START, Move.UNSCHEDULE, Move.CANCEL])
def test_what_is_scheduled_no_more_is_not_due(store: Store, move: Move) -> None:
    assert store.move(scheduled(store), move, NOW)
    assert list(store.due(LATER, 9)) == []
    assert read(store).send_at == (None if move is Move.UNSCHEDULE else SOON)


@pytest.mark.parametrize("move", [Move.START, Move.UNSCHEDULE, Move.CANCEL])
def test_nothing_is_done_to_a_campaign_that_has_another_time_by_now(
    store: Store, move: Move
) -> None:
    seen = scheduled(store)
    assert store.schedule(seen, LATER, NOW)
    assert not store.move(seen, move, SOON)
    assert not store.schedule(seen, SOON, SOON)
    assert not store.give_up(seen, "too late", SOON)
    assert read(store) == replace(seen, send_at=LATER)


def test_what_could_not_start_is_a_draft_that_says_why_until_it_is_changed(store: Store) -> None:
    assert store.give_up(scheduled(store), "no sending IP", NOW)
    found = read(store)
    assert found == replace(DRAFT, schedule_error="no sending IP")
    assert list(store.due(LATER, 9)) == []
    assert store.schedule(found, LATER, NOW)
    assert read(store).schedule_error is None
    assert store.give_up(read(store), "no sending IP", NOW)
    assert store.revise(read(store))
    assert read(store) == DRAFT


def test_only_what_is_scheduled_is_given_up(store: Store) -> None:
    store.create(DRAFT)
    with pytest.raises(ConflictError):
        store.give_up(DRAFT, "no", NOW)


def test_a_move_whose_reply_was_lost_succeeds_again(store: Store) -> None:
    store.create(DRAFT)
    for _ in range(2):
        assert store.schedule(DRAFT, SOON, NOW)
    assert not store.schedule(DRAFT, LATER, NOW)
    seen = read(store)
    for _ in range(2):
        assert store.give_up(seen, "no", NOW)


def test_a_scheduled_campaign_is_neither_changed_nor_deleted(store: Store) -> None:
    seen = scheduled(store)
    assert not store.revise(seen)
    assert not store.delete_draft(seen)
    assert read(store) == seen
