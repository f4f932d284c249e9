"""Batches: the table with its bucket and the twin in memory keep the same contract."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

import boto3
import pytest

from local.memory.batches import Batches as MemoryBatches
from mailtide.domain import batch as rules
from mailtide.domain.batch import BATCH_SIZE, INLINE, Batch, BatchRef, Phase, Planned, Tally
from mailtide.domain.suppression import Stream
from mailtide.store.batches import Batches
from mailtide.store.manifests import Manifests, key_of
from mailtide.store.tables import BatchRow
from tests.tables import REGION, moto_tables

NOW = datetime(2026, 11, 24, 10, tzinfo=UTC)
LEASE = NOW + timedelta(minutes=3)
REF = BatchRef("acme", "c000000000", "3", "00000")
DRAFT = Batch(ref=REF, count=0, rank=7, due_at=NOW)
FEW = [Planned("p1", "l1"), Planned("p2", "l2", "b")]
MANY = [Planned(f"p{i:04}", "l1") for i in range(BATCH_SIZE)]
BUCKET = "data"

Store = Batches | MemoryBatches


def in_aws() -> Batches:
    s3().create_bucket(Bucket=BUCKET)
    return Batches(Manifests(s3(), BUCKET))


@cache
def s3() -> Any:
    return boto3.client("s3", region_name=REGION)


@pytest.fixture(params=["memory", "table"])
def batches(request: pytest.FixtureRequest) -> Iterator[Store]:
    if request.param == "memory":
        yield MemoryBatches()
        return
    with moto_tables(BatchRow):
        yield in_aws()


@pytest.fixture
def table() -> Iterator[Batches]:
    with moto_tables(BatchRow):
        yield in_aws()


def numbered(number: int) -> Batch:
    return replace(DRAFT, ref=replace(REF, batch_id=f"{number:05d}"))


def test_a_batch_that_nobody_created_is_not_there(batches: Store) -> None:
    assert batches.get(REF) is None


@pytest.mark.parametrize("recipients", [FEW, MANY[:INLINE], MANY[: INLINE + 1], MANY])
def test_a_created_batch_is_read_with_its_recipients_in_order(
    batches: Store, recipients: list[Planned]
) -> None:
    created = batches.create(DRAFT, recipients)
    stored = batches.get(REF)
    assert stored == created
    assert stored.count == len(recipients)
    assert list(batches.recipients(stored)) == recipients


def test_only_a_long_manifest_lies_in_the_bucket(batches: Store) -> None:
    assert batches.create(DRAFT, MANY[:INLINE]).manifest_key is None
    assert batches.create(numbered(1), MANY[: INLINE + 1]).manifest_key is not None


@pytest.mark.parametrize("recipients", [FEW, MANY])
def test_who_creates_second_gets_what_the_first_one_stored(
    batches: Store, recipients: list[Planned]
) -> None:
    first = batches.create(DRAFT, recipients)
    second = batches.create(replace(DRAFT, rank=1), recipients[1:])
    assert second == first
    assert list(batches.recipients(second)) == recipients


def test_a_batch_without_recipients_is_done(batches: Store) -> None:
    created = batches.create(DRAFT, [])
    assert (created.phase, created.due_at, created.count) == (Phase.DONE, None, 0)
    assert batches.all_done(REF.campaign_id)


def test_a_draft_made_of_a_batch_with_recipients_has_only_its_own(batches: Store) -> None:
    parent = batches.create(DRAFT, MANY)
    later = batches.create(replace(parent, ref=replace(REF, batch_id="00000.100")), FEW)
    assert list(batches.recipients(later)) == FEW


def test_every_field_of_a_batch_is_kept(batches: Store) -> None:
    created = batches.create(DRAFT, FEW)
    full = replace(
        created,
        phase=Phase.OPENED,
        due_at=LEASE,
        attempt=2,
        tries=3,
        fence=4,
        watermark=1,
        block_end=2,
        released_to=2,
        placement="ab",
        ips=("ip1", "ip2"),
        placed_at=NOW,
        tally=Tally(1, 2, 3, 4, 5),
        in_doubt=True,
    )
    assert batches.swap(created, full, "n")
    assert batches.get(REF) == replace(full, revision=1)


def test_a_write_over_a_stale_revision_is_refused(batches: Store) -> None:
    created = batches.create(DRAFT, FEW)
    assert batches.swap(created, rules.release(created, 2, LEASE), "first")
    assert not batches.swap(created, rules.release(created, 1, LEASE), "second")
    stored = batches.get(REF)
    assert stored is not None
    assert (stored.revision, stored.released_to) == (1, 2)


def test_a_write_whose_reply_was_lost_succeeds_again_and_once(batches: Store) -> None:
    created = batches.create(DRAFT, FEW)
    released = rules.release(created, 2, LEASE)
    assert batches.swap(created, released, "mine")
    assert batches.swap(created, released, "mine")
    stored = batches.get(REF)
    assert stored is not None
    assert stored.revision == 1


def test_a_lost_reply_is_no_success_once_somebody_else_has_written(batches: Store) -> None:
    created = batches.create(DRAFT, FEW)
    released = rules.release(created, 2, LEASE)
    assert batches.swap(created, released, "mine")
    assert batches.swap(replace(released, revision=1), rules.take(released, LEASE), "other")
    assert not batches.swap(created, released, "mine")


def due(batches: Store, now: datetime) -> list[Batch]:
    """Return what is due, where there is room for all of it."""
    found, more = batches.due(now, 1000)
    assert not more
    return list(found)


def test_of_what_is_due_only_so_much_is_read_as_is_asked_for(batches: Store) -> None:
    for number in range(24):
        at = NOW + timedelta(seconds=number)
        batches.create(replace(numbered(number), due_at=at), FEW)
    found, more = batches.due(LEASE, 8)
    assert more
    assert 1 <= len(found) <= 8
    assert min(batch.ref.batch_id for batch in found) == "00000"


def test_transactional_messages_wait_behind_no_others(batches: Store) -> None:
    for number in range(24):
        marketing = replace(numbered(number), submitted=Stream.MARKETING)
        batches.create(replace(marketing, due_at=NOW), FEW[:1])
    prompt = replace(numbered(24), submitted=Stream.TRANSACTIONAL, due_at=LEASE)
    batches.create(prompt, FEW[:1])
    batches.create(replace(numbered(25), due_at=NOW), FEW)
    found = batches.due_submitted(LEASE, 8)
    assert found[0].ref == prompt.ref
    assert {one.submitted for one in found[1:]} == {Stream.MARKETING}


def test_what_is_due_is_found_when_its_time_has_come(batches: Store) -> None:
    batches.create(DRAFT, FEW)
    assert due(batches, NOW - timedelta(milliseconds=1)) == []
    assert [batch.ref for batch in due(batches, NOW)] == [REF]


def test_the_due_time_moves_with_the_row(batches: Store) -> None:
    created = batches.create(DRAFT, FEW)
    assert batches.swap(created, rules.release(created, 2, LEASE), "n")
    assert due(batches, NOW) == []
    assert [batch.fence for batch in due(batches, LEASE)] == [1]


def test_a_batch_that_is_done_is_never_due(batches: Store) -> None:
    created = batches.create(DRAFT, FEW)
    assert batches.swap(created, replace(created, phase=Phase.DONE, due_at=None), "n")
    assert due(batches, LEASE) == []


def test_a_campaign_is_done_when_all_its_batches_are(batches: Store) -> None:
    assert batches.all_done(REF.campaign_id)
    other_shard = replace(REF, shard="f")
    for ref in (REF, other_shard):
        batches.create(replace(DRAFT, ref=ref), FEW)
    for ref in (REF, other_shard):
        assert not batches.all_done(REF.campaign_id)
        stored = batches.get(ref)
        assert stored is not None
        assert batches.swap(stored, replace(stored, phase=Phase.DONE, due_at=None), "n")
    assert batches.all_done(REF.campaign_id)


def test_stored_batches_come_by_number_with_their_recipients_and_without_later_ones(
    batches: Store,
) -> None:
    batches.create(numbered(1), FEW[1:])
    batches.create(numbered(0), FEW[:1])
    batches.create(replace(DRAFT, ref=replace(REF, batch_id="00000.0")), FEW)
    batches.create(replace(DRAFT, ref=replace(REF, shard="4")), FEW)
    stored = batches.stored(REF.campaign_id, REF.shard)
    assert [batch.ref.batch_id for batch, _ in stored] == ["00000", "00001"]
    assert [list(recipients) for _, recipients in stored] == [FEW[:1], FEW[1:]]


def test_launched_batches_are_read_from_a_number_on(batches: Store) -> None:
    for number in range(11):
        batches.create(numbered(number), FEW)
    batches.create(replace(DRAFT, ref=replace(REF, batch_id="00009.100")), FEW)
    stored = batches.stored(REF.campaign_id, REF.shard, 9)
    assert [batch.ref.batch_id for batch, _ in stored] == ["00009", "00010"]
    write_manifest_and_die(batches, numbered(11), MANY)
    assert [list(found) for _, found in batches.stored(REF.campaign_id, REF.shard, 11)] == [MANY]


def write_manifest_and_die(batches: Store, draft: Batch, recipients: list[Planned]) -> None:
    if isinstance(batches, MemoryBatches):
        batches.put_manifest(draft, recipients)
    else:
        batches._manifests.put(key_of(draft.ref), draft, recipients)


def test_a_manifest_without_a_row_gets_its_row_when_the_launch_is_resumed(batches: Store) -> None:
    batches.create(numbered(0), FEW)
    write_manifest_and_die(batches, numbered(1), MANY)
    stored = batches.stored(REF.campaign_id, REF.shard)
    assert [list(recipients) for _, recipients in stored] == [FEW, MANY]
    row = batches.get(replace(REF, batch_id="00001"))
    assert row == stored[1][0]
    assert (row.rank, row.due_at, row.count, row.ref.org_id) == (7, NOW, BATCH_SIZE, "acme")


def test_a_manifest_that_lies_there_counts_and_not_the_one_that_comes_second(
    batches: Store,
) -> None:
    write_manifest_and_die(batches, DRAFT, MANY)
    created = batches.create(DRAFT, MANY[1:])
    assert created.count == BATCH_SIZE
    assert list(batches.recipients(created)) == MANY


def test_who_was_left_out_is_written_once(table: Batches) -> None:
    table.exclude(REF.campaign_id, REF.shard, {"p1": "complaint"})
    table.exclude(REF.campaign_id, REF.shard, {"p2": "erased"})
    body = s3().get_object(Bucket=BUCKET, Key=f"excluded/{REF.campaign_id}/3.json")["Body"].read()
    assert body == b'{"p1": "complaint"}'
