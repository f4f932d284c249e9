"""Campaigns: the table and the twin in memory keep the same contract."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from local.memory.campaigns import Campaigns as MemoryCampaigns
from mailtide.domain.campaign import Campaign, Move, OnDoubt, State
from mailtide.domain.identifiers import SHARDS
from mailtide.errors import ConflictError
from mailtide.store.campaign_tables import CampaignRow
from mailtide.store.campaigns import Campaigns
from tests.tables import moto_tables

NOW = datetime(2026, 11, 24, 10, tzinfo=UTC)
LATER = NOW + timedelta(minutes=5)
ORG, ID = "acme", "c000000000"
LEFT_OUT = {"unsubscribe": 1, "excluded_list": 1}
DRAFT = Campaign(
    ORG,
    ID,
    "Autumn",
    ("l1", "l2"),
    "t1",
    "i1",
    State.DRAFT,
    NOW,
    give_up_hours=5,
    on_doubt=OnDoubt.RETRY,
    doubt_expires_hours=20,
)

Store = Campaigns | MemoryCampaigns


def put(campaigns: Store, campaign: Campaign) -> None:
    if isinstance(campaigns, MemoryCampaigns):
        campaigns.put(campaign)
    else:
        assert campaigns.create(campaign)


@pytest.fixture(params=["memory", "table"])
def campaigns(request: pytest.FixtureRequest) -> Iterator[Store]:
    if request.param == "memory":
        store: Store = MemoryCampaigns()
        put(store, DRAFT)
        yield store
        return
    with moto_tables(CampaignRow):
        put(Campaigns(), DRAFT)
        yield Campaigns()


def read(campaigns: Store) -> Campaign:
    found = campaigns.get(ORG, ID)
    assert found is not None
    return found


def moved(campaigns: Store, *moves: Move) -> Campaign:
    for move in moves:
        assert campaigns.move(read(campaigns), move, NOW)
    return read(campaigns)


def launched(campaigns: Store) -> Campaign:
    moved(campaigns, Move.START)
    for shard in SHARDS:
        campaigns.shard_launched(ORG, ID, shard, planned=1, excluded={})
    return read(campaigns)


def test_a_campaign_is_read_as_it_was_written_and_by_its_organisation_only(
    campaigns: Store,
) -> None:
    assert campaigns.get(ORG, ID) == DRAFT
    assert campaigns.get("other", ID) is None


def test_a_draft_that_an_earlier_attempt_has_written_is_there_and_stays(campaigns: Store) -> None:
    assert campaigns.create(replace(DRAFT, created_at=LATER))
    assert campaigns.get(ORG, ID) == DRAFT
    assert not campaigns.create(replace(DRAFT, name="Another"))


def test_a_start_sets_state_and_what_to_launch_at_once(campaigns: Store) -> None:
    started = moved(campaigns, Move.START)
    assert started.state is State.SENDING
    assert started.launching == frozenset(SHARDS)
    assert started.started_at == NOW
    assert started.launch_due_at is not None
    assert started.launch_due_at > NOW


def test_only_one_of_two_different_moves_from_a_state_is_written(campaigns: Store) -> None:
    sending = moved(campaigns, Move.START)
    assert campaigns.move(sending, Move.PAUSE, NOW)
    assert not campaigns.move(sending, Move.CANCEL, LATER)
    assert read(campaigns).state is State.PAUSED


def test_a_move_whose_reply_was_lost_succeeds_again_and_undoes_nothing(campaigns: Store) -> None:
    assert campaigns.move(DRAFT, Move.START, NOW)
    campaigns.shard_launched(ORG, ID, "0", planned=3, excluded={"unsubscribe": 1})
    assert campaigns.move(DRAFT, Move.START, NOW)
    assert "0" not in read(campaigns).launching


def test_a_move_that_the_state_does_not_have_is_refused(campaigns: Store) -> None:
    with pytest.raises(ConflictError):
        campaigns.move(DRAFT, Move.RESUME, NOW)


def test_a_campaign_that_is_gone_is_not_moved(campaigns: Store) -> None:
    gone = Campaign(ORG, "c000000001", "Gone", (), "t1", "i1", State.DRAFT, NOW)
    assert not campaigns.move(gone, Move.START, NOW)
    assert campaigns.get(ORG, "c000000001") is None


def test_a_launched_shard_is_taken_off_and_its_counts_kept(campaigns: Store) -> None:
    moved(campaigns, Move.START)
    remaining = campaigns.shard_launched(ORG, ID, "3", planned=5, excluded=LEFT_OUT)
    assert remaining == frozenset(SHARDS) - {"3"}
    campaign = read(campaigns)
    assert campaign.launching == remaining
    assert (campaign.planned, campaign.excluded) == ({"3": 5}, {"3": LEFT_OUT})


def test_a_shard_may_be_reported_launched_twice(campaigns: Store) -> None:
    moved(campaigns, Move.START)
    first = campaigns.shard_launched(ORG, ID, "3", planned=5, excluded=LEFT_OUT)
    assert campaigns.shard_launched(ORG, ID, "3", planned=5, excluded=LEFT_OUT) == first
    assert read(campaigns).planned == {"3": 5}


def test_nothing_remains_after_the_last_shard(campaigns: Store) -> None:
    assert launched(campaigns).launching == frozenset()
    assert campaigns.shard_launched(ORG, ID, "f", planned=1, excluded={}) == frozenset()


def test_a_shard_of_a_campaign_that_is_gone_leaves_nothing_behind(campaigns: Store) -> None:
    gone = "c000000001"
    assert campaigns.shard_launched(ORG, gone, "3", planned=5, excluded=LEFT_OUT) == frozenset()
    assert campaigns.get(ORG, gone) is None


def test_a_campaign_is_not_finished_while_shards_are_to_be_launched(campaigns: Store) -> None:
    sending = moved(campaigns, Move.START)
    assert not campaigns.move(sending, Move.FINISH, NOW)
    assert campaigns.move(launched_from(campaigns), Move.FINISH, LATER)
    finished = read(campaigns)
    assert (finished.state, finished.finished_at) == (State.SENT, LATER)


def launched_from(campaigns: Store) -> Campaign:
    for shard in SHARDS:
        campaigns.shard_launched(ORG, ID, shard, planned=1, excluded={})
    return read(campaigns)


def test_only_what_is_sending_is_active(campaigns: Store) -> None:
    assert list(campaigns.active(10, "look")) == []
    started = moved(campaigns, Move.START)
    assert list(campaigns.active(10, "look")) == [started]
    moved(campaigns, Move.PAUSE)
    assert list(campaigns.active(10, "look")) == []
    resumed = moved(campaigns, Move.RESUME)
    assert list(campaigns.active(10, "look")) == [resumed]
    moved(campaigns, Move.CANCEL)
    assert list(campaigns.active(10, "look")) == []


def test_one_that_was_sent_is_active_until_its_end_is_told(campaigns: Store) -> None:
    moved(campaigns, Move.START)
    campaigns.told(read(campaigns))  # too early: nothing
    assert campaigns.move(launched_from(campaigns), Move.FINISH, LATER)
    sent = read(campaigns)
    assert list(campaigns.active(10, "look")) == [sent]
    campaigns.told(sent)
    assert list(campaigns.active(10, "look")) == []


def test_where_more_are_active_than_are_asked_for_each_seed_shows_others(campaigns: Store) -> None:
    for letter in "0bp":
        draft = replace(DRAFT, campaign_id=letter * 10)
        campaigns.create(draft)
        assert campaigns.move(draft, Move.START, NOW)
    seen = {one.campaign_id for n in range(20) for one in campaigns.active(1, f"look{n}")}
    assert seen == {"0" * 10, "b" * 10, "p" * 10}
    assert len(campaigns.active(2, "look1")) == 2


def test_a_pause_keeps_what_is_to_be_launched(campaigns: Store) -> None:
    moved(campaigns, Move.START)
    campaigns.shard_launched(ORG, ID, "0", planned=1, excluded={})
    assert moved(campaigns, Move.PAUSE, Move.RESUME).launching == frozenset(SHARDS) - {"0"}


def test_of_two_who_ask_for_a_launch_again_one_does(campaigns: Store) -> None:
    seen = moved(campaigns, Move.START)
    assert campaigns.relaunch(seen, LATER)
    assert not campaigns.relaunch(seen, LATER + timedelta(minutes=1))
    assert read(campaigns).launch_due_at == LATER


def test_a_paused_campaign_is_not_launched_again(campaigns: Store) -> None:
    seen = moved(campaigns, Move.START)
    moved(campaigns, Move.PAUSE)
    assert not campaigns.relaunch(seen, LATER)
