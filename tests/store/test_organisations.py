"""Organisations, keys and sources: the table and its stand-in keep the same contract."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from local.memory.organisations import Organisations as MemoryOrganisations
from mailtide.domain.organisation import (
    ApiKey,
    Organisation,
    Scope,
    Source,
    SourceKind,
    key_hash,
)
from mailtide.domain.page import Page
from mailtide.errors import ConflictError
from mailtide.store.organisations import Organisations
from mailtide.store.tables import OrganisationRow
from tests.tables import moto_tables

NOW = datetime(2026, 11, 24, 10, tzinfo=UTC)
ACME = Organisation("acme", "Acme", NOW)
KEY = ApiKey("acme", "key1", key_hash("mt_1"), "first", frozenset(Scope), NOW)
SOURCE = Source("acme", "source1", SourceKind.STALWART, "relay", NOW)

Store = Organisations | MemoryOrganisations


@pytest.fixture(params=["memory", "table"])
def store(request: pytest.FixtureRequest) -> Iterator[Store]:
    if request.param == "memory":
        yield MemoryOrganisations()
        return
    with moto_tables(OrganisationRow):
        yield Organisations()


def test_a_new_organisation_has_its_first_key(store: Store) -> None:
    store.create(ACME, KEY)
    assert store.get("acme") == ACME
    assert store.find_key(KEY.key_hash) == KEY
    assert store.keys("acme", 10, None) == Page([KEY])


def test_an_organisation_is_renamed_and_keeps_the_rest(store: Store) -> None:
    store.create(ACME, KEY)
    assert store.rename("acme", "Acme Ltd")
    assert store.get("acme") == replace(ACME, name="Acme Ltd")
    assert not store.rename("other", "Other")
    assert store.get("other") is None


def test_what_is_not_there_is_none(store: Store) -> None:
    assert store.get("acme") is None
    assert store.find_key(KEY.key_hash) is None
    assert store.get_source("acme", "source1") is None
    assert store.find_source("source1") is None


def test_creating_the_same_again_changes_nothing(store: Store) -> None:
    store.create(ACME, KEY)
    store.create(ACME, KEY)
    assert store.keys("acme", 10, None) == Page([KEY])


def test_a_later_attempt_of_the_same_call_finds_what_the_first_has_written(store: Store) -> None:
    later = NOW + timedelta(minutes=1)
    store.add_key(KEY)
    store.add_key(replace(KEY, created_at=later))
    store.add_source(SOURCE)
    store.add_source(replace(SOURCE, created_at=later))
    assert store.keys("acme", 10, None) == Page([KEY])
    assert store.sources("acme", 10, None) == Page([SOURCE])


def test_a_taken_organisation_id_is_refused_and_nothing_is_written(store: Store) -> None:
    store.create(ACME, KEY)
    other = replace(KEY, key_id="key2", key_hash=key_hash("mt_2"))
    with pytest.raises(ConflictError) as caught:
        store.create(replace(ACME, name="Other"), other)
    assert caught.value.code == "already_exists"
    assert store.find_key(other.key_hash) is None


def test_a_taken_key_id_is_refused(store: Store) -> None:
    store.add_key(KEY)
    with pytest.raises(ConflictError):
        store.add_key(replace(KEY, key_hash=key_hash("mt_2")))


def test_keys_are_listed_page_by_page_and_by_organisation(store: Store) -> None:
    keys = [replace(KEY, key_id=f"key{n}", key_hash=key_hash(f"mt_{n}")) for n in range(5)]
    for key in keys:
        store.add_key(key)
    store.add_key(replace(KEY, org_id="other", key_hash=key_hash("mt_other")))
    first = store.keys("acme", 3, None)
    assert first == Page(keys[:3], "key2")
    assert store.keys("acme", 3, first.after) == Page(keys[3:])


def test_a_revoked_key_stays_listed_with_the_first_time(store: Store) -> None:
    store.add_key(KEY)
    assert store.revoke_key("acme", "key1", NOW)
    assert store.revoke_key("acme", "key1", NOW + timedelta(hours=1))
    revoked = replace(KEY, revoked_at=NOW)
    assert store.find_key(KEY.key_hash) == revoked
    assert store.keys("acme", 10, None) == Page([revoked])


def test_another_organisations_key_cannot_be_revoked(store: Store) -> None:
    store.add_key(KEY)
    assert not store.revoke_key("other", "key1", NOW)
    assert store.find_key(KEY.key_hash) == KEY


def test_a_source_is_found_by_its_id_and_within_its_organisation(store: Store) -> None:
    store.add_source(SOURCE)
    assert store.find_source("source1") == SOURCE
    assert store.get_source("acme", "source1") == SOURCE
    assert store.get_source("other", "source1") is None
    assert store.sources("acme", 10, None) == Page([SOURCE])


@pytest.mark.parametrize(("org_id", "deleted"), [("acme", True), ("other", False)])
def test_only_the_owner_deletes_a_source(store: Store, org_id: str, deleted: bool) -> None:
    store.add_source(SOURCE)
    assert store.delete_source(org_id, "source1") is deleted
    assert store.find_source("source1") == (None if deleted else SOURCE)


@pytest.mark.parametrize("add", [lambda s: s.add_source(SOURCE), lambda s: s.add_key(KEY)])
def test_a_repeated_write_is_no_conflict(store: Store, add: Callable[[Store], None]) -> None:
    add(store)
    add(store)
    assert store.sources("acme", 10, None).items + store.keys("acme", 10, None).items
