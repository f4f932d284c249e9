"""Counter rows: the table and its stand-in keep the same contract."""

from collections.abc import Iterator

import pytest

from local.memory.counters import Counters as MemoryCounters
from mailtide.flows.insights import Count
from mailtide.store.counters import Counters
from mailtide.store.tables import CampaignMetricRow
from tests.rows import CAMPAIGN
from tests.tables import moto_tables

Store = Counters | MemoryCounters
CELL = (CAMPAIGN, "provider#2026-11-24T10:15#gmail")


@pytest.fixture(params=["memory", "table"])
def store(request: pytest.FixtureRequest) -> Iterator[Store]:
    if request.param == "memory":
        yield MemoryCounters()
        return
    with moto_tables(CampaignMetricRow):
        yield Counters()


def counts(store: Store) -> dict[str, int]:
    [row] = store.read(CAMPAIGN, "provider")
    return dict(row.counts)


def test_a_change_is_added_once_however_often_it_comes(store: Store) -> None:
    assert store.add(CELL, {"sent": 2, "delivered": 1}, "A", "01", "05") is None
    assert store.add(CELL, {"sent": 2, "delivered": 1}, "A", "01", "05") == "05"
    assert counts(store) == {"sent": 2, "delivered": 1}


def test_a_batch_that_begins_behind_the_checkpoint_is_told_where_it_stands(store: Store) -> None:
    store.add(CELL, {"sent": 1}, "A", "01", "05")
    assert store.add(CELL, {"sent": 9}, "A", "04", "08") == "05"
    assert store.add(CELL, {"sent": 1}, "A", "06", "08") is None
    assert counts(store) == {"sent": 2}


def test_shards_have_checkpoints_of_their_own(store: Store) -> None:
    store.add(CELL, {"sent": 1}, "shardId-00000001-a1", "07", "09")
    assert store.add(CELL, {"sent": 1}, "shardId-00000002-b2", "01", "02") is None
    assert counts(store) == {"sent": 2}


def test_a_change_of_nothing_moves_the_checkpoint(store: Store) -> None:
    assert store.add(CELL, {"opens_human": 0}, "A", "01", "05") is None
    assert store.add(CELL, {}, "A", "06", "07") is None
    assert store.add(CELL, {"opens_human": 5}, "A", "03", "06") == "07"
    assert counts(store) == {"opens_human": 0}


def test_counts_may_fall(store: Store) -> None:
    store.add(CELL, {"in_doubt": 1}, "A", "01", "01")
    store.add(CELL, {"in_doubt": -1}, "A", "02", "02")
    assert counts(store) == {"in_doubt": 0}


def test_a_dimension_is_read_without_the_others_by_quarter_hour(store: Store) -> None:
    for bucket in (
        "provider#2026-11-24T10:30#gmail",
        "provider#2026-11-24T10:15#yahoo",
        "provider#2026-11-24T10:15#",
        "all#2026-11-24T10:15#",
        "ip#2026-11-24T10:15#ip#1",
    ):
        store.add((CAMPAIGN, bucket), {"sent": 1}, "A", "01", "01")
    assert store.read(CAMPAIGN, "provider") == [
        Count("2026-11-24T10:15", "", {"sent": 1}),
        Count("2026-11-24T10:15", "yahoo", {"sent": 1}),
        Count("2026-11-24T10:30", "gmail", {"sent": 1}),
    ]
    assert store.read(CAMPAIGN, "ip") == [Count("2026-11-24T10:15", "ip#1", {"sent": 1})]


def test_a_campaign_is_dirty_once_it_is_marked(store: Store) -> None:
    assert not store.is_dirty(CAMPAIGN)
    store.mark_dirty(CAMPAIGN, "unreadable record 5")
    assert store.is_dirty(CAMPAIGN)
    assert store.read(CAMPAIGN, "all") == []
