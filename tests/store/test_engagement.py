"""Contacts' engagement: the table and its stand-in keep the same contract."""

from collections.abc import Iterator
from datetime import timedelta

import pytest

from local.memory.engagement import Engagement as MemoryEngagement
from mailtide.store import dynamo
from mailtide.store.contacts import shard_key
from mailtide.store.engagement import Engagement
from mailtide.store.tables import ContactRow
from tests.rows import ORG, START, contact
from tests.tables import moto_tables

Store = Engagement | MemoryEngagement
LATER = START + timedelta(hours=1)


@pytest.fixture(params=["memory", "table"])
def store(request: pytest.FixtureRequest) -> Iterator[Store]:
    if request.param == "memory":
        yield MemoryEngagement({(ORG, contact())})
        return
    with moto_tables(ContactRow):
        dynamo.put(
            ContactRow(
                shard_key(ORG, contact()),
                contact(),
                email="ann@example.com",
                provider="gmail",
                created_at=START,
            )
        )
        yield Engagement()


def test_only_later_instants_win(store: Store) -> None:
    assert store.engaged(ORG, contact(), LATER, None)
    assert not store.engaged(ORG, contact(), START, None)
    assert not store.engaged(ORG, contact(), LATER, None)
    assert store.engaged(ORG, contact(), START, START)  # the click is news
    assert store.engaged(ORG, contact(), LATER + timedelta(seconds=1), LATER)
    assert store.engaged(ORG, contact(), None, None, START)
    assert not store.engaged(ORG, contact(), START, None, START)


def test_nothing_seen_changes_nothing(store: Store) -> None:
    assert not store.engaged(ORG, contact(), None, None)


def test_a_contact_that_is_gone_stays_gone(store: Store) -> None:
    assert not store.engaged(ORG, contact(2), LATER, LATER)


def test_all_instants_are_kept() -> None:
    with moto_tables(ContactRow):
        row = ContactRow(
            shard_key(ORG, contact()),
            contact(),
            email="ann@example.com",
            provider="gmail",
            created_at=START,
        )
        dynamo.put(row)
        Engagement().engaged(ORG, contact(), LATER, START, LATER)
        stored = dynamo.get(ContactRow, shard_key(ORG, contact()), contact())
        assert stored is not None
        assert (stored.last_open_at, stored.last_click_at) == (LATER, START)
        assert stored.last_reply_at == LATER
