"""Tracking: forged tokens lead nowhere, a person is never kept waiting, unsubscribing is kept."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from local.memory.bucket import Bucket
from local.memory.contacts import Suppressions
from local.memory.events import Events
from mailtide.domain.event import EventType
from mailtide.domain.signing import Purpose
from mailtide.domain.suppression import Evidence, Reason
from mailtide.domain.tracking import Link, Tracker
from mailtide.errors import NotFoundError, RetryableError
from mailtide.flows import envelope_reading
from mailtide.flows.envelope import Hit
from mailtide.flows.tracking import AGENT_LIMIT, Recorded, Rows, Tracking, Visit
from tests.collaborators import KEYRING, Queue
from tests.rows import CAMPAIGN, ORG, contact, message, sent

TRACKER = Tracker(KEYRING, "https://t.example")
AT = datetime(2026, 11, 24, 11, 0, 0, 123_456, tzinfo=UTC)
VISIT = Visit(AT, "GET", "Mozilla/5.0", "192.0.2.7", "request-1")
LINK = Link(CAMPAIGN, 3, "https://shop.example/?q=1")
OTHER_CAMPAIGN = "c000000008"


class World:
    """The flow with everything it talks to."""

    def __init__(self) -> None:
        self.queue = Queue()
        self.events = Events()
        self.suppressions = Suppressions()
        self.flow = Tracking(TRACKER, self.queue, lambda: Rows(self.events, self.suppressions))
        self.events.put_all([sent()])

    @property
    def hits(self) -> list[Hit]:
        return [
            hit for body in self.queue.sent for hit in envelope_reading.read(body, Bucket()).hits
        ]


@pytest.fixture
def world() -> World:
    return World()


def token(purpose: Purpose, message_id: str = message()) -> str:
    return TRACKER.recipient(purpose, message_id)


def test_an_open_is_queued_with_all_that_a_verdict_needs(world: World) -> None:
    assert world.flow.open(token(Purpose.OPEN), VISIT) is Recorded.QUEUED
    [hit] = world.hits
    assert (hit.type, hit.message_id, hit.method) == (EventType.OPENED, message(), "GET")
    assert (hit.user_agent, hit.address) == ("Mozilla/5.0", "192.0.2.7")
    assert hit.at == AT.replace(microsecond=123_000)


def test_a_repeat_of_a_request_has_its_key_and_another_request_another(world: World) -> None:
    for visit in (VISIT, VISIT, replace(VISIT, request_id="request-2")):
        world.flow.open(token(Purpose.OPEN), visit)
    first, again, other = (hit.key for hit in world.hits)
    assert first == again != other
    assert first.startswith("opened#1795518000123#")


def test_a_head_request_is_recorded_as_one(world: World) -> None:
    world.flow.click(token(Purpose.CLICK), TRACKER.link(LINK), replace(VISIT, method="HEAD"))
    assert [hit.method for hit in world.hits] == ["HEAD"]


def test_a_long_user_agent_is_cut(world: World) -> None:
    world.flow.open(token(Purpose.OPEN), replace(VISIT, user_agent="x" * 5000))
    assert [len(hit.user_agent) for hit in world.hits] == [AGENT_LIMIT]


@pytest.mark.parametrize("bad", ["", "x", token(Purpose.CLICK), token(Purpose.OPEN)[:-1] + "A"])
def test_a_forged_open_is_not_recorded(world: World, bad: str) -> None:
    assert world.flow.open(bad, VISIT) is Recorded.FORGED
    assert world.hits == []


def test_an_open_that_the_queue_does_not_take_is_lost(world: World) -> None:
    world.queue.down = True
    assert world.flow.open(token(Purpose.OPEN), VISIT) is Recorded.LOST


def test_a_click_leads_where_the_link_was_signed_to(world: World) -> None:
    url, recorded = world.flow.click(token(Purpose.CLICK), TRACKER.link(LINK), VISIT)
    assert (url, recorded) == (LINK.url, Recorded.QUEUED)
    [hit] = world.hits
    assert (hit.type, hit.link_index, hit.url) == (EventType.CLICKED, 3, LINK.url)


def test_a_reader_is_redirected_also_when_the_queue_is_down(world: World) -> None:
    world.queue.down = True
    url, recorded = world.flow.click(token(Purpose.CLICK), TRACKER.link(LINK), VISIT)
    assert (url, recorded) == (LINK.url, Recorded.LOST)


@pytest.mark.parametrize(
    ("recipient", "link"),
    [
        (token(Purpose.OPEN), TRACKER.link(LINK)),
        (token(Purpose.UNSUBSCRIBE), TRACKER.link(LINK)),
        (token(Purpose.CLICK), TRACKER.link(LINK)[:-2]),
        (token(Purpose.CLICK), token(Purpose.CLICK)),
        (token(Purpose.CLICK), ""),
        (token(Purpose.CLICK), TRACKER.link(replace(LINK, campaign_id=OTHER_CAMPAIGN))),
        (token(Purpose.CLICK), TRACKER.link(LINK, message(2))),  # made for somebody else
    ],
)
def test_a_click_that_is_not_ours_leads_nowhere(world: World, recipient: str, link: str) -> None:
    with pytest.raises(NotFoundError) as caught:
        world.flow.click(recipient, link, VISIT)
    assert (caught.value.code, world.hits) == ("token_invalid", [])


def test_looking_at_the_unsubscribe_page_changes_nothing(world: World) -> None:
    assert world.flow.recognise(token(Purpose.UNSUBSCRIBE)) == message()
    assert (world.suppressions.rows, world.hits) == ({}, [])


def test_unsubscribing_suppresses_then_reports(world: World) -> None:
    world.flow.unsubscribe(token(Purpose.UNSUBSCRIBE), VISIT)
    kept = world.suppressions.rows[ORG, contact()]
    at = AT.replace(microsecond=123_000)
    assert kept.reasons == {Reason.UNSUBSCRIBE: Evidence(at, f"message {message()}")}
    assert [(hit.type, hit.key) for hit in world.hits] == [(EventType.UNSUBSCRIBED, "unsubscribed")]


def test_unsubscribing_again_keeps_the_first_time(world: World) -> None:
    world.flow.unsubscribe(token(Purpose.UNSUBSCRIBE), VISIT)
    before = dict(world.suppressions.rows)
    later = replace(VISIT, at=AT + timedelta(days=1), request_id="request-2")
    world.flow.unsubscribe(token(Purpose.UNSUBSCRIBE), later)
    assert world.suppressions.rows == before


def test_the_suppression_stands_also_when_the_event_cannot_be_queued(world: World) -> None:
    world.queue.down = True
    with pytest.raises(RetryableError):
        world.flow.unsubscribe(token(Purpose.UNSUBSCRIBE), VISIT)
    assert (ORG, contact()) in world.suppressions.rows


def test_the_suppression_holds_no_address(world: World) -> None:
    world.flow.unsubscribe(token(Purpose.UNSUBSCRIBE), VISIT)
    assert world.suppressions.rows[ORG, contact()].email is None


@pytest.mark.parametrize("bad", ["", token(Purpose.OPEN), token(Purpose.CLICK)])
def test_a_forged_unsubscribe_changes_nothing(world: World, bad: str) -> None:
    with pytest.raises(NotFoundError) as caught:
        world.flow.unsubscribe(bad, VISIT)
    assert (caught.value.code, world.suppressions.rows) == ("token_invalid", {})


def test_the_unsubscribe_of_a_message_that_is_gone_is_unknown(world: World) -> None:
    with pytest.raises(NotFoundError):
        world.flow.unsubscribe(token(Purpose.UNSUBSCRIBE, message(2)), VISIT)
