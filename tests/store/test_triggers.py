"""Triggers: the table and the twin in memory keep the same contract."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from local.memory.triggers import Triggers as MemoryTriggers
from mailtide.domain.page import Page
from mailtide.domain.trigger import Frequency, Trigger
from mailtide.store.campaign_tables import TriggerRow
from mailtide.store.triggers import Triggers
from tests.tables import moto_tables

NOW = datetime(2026, 11, 24, 10, tzinfo=UTC)
WELCOME = Trigger("acme", "t1", "Welcome", "contact.created", "letter", "news", NOW)
SECOND = replace(
    WELCOME, trigger_id="t2", delay_seconds=60, frequency=Frequency.EVERY_TIME, active=False
)

Store = Triggers | MemoryTriggers


@pytest.fixture(params=["memory", "table"])
def store(request: pytest.FixtureRequest) -> Iterator[Store]:
    if request.param == "memory":
        yield MemoryTriggers()
        return
    with moto_tables(TriggerRow):
        yield Triggers()


def test_a_trigger_is_read_as_it_was_written_and_by_its_organisation_only(store: Store) -> None:
    store.create(WELCOME)
    store.create(replace(WELCOME, name="late repeat"))
    store.create(SECOND)
    assert (store.get("acme", "t1"), store.get("acme", "t2")) == (WELCOME, SECOND)
    assert store.get("other", "t1") is None


def test_triggers_are_listed_page_by_page(store: Store) -> None:
    store.create(SECOND)
    store.create(WELCOME)
    store.create(replace(WELCOME, org_id="other"))
    assert store.page("acme", 1, None) == Page([WELCOME], "t1")
    assert store.page("acme", 1, "t1") == Page([SECOND])


def test_a_trigger_is_replaced_and_deleted_if_it_is_there(store: Store) -> None:
    changed = replace(WELCOME, name="Changed", delay_seconds=5)
    assert not store.replace(changed, NOW)
    assert not store.delete("acme", "t1")
    store.create(WELCOME)
    assert store.replace(changed, NOW)
    assert store.get("acme", "t1") == changed
    assert store.delete("acme", "t1")
    assert store.get("acme", "t1") is None
