"""Segments: the table and the twin in memory keep the same contract."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from local.memory.segments import Segments as MemorySegments
from mailtide.domain import segment_text
from mailtide.domain.page import Page
from mailtide.domain.segment import Segment
from mailtide.store.campaign_tables import SegmentRow
from mailtide.store.segments import Segments
from tests.segments import NOW
from tests.tables import moto_tables

FILTER = segment_text.read(
    'provider is "gmail" and not (attributes.plan in ("x", 7, true) or last_open_at within 3 days)'
)
ENGAGED = Segment("acme", "s1", "Engaged", FILTER, NOW)
OTHER = Segment("acme", "s2", "Other", segment_text.read("created_at < 2026-01-01"), NOW)

Store = Segments | MemorySegments


@pytest.fixture(params=["memory", "table"])
def store(request: pytest.FixtureRequest) -> Iterator[Store]:
    if request.param == "memory":
        yield MemorySegments()
        return
    with moto_tables(SegmentRow):
        yield Segments()


def test_a_segment_is_read_as_it_was_written_and_by_its_organisation_only(store: Store) -> None:
    store.create(ENGAGED)
    store.create(replace(ENGAGED, name="late repeat"))
    assert store.get("acme", "s1") == ENGAGED
    assert store.get("other", "s1") is None


def test_segments_are_listed_page_by_page(store: Store) -> None:
    store.create(OTHER)
    store.create(ENGAGED)
    store.create(replace(ENGAGED, org_id="other"))
    assert store.page("acme", 1, None) == Page([ENGAGED], "s1")
    assert store.page("acme", 1, "s1") == Page([OTHER])


def test_of_several_segments_those_that_exist_are_read(store: Store) -> None:
    store.create(ENGAGED)
    store.create(OTHER)
    assert store.get_many("acme", ["s2", "s3", "s1"]) == {"s1": ENGAGED, "s2": OTHER}
    assert store.get_many("other", ["s1"]) == {}


@pytest.mark.parametrize("other", [{"name": "Another"}, {"filter": OTHER.filter}])
def test_name_and_filter_are_swapped_while_they_are_the_old_ones(
    store: Store, other: dict[str, Any]
) -> None:
    changed = replace(ENGAGED, name="Changed", filter=OTHER.filter)
    assert not store.swap(ENGAGED, changed, NOW)
    assert store.get("acme", "s1") is None
    store.create(ENGAGED)
    assert not store.swap(replace(ENGAGED, **other), changed, NOW)
    assert store.get("acme", "s1") == ENGAGED
    assert store.swap(ENGAGED, changed, NOW)
    assert store.get("acme", "s1") == changed


def test_a_segment_is_deleted_once(store: Store) -> None:
    store.create(ENGAGED)
    assert store.delete("acme", "s1")
    assert not store.delete("acme", "s1")
    assert store.get("acme", "s1") is None
