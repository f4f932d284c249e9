"""Ingest: any order and number of the same reports ends in the same rows; nobody else's count."""

import json
from dataclasses import replace
from datetime import timedelta
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailtide.domain.event import EventType
from mailtide.domain.message import SentState, settled
from mailtide.domain.suppression import Reason
from mailtide.flows.envelope import write_hits
from tests.collaborators import (
    FOREIGN_SOURCE,
    SOURCE,
)
from tests.ingesting import World, bounced, delivered, event, feedback, hit, webhook
from tests.rows import ORG, START, contact, doubt, message, sent, state


@pytest.fixture
def world() -> World:
    return World()


def test_a_delivery_is_a_row_with_the_receivers_words_and_the_messages_dimensions(
    world: World,
) -> None:
    assert world.ingest(delivered()) == {"delivered": 1}
    row = world.row("delivered")
    assert row is not None
    assert (row.smtp_code, row.smtp_response) == (250, "OK")
    assert row.of == sent().of
    assert row.ts == START + timedelta(seconds=60)


def test_a_hard_bounce_suppresses_at_once_with_the_receivers_words(world: World) -> None:
    world.ingest(bounced())
    row = world.row("bounced")
    assert row is not None
    assert (row.data["kind"], row.data["class"]) == ("hard", "hard")
    kept = world.suppressions.rows[ORG, contact()]
    assert "does not exist" in kept.reasons[Reason.HARD_BOUNCE].text
    assert kept.email is None


def test_a_full_mailbox_bounces_and_suppresses_nobody(world: World) -> None:
    full = event("delivery.rcpt-to-rejected", code=552, details="mailbox full, over quota")
    world.ingest(full)
    row = world.row("bounced")
    assert row is not None
    assert row.data["kind"] == "soft"
    assert world.reasons() == set()


def test_every_deferral_is_a_row_of_its_own(world: World) -> None:
    world.ingest(*(event("queue.rescheduled", seconds=s) for s in (60, 120, 120)))
    keys = [r.event_key for r in world.table.of_message(message())]
    assert sum(key.startswith("deferred#") for key in keys) == 2


def test_words_without_a_consequence_are_counted_and_kept_raw(world: World) -> None:
    counts = world.ingest(event("moon.rise"), event("delivery.connect"))
    assert counts == {"unknown": 1, "infrastructure": 1}
    assert len(world.kept(f"raw/2026-11-24/{SOURCE}/")) == 1
    assert [row.event_key for row in world.table.of_message(message())] == ["sent"]


def test_mail_of_others_on_the_same_relay_is_not_attributed(world: World) -> None:
    other = delivered()
    other["data"]["from"] = "someone@example.org"
    assert world.ingest(other) == {"unattributed": 1}


@pytest.mark.parametrize(
    ("number", "source_id", "reason"),
    [
        (9, SOURCE, "unknown_message"),
        (1, FOREIGN_SOURCE, "other_organisation"),
        (1, "source0000000009", "unknown_source"),
    ],
)
def test_what_is_not_to_be_believed_is_kept_with_the_reason_and_acknowledged(
    world: World, number: int, source_id: str, reason: str
) -> None:
    assert world.ingest(bounced(number), source_id=source_id) == {"refused": 1}
    assert world.row("bounced", number) is None
    assert world.suppressions.rows == {}
    [key] = world.kept(f"refused/2026-11-24/{source_id}/")
    assert json.loads(world.bucket.objects[key])["reason"] == reason


def test_a_refused_event_does_not_hold_up_the_others(world: World) -> None:
    assert world.ingest(bounced(9), delivered(2)) == {"refused": 1, "delivered": 1}
    assert world.row("delivered", 2) is not None


def test_a_payload_again_stores_nothing_more(world: World) -> None:
    world.ingest(delivered(), bounced(9))
    before, changes = dict(world.bucket.objects), len(world.table.stream)
    world.ingest(delivered(), bounced(9))
    assert world.bucket.objects == before
    assert len(world.table.stream) == changes


PIGEON = '{"source": "pigeon", "source_id": "source0000000001", "received_at": 1, "body": ""}'


@pytest.mark.parametrize("body", ["", "[]", "{}", PIGEON])
def test_a_text_that_is_no_message_of_ours_fails(world: World, body: str) -> None:
    with pytest.raises((ValueError, KeyError, TypeError)):
        world.flow.run(body)


def test_evidence_settles_an_open_doubt(world: World) -> None:
    world.events.put_all([doubt()])
    world.ingest(delivered())
    assert world.row("doubt") == settled(doubt())


def test_a_relay_that_has_the_message_settles_an_open_doubt(world: World) -> None:
    world.events.put_all([doubt()])
    assert world.ingest(event("queue.authenticated-message-queued")) == {"accepted": 1}
    assert world.row("doubt") == settled(doubt())


def test_a_doubt_that_is_settled_stays_as_it_is(world: World) -> None:
    world.events.put_all([settled(doubt())])
    world.ingest(delivered())
    assert world.row("doubt") == settled(doubt())


def test_a_doubt_that_is_marked_later_is_settled_by_the_same_report_again(world: World) -> None:
    world.ingest(delivered())
    world.events.put_all([doubt()])
    world.ingest(delivered())
    assert world.row("doubt") == settled(doubt())


def test_an_unsubscribe_hit_is_a_row_and_a_suppression(world: World) -> None:
    world.hit(hit(EventType.UNSUBSCRIBED))
    row = world.row("unsubscribed")
    assert row is not None
    assert row.data["method"] == "GET"
    assert world.reasons() == {Reason.UNSUBSCRIBE}


def test_hits_belong_to_whoever_sent_the_message(world: World) -> None:
    assert world.hit(hit(number=9)) == {"refused": 1}
    [key] = world.kept("refused/2026-11-24/tracking/")
    assert json.loads(world.bucket.objects[key])["reason"] == "unknown_message"


def test_a_complaint_suppresses(world: World) -> None:
    assert dict(world.flow.run(feedback())) == {"complained": 1}
    assert world.row("complained") is not None
    assert world.reasons() == {Reason.COMPLAINT}


@pytest.mark.parametrize(
    "named",
    [
        "redacted@example.com",
        "5f4dcc3b5aa765d61d8327deb882cf99@example.com",  # hashed
        "ann@forwarded.example",  # where the mail went on to
        "not an address",
    ],
)
def test_a_complaint_counts_by_its_message_id_whomever_it_names(world: World, named: str) -> None:
    assert dict(world.flow.run(feedback(recipient=named))) == {"complained": 1}
    assert world.reasons() == {Reason.COMPLAINT}


def test_a_complaint_with_a_made_up_message_id_is_refused(world: World) -> None:
    assert dict(world.flow.run(feedback(number=9))) == {"refused": 1}
    [key] = world.kept("refused/")
    assert json.loads(world.bucket.objects[key])["reason"] == "unknown_message"


def test_a_complaint_about_what_never_left_is_refused(world: World) -> None:
    world.events.put_all([replace(sent(), data={"state": SentState.FAILED.value})])
    assert dict(world.flow.run(feedback())) == {"refused": 1}
    assert world.reasons() == set()


REPORTS = [
    webhook(delivered(seconds=60), event("queue.rescheduled", seconds=30)),
    webhook(event("delivery.dsn-success", seconds=59, code=250, details="fine")),
    webhook(bounced(2, seconds=70), bounced(2, seconds=50)),
    webhook(event("delivery.failed", 2, seconds=40, reason="expired")),
    write_hits([hit(seconds=61), hit(seconds=400, request_id="2")], START),
    write_hits([hit(EventType.CLICKED, seconds=420)], START),
    write_hits([hit(EventType.UNSUBSCRIBED, seconds=500)], START),
    feedback(),
]


@given(st.permutations(REPORTS + REPORTS[:3]), st.randoms(use_true_random=True))
def test_any_order_and_number_of_reports_ends_in_the_same_rows(
    order: list[str], chance: Random
) -> None:
    straight, shuffled = World(), World()
    for text in REPORTS:
        straight.flow.run(text)
    while order:  # as the queue hands them out: in batches, and at times once more
        batch = [order.pop() for _ in range(min(len(order), chance.randint(1, 5)))]
        batch += [chance.choice(REPORTS)] if chance.random() < 0.3 else []
        shuffled.flow.write([shuffled.flow.read(text) for text in batch])
    assert list(shuffled.table.all()) == list(straight.table.all())
    assert shuffled.suppressions.rows == straight.suppressions.rows


def test_states_of_one_payload_are_merged_before_they_are_written(world: World) -> None:
    world.ingest(delivered(seconds=90), delivered(seconds=60), delivered(seconds=70))
    assert len([c for c in world.table.stream if c.new and c.new.event_key == "delivered"]) == 1
    row = world.row("delivered")
    assert row is not None
    assert row.ts == START + timedelta(seconds=60)


def test_a_state_that_stands_is_not_worsened(world: World) -> None:
    world.events.put_least([state(EventType.DELIVERED, minutes=0.5)])
    before = world.row("delivered")
    world.ingest(delivered(seconds=60))
    assert world.row("delivered") == before
