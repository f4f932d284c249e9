"""A submission: its names, its batch, and how long a relay's "later" is borne."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from mailtide.domain import identifiers, retry
from mailtide.domain import submission as rules
from mailtide.domain.batch import Batch, BatchRef, Phase, due, successor
from mailtide.domain.campaign import GIVE_UP_HOURS
from mailtide.domain.handover import Refused
from mailtide.domain.submission import Submission
from mailtide.domain.suppression import Stream

NOW = datetime(2026, 11, 24, 10, tzinfo=UTC)
KEY = b"key"
GROUP = identifiers.group_id(KEY, "acme", "messages")
ONE = Submission(
    org_id="acme",
    message_id=identifiers.submitted_id(KEY, GROUP, "seed#0"),
    contact_id=identifiers.contact_id(KEY, "acme", "ann@example.com"),
    stream=Stream.TRANSACTIONAL,
    identity_id="shop",
    provider="other",
    created_at=NOW,
    expires_at=NOW + timedelta(days=1),
)


def test_a_message_is_named_by_its_group_and_its_seed() -> None:
    assert identifiers.is_message_id(ONE.message_id)
    assert identifiers.campaign_of(ONE.message_id) == GROUP
    assert identifiers.submitted_id(KEY, GROUP, "seed#1") != ONE.message_id
    assert identifiers.group_id(KEY, "other", "messages") != GROUP


@given(st.lists(st.booleans(), max_size=5))
def test_its_batch_and_all_later_ones_lead_back_to_it(refusals: list[bool]) -> None:
    batch = rules.released(ONE, NOW)
    assert len(batch.inline) == batch.count == 1
    for refused in refusals:
        batch = successor(batch, NOW, NOW, refused=refused)
    assert rules.message_of(batch.ref) == ONE.message_id
    assert batch.submitted is Stream.TRANSACTIONAL


def test_a_batch_is_released_at_once_or_waits_for_its_time() -> None:
    at_once, later = rules.released(ONE, NOW), rules.waiting(ONE, NOW + timedelta(days=1))
    assert (at_once.phase, at_once.released_to) == (Phase.RELEASED, 1)
    assert not due(at_once, NOW)
    assert due(at_once, NOW + rules.PATIENCE)
    assert (later.phase, later.due_at) == (Phase.WAITING, NOW + timedelta(days=1))


def test_its_first_row_says_what_is_known_of_it() -> None:
    row = rules.queued(ONE)
    assert (row.of.campaign_id, row.of.recipient_id, row.data) == (GROUP, ONE.contact_id, {})
    named = replace(ONE, template_id="t", tags={"a": "b"}, trigger_id="welcome")
    data = rules.queued(named).data
    assert data == {"template_id": "t", "tags": {"a": "b"}, "trigger_id": "welcome"}


@given(tries=st.integers(0, 1000))
def test_transactional_mail_is_tried_again_sooner_and_for_as_long_as_it_matters(tries: int) -> None:
    ref = BatchRef("acme", "c000000000", "0", "00000")
    bulk = Batch(ref, 1, 0, NOW)
    prompt = retry.of(replace(bulk, submitted=Stream.TRANSACTIONAL))
    assert retry.of(bulk) == retry.of(replace(bulk, submitted=Stream.MARKETING)) == retry.BULK
    later = Refused(later=True, code=451, response="4.7.1 try again later")
    assert retry.wait(later, tries, prompt) < retry.wait(later, tries)
    usual = timedelta(hours=GIVE_UP_HOURS)
    assert usual >= timedelta(seconds=rules.MOST_SECONDS)  # it expires by itself before


def test_a_size_counts_bytes() -> None:
    plain = rules.size(ONE)
    assert rules.size(replace(ONE, variables={"a": "é" * 100})) >= plain + 200
