"""Idempotency keys and counts of requests: the tables and their stand-ins keep one contract."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from local.memory.idempotency import IdempotencyKeys as MemoryKeys
from local.memory.idempotency import RequestCounts as MemoryCounts
from mailtide.domain.idempotency import Record
from mailtide.store.call_tables import IdempotencyRow, RequestCountRow
from mailtide.store.idempotency import IdempotencyKeys
from mailtide.store.request_counts import RequestCounts
from tests.tables import moto_tables

NOW = datetime(2026, 11, 24, 10, tzinfo=UTC)
MINE = Record("fingerprint", "mine", NOW, NOW - timedelta(minutes=1))
THEIRS = replace(MINE, claim="theirs")
ANSWERED = replace(MINE, answered=True, answer=b"\x00\xffsealed")

Keys = IdempotencyKeys | MemoryKeys
Counts = RequestCounts | MemoryCounts


@pytest.fixture(params=["memory", "table"])
def keys(request: pytest.FixtureRequest) -> Iterator[Keys]:
    if request.param == "memory":
        yield MemoryKeys()
        return
    with moto_tables(IdempotencyRow):
        yield IdempotencyKeys()


@pytest.fixture(params=["memory", "table"])
def counts(request: pytest.FixtureRequest) -> Iterator[Counts]:
    if request.param == "memory":
        yield MemoryCounts()
        return
    with moto_tables(RequestCountRow):
        yield RequestCounts()


def test_one_of_two_claims_stands_and_the_other_sees_it(keys: Keys) -> None:
    assert keys.claim("acme", "k", MINE, None) is None
    assert keys.claim("acme", "k", THEIRS, None) == MINE


def test_a_claim_whose_reply_was_lost_is_still_mine(keys: Keys) -> None:
    assert keys.claim("acme", "k", MINE, None) is None
    assert keys.claim("acme", "k", MINE, None) is None


@pytest.mark.parametrize(("org_id", "name"), [("other", "k"), ("acme", "l")])
def test_other_keys_and_organisations_are_free(keys: Keys, org_id: str, name: str) -> None:
    keys.claim("acme", "k", MINE, None)
    assert keys.claim(org_id, name, THEIRS, None) is None


@pytest.mark.parametrize("answer", [b"\x00\xffsealed", None])
def test_an_answer_is_kept_under_its_claim(keys: Keys, answer: bytes | None) -> None:
    keys.claim("acme", "k", MINE, None)
    assert keys.answer("acme", "k", "mine", answer)
    assert keys.claim("acme", "k", THEIRS, None) == replace(ANSWERED, answer=answer)


def test_a_claim_that_was_taken_over_leaves_no_answer(keys: Keys) -> None:
    keys.claim("acme", "k", MINE, None)
    assert keys.claim("acme", "k", THEIRS, MINE) is None
    assert not keys.answer("acme", "k", "mine", b"late")
    keys.release("acme", "k", "mine")
    assert keys.claim("acme", "k", MINE, None) == THEIRS


def test_only_what_still_stands_is_taken_over(keys: Keys) -> None:
    keys.claim("acme", "k", MINE, None)
    keys.answer("acme", "k", "mine", ANSWERED.answer)
    assert keys.claim("acme", "k", THEIRS, MINE) == ANSWERED
    assert keys.claim("acme", "k", THEIRS, ANSWERED) is None


def test_what_went_away_meanwhile_is_free(keys: Keys) -> None:
    assert keys.claim("acme", "k", THEIRS, MINE) is None


def test_a_released_key_is_free_and_an_answered_one_stays(keys: Keys) -> None:
    keys.claim("acme", "k", MINE, None)
    keys.release("acme", "k", "mine")
    released = replace(MINE, claim="")
    assert keys.claim("acme", "k", THEIRS, None) == released
    assert keys.claim("acme", "k", THEIRS, released) is None
    keys.answer("acme", "k", "theirs", b"x")
    keys.release("acme", "k", "theirs")
    assert keys.claim("acme", "k", MINE, None) is not None


def test_nothing_is_answered_where_nothing_was_claimed(keys: Keys) -> None:
    assert not keys.answer("acme", "k", "mine", b"x")
    keys.release("acme", "k", "mine")
    assert keys.claim("acme", "k", MINE, None) is None


def test_requests_are_counted_by_organisation_and_window(counts: Counts) -> None:
    assert [counts.add("acme", NOW) for _ in range(3)] == [1, 2, 3]
    assert counts.add("other", NOW) == 1
    assert counts.add("acme", NOW + timedelta(minutes=1)) == 1
