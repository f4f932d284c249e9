"""Ingest: any order and number of the same reports ends in the same rows; nobody else's count."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import timedelta
from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from local.memory.contacts import Contacts, Suppressions
from local.memory.events import Events
from local.memory.rows import EventTable
from mailtide.domain import engagement, identifiers
from mailtide.domain.contact import Contact
from mailtide.domain.event import EventType
from mailtide.domain.message import EventRow, SentState, millis, settled
from mailtide.domain.suppression import Reason
from mailtide.errors import RetryableError
from mailtide.flows.envelope import Hit, hit_key, write_hits
from mailtide.flows.ingest import Ingest
from tests.collaborators import (
    FOREIGN_SOURCE,
    SOURCE,
    Bucket,
    Sources,
    name_contact,
)
from tests.rows import ORG, START, contact, doubt, happening, message, sent, state

AGENT = "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15) Safari/605"


class World:
    """The flow with everything it talks to; two messages were sent."""

    def __init__(self, events: Events | None = None) -> None:
        self.table = EventTable()
        self.events = events or Events(self.table)
        self.table = self.events.table
        self.bucket = Bucket()
        self.contacts = Contacts()
        self.suppressions = Suppressions()
        self.flow = Ingest(
            self.events, Sources(), self.suppressions, self.contacts, name_contact, self.bucket
        )
        self.events.put_all([sent(1), sent(2)])
        self.contacts.put(Contact(ORG, contact(), "Ann@example.com", "gmail", START))

    def ingest(self, *events: dict[str, Any], source_id: str = SOURCE) -> dict[str, int]:
        return dict(self.flow.run(webhook(*events, source_id=source_id)))

    def hit(self, *hits: Hit) -> dict[str, int]:
        return dict(self.flow.run(write_hits(list(hits), START)))

    def row(self, key: str, number: int = 1) -> EventRow | None:
        return self.table.get(message(number), key)

    def reasons(self, number: int = 1) -> set[Reason]:
        found = self.suppressions.rows.get((ORG, contact(number)))
        return set(found.reasons) if found else set()


@pytest.fixture
def world() -> World:
    return World()


def webhook(*events: dict[str, Any], source_id: str = SOURCE) -> str:
    body = json.dumps({"events": events})
    return json.dumps(
        {
            "source": "stalwart",
            "source_id": source_id,
            "received_at": millis(START),
            "body": body,
        }
    )


def event(word: str, number: int = 1, seconds: int = 60, **data: Any) -> dict[str, Any]:
    sender = identifiers.verp("ip1", message(number), "bounce.example.com")
    at = (START + timedelta(seconds=seconds)).strftime("%Y-%m-%dT%H:%M:%SZ")
    span = {"queueId": 7, "spanId": seconds, "from": sender, "to": "ann@example.com"}
    return {"id": "1", "createdAt": at, "type": word, "data": {**span, **data}}


def delivered(number: int = 1, seconds: int = 60) -> dict[str, Any]:
    return event("delivery.delivered", number, seconds, code=250, details="OK")


def bounced(number: int = 1, seconds: int = 60) -> dict[str, Any]:
    words = "The email account that you tried to reach does not exist"
    return event("delivery.rcpt-to-rejected", number, seconds, code=550, details=words)


def hit(
    type_: EventType = EventType.OPENED,
    number: int = 1,
    seconds: float = 600,
    agent: str = AGENT,
    request_id: str = "request-1",
) -> Hit:
    at = START + timedelta(seconds=seconds)
    key = hit_key(type_, at, message(number), request_id)
    return Hit(type_, message(number), key, at, "GET", agent, "192.0.2.7")


def plain(rows: Iterable[EventRow]) -> list[EventRow]:
    """Return rows without the versions that concurrent writers count up."""
    return [
        replace(row, data={name: v for name, v in row.data.items() if name != "version"})
        for row in rows
    ]


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
    assert kept.email == "ann@example.com"


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
    assert len(world.bucket.under(f"raw/2026-11-24/{SOURCE}/")) == 1
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
    [key] = world.bucket.under(f"refused/2026-11-24/{source_id}/")
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


@pytest.mark.parametrize("body", ["", "[]", "{}", '{"source": "pigeon", "received_at": 1}'])
def test_a_text_that_is_no_message_of_ours_fails(world: World, body: str) -> None:
    with pytest.raises((ValueError, KeyError, TypeError)):
        world.flow.run(body)


def test_evidence_settles_an_open_doubt(world: World) -> None:
    world.events.put_all([doubt()])
    world.ingest(delivered())
    assert world.row("doubt") == settled(doubt())


def test_a_doubt_that_is_marked_later_is_settled_by_the_same_report_again(world: World) -> None:
    world.ingest(delivered())
    world.events.put_all([doubt()])
    world.ingest(delivered())
    assert world.row("doubt") == settled(doubt())


def engagement_of(world: World, number: int = 1) -> dict[str, Any]:
    row = world.row("_engagement", number)
    assert row is not None
    return dict(row.data)


def test_an_open_by_a_person_is_judged(world: World) -> None:
    assert world.hit(hit()) == {"opened": 1}
    data = engagement_of(world)
    assert data["opens"] == {"2026-11-24T10:00": [1, 0, 0]}
    assert data["human_open_at"] == millis(hit().at)


def test_a_delivery_that_is_reported_later_changes_the_verdict(world: World) -> None:
    world.hit(hit(seconds=61))
    before = engagement_of(world)["opens"]
    world.ingest(delivered(seconds=60))
    after = engagement_of(world)["opens"]
    assert before == {"2026-11-24T10:00": [1, 0, 0]}
    assert after == {"2026-11-24T10:00": [0, 1, 0]}  # a second after delivery


def test_the_verdict_is_renewed_also_when_the_hit_was_there(world: World) -> None:
    """A run that died between the hit and the verdict is completed by its repeat."""
    world.hit(hit())
    wanted = world.row("_engagement")
    world.table.delete(message(), "_engagement")
    world.hit(hit())
    assert world.row("_engagement") == wanted


def test_only_the_earliest_100_opens_are_kept_in_any_order(world: World) -> None:
    hits = [hit(seconds=600 + n, request_id=str(n)) for n in range(105)]
    world.hit(*hits[40:])
    world.hit(*reversed(hits[:40]))
    world.hit(hits[104])
    rows = world.table.of_message(message())
    kept = [row.ts for row in rows if row.event_type is EventType.OPENED]
    assert kept == [hit.at for hit in hits[:100]]
    counted = [sum(counts) for counts in engagement_of(world)["opens"].values()]
    assert sum(counted) == engagement.MAX_OPENS


class Contended(Events):
    """Another process adds a hit each time an engagement row is about to be written."""

    def put_if_absent(self, row: EventRow) -> bool:
        self._disturb()
        return super().put_if_absent(row)

    def replace(self, old: EventRow, new: EventRow) -> bool:
        self._disturb()
        return super().replace(old, new)

    others: Sequence[EventRow] = ()

    def _disturb(self) -> None:
        if self.others:
            self.put_all(self.others[:1])
            self.others = self.others[1:]


def test_a_hit_that_comes_in_between_is_judged_too() -> None:
    events = Contended(EventTable())
    events.others = [happening(EventType.OPENED, minutes=n, user_agent="curl") for n in (5, 6)]
    world = World(events)
    world.hit(hit())
    rows = [row for row in world.table.of_message(message()) if row.event_key != "_engagement"]
    wanted = engagement.summary(engagement.judge(rows))
    assert {**engagement_of(world), "version": 0} == {**wanted, "version": 0}
    assert len(rows) == 4


def test_too_many_writers_at_one_message_send_the_payload_back() -> None:
    events = Contended(EventTable())
    events.others = [happening(EventType.OPENED, minutes=n) for n in range(90)]
    with pytest.raises(RetryableError):
        World(events).hit(hit())


def test_an_unsubscribe_hit_is_a_row_and_a_suppression(world: World) -> None:
    world.hit(hit(EventType.UNSUBSCRIBED))
    row = world.row("unsubscribed")
    assert row is not None
    assert row.data["method"] == "GET"
    assert world.reasons() == {Reason.UNSUBSCRIBE}


def test_hits_belong_to_whoever_sent_the_message(world: World) -> None:
    assert world.hit(hit(number=9)) == {"refused": 1}
    [key] = world.bucket.under("refused/2026-11-24/tracking/")
    assert json.loads(world.bucket.objects[key])["reason"] == "unknown_message"


def feedback(number: int = 1, recipient: str | None = None) -> str:
    sender = identifiers.verp("ip1", message(number), "bounce.example.com")
    lines = [
        'Content-Type: multipart/report; report-type=feedback-report; boundary="b"',
        "",
        "--b",
        "Content-Type: message/feedback-report",
        "",
        "Feedback-Type: abuse",
        "User-Agent: test/1",
        "Version: 1",
        f"Original-Mail-From: <{sender}>",
        *([f"Original-Rcpt-To: <{recipient}>"] if recipient else []),
        "",
        "--b--",
        "",
    ]
    head, _, body = "\r\n".join(lines).partition("\r\n\r\n")
    name, _, value = head.partition(":")
    hook = {"message": {"headers": [[name, f"{value}\r\n"]], "contents": body}}
    return json.dumps(
        {
            "source": "inbound",
            "source_id": SOURCE,
            "received_at": millis(START + timedelta(hours=1)),
            "body": json.dumps(hook),
        }
    )


def test_a_complaint_suppresses(world: World) -> None:
    assert dict(world.flow.run(feedback())) == {"complained": 1}
    assert world.row("complained") is not None
    assert world.reasons() == {Reason.COMPLAINT}


def test_a_complaint_must_name_the_recipient_if_it_names_one(world: World) -> None:
    address = "ann@example.com"
    own = name_contact(ORG, address)
    assert own is not None
    world.events.put_all([replace(sent(), of=replace(sent().of, recipient_id=own))])
    assert dict(world.flow.run(feedback(recipient="eve@example.com"))) == {"refused": 1}
    assert dict(world.flow.run(feedback(recipient=address))) == {"complained": 1}


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
    for text in order:
        shuffled.flow.run(text)
        if chance.random() < 0.3:
            shuffled.flow.run(chance.choice(order))
    assert plain(shuffled.table.all()) == plain(straight.table.all())
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
