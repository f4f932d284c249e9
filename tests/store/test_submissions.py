"""Submissions: the table and its twin in memory keep the same contract."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from local.memory.batches import Batches as MemoryBatches
from local.memory.messages import Messages as MemoryMessages
from local.memory.submissions import Submissions as MemorySubmissions
from mailtide.domain.content import Template
from mailtide.domain.links import Tracked
from mailtide.domain.message import QUEUED
from mailtide.domain.submission import Attachment, Submission, queued, ref_of, released
from mailtide.domain.suppression import Stream
from mailtide.domain.utm import Utm
from mailtide.store.batches import Batches
from mailtide.store.messages import Messages
from mailtide.store.submission_tables import SubmissionRow
from mailtide.store.submissions import AT_ONCE, Submissions
from mailtide.store.tables import BatchRow, DeliveryEventRow
from tests.tables import moto_tables

NOW = datetime(2026, 11, 24, 10, tzinfo=UTC)
ANN, BOB = "0" * 26, "v" * 26
PLAIN = Submission(
    org_id="acme",
    message_id="m" * 26,
    contact_id=ANN,
    stream=Stream.TRANSACTIONAL,
    identity_id="shop",
    provider="gmail",
    created_at=NOW,
    expires_at=NOW + timedelta(hours=1),
    template_id="receipt",
)
FULL = replace(
    PLAIN,
    message_id="n" * 26,
    template_id="",
    content=Template("acme", "", "", "Hi", "<p>é</p>", text="é", utm=Utm(source="shop")),
    variables={"order": 4711, "items": [{"name": "é", "price": 1.5}], "none": None},
    to_name="Ann",
    reply_to="help@example.com",
    tracked=Tracked(opens=True, clicks=False),
    attachments=(Attachment("attachments/a", "a.pdf", "application/pdf", 5, "etag"),),
    tags={"kind": "receipt"},
    trigger_id="welcome",
)


@pytest.fixture(params=["memory", "table"])
def stores(request: pytest.FixtureRequest) -> Iterator[tuple[Any, Any, Any]]:
    """The submissions, the batches and the rows of messages."""
    if request.param == "memory":
        batches, messages = MemoryBatches(), MemoryMessages()
        yield MemorySubmissions(batches, messages), batches, messages
        return
    with moto_tables(SubmissionRow, BatchRow, DeliveryEventRow):
        yield Submissions(), Batches(None), Messages()  # type: ignore[arg-type]


def take(submissions: Any, one: Submission) -> bool:
    return bool(submissions.take(one, released(one, NOW), queued(one)))


def test_what_was_taken_is_read_with_its_batch_and_its_row(stores: tuple[Any, Any, Any]) -> None:
    submissions, batches, messages = stores
    for one in (PLAIN, FULL):
        assert take(submissions, one)
        assert submissions.get("acme", ANN, one.message_id) == one
        batch = batches.get(ref_of(one))
        assert batch == released(one, NOW)
        assert batches.recipients(batch)[0].contact_id == ANN
        rows = messages.of_messages([one.message_id])[one.message_id]
        assert [row.event_key for row in rows] == [QUEUED]
        assert rows[0] == queued(one)


def test_what_was_taken_before_stays_as_it_is(stores: tuple[Any, Any, Any]) -> None:
    submissions, batches, _ = stores
    assert take(submissions, PLAIN)
    stored = batches.get(ref_of(PLAIN))
    batches.swap(stored, replace(stored, fence=7), "holder")
    assert not take(submissions, replace(PLAIN, identity_id="other"))
    assert submissions.get("acme", ANN, PLAIN.message_id) == PLAIN
    assert batches.get(ref_of(PLAIN)).fence == 7


def test_several_are_taken_each_by_itself(stores: tuple[Any, Any, Any]) -> None:
    submissions, batches, _ = stores
    assert take(submissions, PLAIN)
    submissions.take_all([(one, released(one, NOW), queued(one)) for one in (PLAIN, FULL)])
    submissions.take_all([])
    assert submissions.get("acme", ANN, FULL.message_id) == FULL
    assert batches.get(ref_of(FULL)) is not None


def test_one_of_one_is_taken_too(stores: tuple[Any, Any, Any]) -> None:
    submissions, _, _ = stores
    submissions.take_all([(PLAIN, released(PLAIN, NOW), queued(PLAIN))])
    assert submissions.get("acme", ANN, PLAIN.message_id) == PLAIN


def test_only_one_contacts_messages_are_forgotten(stores: tuple[Any, Any, Any]) -> None:
    submissions, _, _ = stores
    others = [replace(PLAIN, contact_id=BOB), replace(PLAIN, org_id="other", message_id="o" * 26)]
    for one in (PLAIN, FULL, *others):
        take(submissions, one)
    submissions.forget("acme", ANN)
    submissions.forget("acme", ANN)
    assert submissions.get("acme", ANN, PLAIN.message_id) is None
    assert submissions.get("acme", ANN, FULL.message_id) is None
    for one in others:
        assert submissions.get(one.org_id, one.contact_id, one.message_id) == one


def test_many_are_taken_in_as_few_transactions_as_they_fit_into(
    stores: tuple[Any, Any, Any],
) -> None:
    submissions, batches, _ = stores
    many = [replace(PLAIN, message_id=f"{n:026d}") for n in range(AT_ONCE + 2)]
    large = [
        replace(PLAIN, message_id=f"{n:026d}", variables={"a": "x" * 300_000})
        for n in range(100, 112)
    ]
    submissions.take_all([(one, released(one, NOW), queued(one)) for one in [*many, *large]])
    assert all(batches.get(ref_of(one)) for one in [*many, *large])
